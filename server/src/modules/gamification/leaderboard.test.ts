import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { openPool } from '../../platform/db/database.ts'
import { createLog } from '../../platform/logger.ts'
import { createAwardRepository } from './award-repository.ts'
import { fingerprint } from './fingerprint.ts'
import { createLeaderboard } from './leaderboard.ts'

/** Standing is what a brute-force ranking needs to know. */
type Standing = { business_id: string; total_points: number; reached_at: string; on_board: boolean }

let server: TestServer
before(async () => {
  server = await startTestServer()
  await server.boardWarm
})
after(() => server.close())

async function standings(): Promise<Standing[]> {
  const { rows } = await server.pool.query(
    'SELECT business_id, total_points, reached_at::text, on_board FROM business_standings WHERE on_board',
  )
  return rows.toSorted(
    (a, b) =>
      b.total_points - a.total_points ||
      (a.reached_at < b.reached_at ? -1 : a.reached_at > b.reached_at ? 1 : a.business_id < b.business_id ? -1 : 1),
  )
}

describe('the board in memory', () => {
  test('shows a new business, a new name, an alias and a hidden business at once', async () => {
    const owner = await server.owner({ name: 'Ayu', business: { business_name: 'Toko Ayu' } })
    const board = () => server.api('GET', '/gamification/leaderboard?limit=100', { token: owner.token })
    const own = async () => (await board()).json.find((entry: { is_current_user: boolean }) => entry.is_current_user)
    assert.equal((await own()).business_name, 'Toko Ayu')
    await server.api('PATCH', '/business/profile', { token: owner.token, body: { business_name: 'Toko Ayu Baru' } })
    assert.equal((await own()).business_name, 'Toko Ayu Baru')
    await server.api('PATCH', '/auth/me', { token: owner.token, body: { name: 'Ayu Lestari' } })
    assert.equal((await own()).user_name, 'Ayu Lestari')

    await server.api('PATCH', '/business/profile', { token: owner.token, body: { board_visibility: 'alias' } })
    assert.equal((await own()).business_name, 'Toko Ayu Baru')
    const stranger = await server.owner()
    const seen = await server.api('GET', '/gamification/leaderboard?limit=100', { token: stranger.token })
    const veiled = seen.json.find((entry: { business_id: string }) => entry.business_id === owner.business.id)
    assert.deepEqual([veiled.user_id, veiled.user_name], [null, null])
    assert.doesNotMatch(seen.text, /Toko Ayu|Ayu Lestari/)

    await server.api('PATCH', '/business/profile', { token: owner.token, body: { board_visibility: 'hidden' } })
    assert.equal(await own(), undefined)
  })

  test('counts a deleted achievement no more', async () => {
    const admin = await server.adminToken()
    const made = await server.api('POST', '/admin/gamification/achievements', {
      token: admin,
      body: { title: 'Here today', description: 'x', required_points: 0 },
    })
    const owner = await server.owner()
    const count = async () =>
      (await server.api('GET', '/gamification/leaderboard?limit=100', { token: owner.token })).json.find(
        (entry: { is_current_user: boolean }) => entry.is_current_user,
      ).achievements_count
    assert.equal(await count(), 1)
    await server.api('DELETE', `/admin/gamification/achievements/${made.json.id}`, { token: admin })
    assert.equal(await count(), 0)
  })

  test('agrees with a brute-force ranking after random awards on several businesses', async () => {
    const owners = await Promise.all(Array.from({ length: 8 }, () => server.owner()))
    const admin = await server.adminToken()
    let key = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(7), fc.integer({ min: -3, max: 5 })), { maxLength: 25 }),
        async (awards) => {
          await Promise.all(
            awards
              .filter(([, points]) => points !== 0)
              .map(([index, points]) =>
                server.api('POST', '/admin/gamification/adjustments', {
                  token: admin,
                  body: {
                    business_id: owners[index]?.business.id,
                    points,
                    reason: 'x',
                    idempotency_key: `random-${key++}`,
                  },
                }),
              ),
          )
          const expected = await standings()
          for (const owner of owners.slice(0, 3)) {
            const { json } = await server.api('GET', '/gamification/leaderboard?limit=4', { token: owner.token })
            assert.deepEqual(
              json.slice(0, 4).map((entry: { business_id: string }) => entry.business_id),
              expected.slice(0, 4).map((standing) => standing.business_id),
            )
            for (const entry of json) {
              const standing = expected.find((other) => other.business_id === entry.business_id)
              assert.equal(entry.total_points, standing?.total_points)
              assert.equal(entry.rank, 1 + expected.filter((other) => other.total_points > entry.total_points).length)
            }
            assert.ok(json.some((entry: { is_current_user: boolean }) => entry.is_current_user))
          }
        },
      ),
      { numRuns: 12 },
    )
  })

  test('drops old notes of changes when a server starts, and keeps those of the last day', async () => {
    await server.owner()
    await server.pool.query("UPDATE board_changes SET created_at = now() - interval '25 hours'")
    await server.owner()
    const other = await startTestServer({ databaseUrl: server.databaseUrl })
    await other.boardWarm
    await other.close()
    const { rows } = await server.pool.query(
      "SELECT count(*) AS notes, count(*) FILTER (WHERE created_at < now() - interval '1 day') AS old FROM board_changes",
    )
    assert.ok(rows[0].notes > 0)
    assert.equal(rows[0].old, 0)
  })

  test('follows awards, names and definitions of another instance', async () => {
    const other = await startTestServer({ databaseUrl: server.databaseUrl })
    try {
      await other.boardWarm
      const owner = await server.owner()
      const seenAt = async (at: TestServer, holds: (entry: Record<string, unknown>) => boolean) => {
        // Bounded by the safety poll of a second, and by what one call takes.
        for (const until = Date.now() + 5_000; Date.now() < until;) {
          const { json } = await at.api('GET', '/gamification/leaderboard?limit=1', { token: owner.token })
          const own = json.find((entry: { is_current_user: boolean }) => entry.is_current_user)
          if (own && holds(own)) return own
        }
        return assert.fail('the other instance did not follow within 5 s')
      }
      await server.api('POST', '/gamification/events', {
        token: owner.token,
        body: { type: 'sales_recorded', idempotency_key: 'here' },
      })
      await seenAt(other, (own) => own.total_points === 10 && own.achievements_count === 1)
      await other.api('POST', '/gamification/events', {
        token: owner.token,
        body: { type: 'sales_recorded', idempotency_key: 'there' },
      })
      await seenAt(server, (own) => own.total_points === 20)
      await other.api('PATCH', '/business/profile', { token: owner.token, body: { business_name: 'Renamed there' } })
      await seenAt(server, (own) => own.business_name === 'Renamed there')
      const admin = await server.adminToken()
      await server.api('POST', '/admin/business/levels', {
        token: admin,
        body: { name: 'Twenty', required_points: 20 },
      })
      await seenAt(other, (own) => own.level_name === 'Twenty')
    } finally {
      await other.close()
    }
  })
})

