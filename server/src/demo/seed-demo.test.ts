import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { after, before, suite, test } from 'node:test'
import { createTestDatabase, startTestServer, type TestServer } from '../../test/harness.ts'
import { users } from '../modules/auth/index.ts'
import { projectRoot } from '../project-root.ts'
import { systemClock } from '../platform/clock.ts'
import { createLog } from '../platform/logger.ts'
import { DEMO_BUSINESSES, seedDemo } from './index.ts'
import { createRandom } from './random.ts'
import { drawBusinesses } from './people.ts'

const log = createLog({ level: 'silent' })
const seedInto = ({ settings, db, app }: Pick<TestServer, 'settings' | 'db' | 'app'>) =>
  seedDemo({ settings, db, app, clock: systemClock, log })

suite('a seeded installation', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let server: TestServer
  let logins: NonNullable<Awaited<ReturnType<typeof seedDemo>>>

  before(async () => {
    database = await createTestDatabase()
    const first = await startTestServer({ databaseUrl: database.url })
    const seeded = await seedInto(first)
    await first.close()
    assert.ok(seeded)
    logins = seeded
    // Whatever a running server derives at start, it derives from the seeded rows.
    server = await startTestServer({ databaseUrl: database.url })
  })
  after(async () => {
    await server.close()
    await database.drop()
  })

  const rows = async (query: string) => (await server.pool.query(query)).rows

  test('has as many businesses as it says, some hidden and some under an alias', async () => {
    assert.deepEqual(await rows('SELECT board_visibility, count(*) FROM businesses GROUP BY 1 ORDER BY 1'), [
      { board_visibility: 'alias', count: 7 },
      { board_visibility: 'hidden', count: 5 },
      { board_visibility: 'shown', count: DEMO_BUSINESSES - 12 },
    ])
    assert.deepEqual(
      await rows('SELECT count(*) FROM credentials'),
      [{ count: 3 }],
      'the first admin and two of the demo',
    )
  })

  test('holds every invariant of the ledger', async () => {
    assert.deepEqual(
      await rows(`SELECT s.business_id FROM business_standings AS s
        LEFT JOIN ledger_entries AS l ON l.business_id = s.business_id
        GROUP BY s.business_id
        HAVING s.total_points <> coalesce(sum(l.points), 0) OR s.level_id IS DISTINCT FROM level_for_points(s.total_points)
          OR s.highest_points <> coalesce(max(l.total_after), 0)`),
      [],
    )
    assert.deepEqual(
      await rows(`SELECT s.business_id FROM business_standings AS s CROSS JOIN achievements AS a
        LEFT JOIN user_achievements AS u ON u.business_id = s.business_id AND u.achievement_id = a.id
        WHERE (a.required_points <= s.highest_points) <> (u.business_id IS NOT NULL)`),
      [],
    )
    assert.deepEqual(
      await rows(`SELECT e.id FROM events AS e LEFT JOIN ledger_entries AS l ON l.event_id = e.id
        WHERE e.points_awarded <> coalesce(l.points, 0) OR e.source NOT IN ('server', 'admin')`),
      [],
    )
  })

  test('dates what came of an event by the event, in the order of the ledger', async () => {
    assert.deepEqual(
      await rows(`SELECT l.id FROM (
          SELECT x.*, lag(x.created_at) OVER (PARTITION BY x.business_id ORDER BY x.sequence) AS earlier
          FROM ledger_entries AS x) AS l
        JOIN businesses AS b ON b.id = l.business_id
        WHERE l.created_at < l.earlier OR l.created_at <> l.occurred_at OR l.created_at < b.created_at`),
      [],
    )
    assert.deepEqual(
      await rows(`SELECT u.business_id FROM user_achievements AS u JOIN achievements AS a ON a.id = u.achievement_id
        WHERE NOT EXISTS (SELECT FROM ledger_entries AS l WHERE l.business_id = u.business_id
          AND l.created_at = u.unlocked_at AND l.total_after >= a.required_points
          AND l.total_after - l.points < a.required_points)`),
      [],
    )
    assert.deepEqual(
      await rows(`SELECT s.business_id FROM business_standings AS s JOIN ledger_entries AS l
          ON l.business_id = s.business_id AND l.sequence = s.sequence
        WHERE s.reached_at <> l.created_at`),
      [],
    )
    const [latest] = await rows('SELECT max(created_at) < now() AS past FROM ledger_entries')
    assert.equal(latest?.past, true)
  })

  test('has ties at the top and businesses that have not begun', async () => {
    const token = await server.login(logins.owner.email, logins.owner.password)
    const board = await server.api('GET', '/gamification/leaderboard?limit=5', { token })
    assert.deepEqual(
      board.json.map((entry: { rank: number }) => entry.rank),
      [1, 2, 2, 4, 5, 13],
    )
    const [idle] = await rows('SELECT count(*) FROM business_standings WHERE total_points = 0')
    assert.ok(idle?.count > 5)
  })

  test('gives the demo owner a ledger, conversations, notes, and one step to the next level', async () => {
    const token = await server.login(logins.owner.email, logins.owner.password)
    const { json: profile } = await server.api('GET', '/business/profile', { token })
    assert.equal(profile.total_points, 990)
    assert.equal(profile.level_name, 'Young tree')
    const { json: ledger } = await server.api('GET', '/gamification/points?limit=200', { token })
    assert.ok(new Set(ledger.map((entry: { type: string }) => entry.type)).size >= 7)

    const { json: sessions } = await server.api('GET', '/chat/sessions', { token })
    assert.equal(sessions.length, 5)
    assert.ok(sessions.at(-1).created_at > profile.created_at, 'nobody talks before they have signed up')
    const { json: newest } = await server.api('GET', `/chat/sessions/${sessions[0].id}`, { token })
    assert.match(newest[1].content, /Kopi Senja has 990 points/)
    assert.equal(newest[1].tool_calls[0].ok, true)
    const stored = await server.api('GET', `/chat/runs/${newest[1].run_id}/events`, { token })
    assert.match(stored.text, /"type":"done"/)
    assert.deepEqual(await rows('SELECT count(*) FROM business_facts'), [{ count: 2 }])

    const receipt = await server.api('POST', '/gamification/events', {
      token,
      body: { type: 'sales_recorded', idempotency_key: 'today' },
    })
    assert.deepEqual(receipt.json.levels_gained, ['Tree'])
    assert.deepEqual(receipt.json.unlocked, ['Thousand'])
  })

  test('lets its admin into the admin pages and nobody else of it', async () => {
    const token = await server.login(logins.admin.email, logins.admin.password)
    assert.equal((await server.api('GET', '/admin/users', { token })).status, 200)
    const owner = await server.login(logins.owner.email, logins.owner.password)
    assert.equal((await server.api('GET', '/admin/users', { token: owner })).status, 403)
  })

  test('gets nothing from a second seeding', async () => {
    const counts = 'SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM events) AS events'
    const before = await rows(counts)
    assert.equal(await seedInto(server), undefined)
    assert.deepEqual(await rows(counts), before)
  })
})

test('a seeding that dies on the way leaves nothing, and the next one makes all of it', async () => {
  const server = await startTestServer()
  try {
    const { service } = server.app.gamification
    const broken = { ...service, recordPastEvents: () => Promise.reject(new Error('cut')) }
    await assert.rejects(
      seedInto({ ...server, app: { ...server.app, gamification: { ...server.app.gamification, service: broken } } }),
      /cut/,
    )
    assert.equal(await server.db.$count(users), 1)
    assert.ok(await seedInto(server))
  } finally {
    await server.close()
  }
})

test('instances that start at once make one demo', async () => {
  const server = await startTestServer()
  try {
    const seeded = await Promise.all([seedInto(server), seedInto(server)])
    assert.equal(seeded.filter(Boolean).length, 1)
  } finally {
    await server.close()
  }
})

test('an installation in use gets no demo', async () => {
  const server = await startTestServer()
  try {
    await server.owner()
    assert.equal(await seedInto(server), undefined)
  } finally {
    await server.close()
  }
})

test('no two demo people share an e-mail address', () => {
  const emails = drawBusinesses(createRandom(3), DEMO_BUSINESSES).map((business) => business.email)
  assert.equal(new Set(emails).size, emails.length)
})

test('the first start prints how to sign in to the demo, and a second one does not', async () => {
  const database = await createTestDatabase()
  try {
    const first = await startAndStop(database.url)
    const printed = [...first.matchAll(/(\w+ \w+): (\S+@\S+), password (\S+) \(shown only now\)/g)]
    assert.deepEqual(
      printed.map(([, who]) => who),
      ['First admin', 'Demo owner', 'Demo admin'],
    )
    assert.doesNotMatch(await startAndStop(database.url), /password/)
    const server = await startTestServer({ databaseUrl: database.url })
    for (const [, , email = '', password = ''] of printed) await server.login(email, password)
    await server.close()
  } finally {
    await database.drop()
  }
})

// Runs the real process until it is ready, ends it, and answers what it said to the person.
async function startAndStop(databaseUrl: string): Promise<string> {
  const child = spawn(process.execPath, ['server/src/main.ts'], {
    cwd: projectRoot,
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      PORT: '0',
      DEMO_DATA: '1',
      SECRET_KEY: 'k'.repeat(32),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  for await (const piece of child.stderr.setEncoding('utf8')) {
    said += piece
    if (said.includes('is ready at')) child.kill('SIGTERM')
  }
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0, said)
  return said
}