test('a repeated event and the board agree, though its award was made where nobody told of it', async () => {
  const owner = await server.owner()
  const key = 'an answer that was lost'
  const admin = await server.adminToken()
  const type = `lost_${Date.now()}`
  const rule = await server.api('POST', '/admin/gamification/rules', { token: admin, body: { type, points: 7 } })
  assert.equal(rule.status, 201, rule.text)
  const store = openPool({ connectionString: server.databaseUrl }, () => {})
  try {
    await createAwardRepository(store).award([
      {
        caller: owner.user.id,
        businessId: null,
        source: 'owner',
        namespace: 'owner',
        idempotencyKey: key,
        fingerprint: fingerprint({ type, occurred_at: null, metadata: null }),
        actorId: owner.user.id,
        type,
        metadata: null,
        occurredAt: new Date(),
      },
    ])
    const body = { type, idempotency_key: key }
    const again = await server.api('POST', '/gamification/events', { token: owner.token, body })
    assert.deepEqual([again.status, again.json.total_points], [200, 7], again.text)
    const { json } = await server.api('GET', '/gamification/leaderboard?limit=100', { token: owner.token })
    const own = json.find((entry: { is_current_user: boolean }) => entry.is_current_user)
    assert.deepEqual([own.total_points, own.rank], [7, again.json.rank])
  } finally {
    await store.pool.end()
  }
})

test('a failure to take over awards is told to nobody who would award them again', async () => {
  const store = openPool({ connectionString: server.databaseUrl }, () => {})
  const lines: string[] = []
  const leaderboard = createLeaderboard({
    store,
    log: createLog({ level: 'error' }, { write: (line) => void lines.push(line) }),
    feeds: {
      changed() {
        throw new Error('of this test')
      },
      lookAgain() {},
    },
  })
  const { business } = await server.owner()
  const receipt = {
    event_id: business.id,
    business_id: business.id,
    type: 'adjustment',
    points_awarded: 1,
    total_points: 1,
    level: null,
    levels_gained: [],
    unlocked: [],
  }
  await leaderboard.awarded([{ outcome: 'awarded', receipt, change: { sequence: 1, reachedAtUs: 1 } }])
  assert.match(lines.join(''), /of this test/)
  await store.pool.end()
})

test('a board that cannot be read yet is closed at once', async () => {
  const away = new URL(server.databaseUrl)
  away.pathname += '_away'
  const store = openPool({ connectionString: away.href }, () => {})
  const failed = Promise.withResolvers<void>()
  const leaderboard = createLeaderboard({
    store,
    log: createLog({ level: 'warn' }, { write: () => failed.resolve() }),
    feeds: { changed() {}, lookAgain() {} },
  })
  leaderboard.start()
  await failed.promise
  await leaderboard.close()
  await store.pool.end()
})
