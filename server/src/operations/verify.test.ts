import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Game, startGame } from '../../test/game.ts'
import { startTestServer } from '../../test/harness.ts'
import { rebuild } from './rebuild.ts'
import { verify } from './verify.ts'

const quiet = () => ({ advance() {}, done() {} })

let game: Game
before(async () => {
  game = await startGame({ seeded: true })
})
after(() => game.close())

const connection = () => ({ connectionString: game.databaseUrl })
const look = (options: { patienceMs?: number; chunk?: number } = {}) =>
  verify({ connection: connection(), progress: quiet, ...options })
const repair = () => rebuild({ connection: connection(), progress: quiet })

/** A business with points from rules and adjustments, up and down, some levels and some unlocks. */
async function withHistory() {
  const owner = await game.owner()
  for (const type of ['sales_recorded', 'lesson_completed', 'stock_counted']) await game.post(owner, type)
  await game.adjust(owner.business.id, 700)
  await game.adjust(owner.business.id, -500)
  return owner.business.id as string
}

async function kindsFound(): Promise<string[]> {
  const { lines } = await look()
  return lines.map((line) => line.split(': ')[1] ?? '').toSorted()
}

test('a healthy history has no differences, whatever was awarded, adjusted, moved, hidden, erased or redefined', async () => {
  await withHistory()
  const hidden = await game.owner()
  await game.adjust(hidden.business.id, 40)
  const moved = { board_visibility: 'hidden', time_zone: 'Asia/Jayapura' }
  await game.api('PATCH', '/business/profile', { token: hidden.token, body: moved })
  const [{ time_zone: zone } = {}] = await game.rows(
    'SELECT time_zone FROM business_standings WHERE business_id = $1',
    [hidden.business.id],
  )
  assert.equal(zone, 'Asia/Jayapura')
  const erased = await game.owner()
  await game.adjust(erased.business.id, 120)
  await game.api('DELETE', '/auth/me', { token: erased.token, body: { password: 'a-long-enough-password' } })
  const late = await game.achievement(60)
  await game.api('PUT', `/admin/gamification/achievements/${late.id}`, {
    token: game.admin,
    body: { required_points: 900_000 },
  })
  await game.level(150)
  const { count, lines, businesses } = await look()
  assert.deepEqual({ count, lines }, { count: 0, lines: [] })
  assert.ok(businesses >= 3)
})

test('random awards leave nothing to find, in chunks of any size', async () => {
  const owners = await Promise.all([game.owner(), game.owner(), game.owner()])
  const step = fc.record({
    who: fc.nat(2),
    points: fc.oneof(fc.integer({ min: -300, max: 900 }), fc.constant(null)),
    type: fc.constantFrom('sales_recorded', 'lesson_completed', 'daily_check_in'),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, chunk) => {
        await Promise.all(
          steps.map(({ who, points, type }) => {
            const owner = owners[who] ?? assert.fail()
            return points ? game.adjust(owner.business.id, points) : game.post(owner, type)
          }),
        )
        assert.deepEqual((await look({ chunk })).lines, [])
      },
    ),
    { numRuns: 15 },
  )
})

const damages: { name: string; sql: string; finds: string[] }[] = [
  {
    name: 'a total that is not the sum',
    sql: 'UPDATE business_standings SET total_points = total_points + 1 WHERE business_id = $1',
    finds: ['total_points'],
  },
  {
    name: 'a highest total that was never reached',
    sql: 'UPDATE business_standings SET highest_points = highest_points - 5 WHERE business_id = $1',
    finds: ['highest_points'],
  },
  {
    name: 'a level that the total does not make',
    sql: 'UPDATE business_standings SET level_id = NULL WHERE business_id = $1',
    finds: ['level'],
  },
  {
    name: 'a business that is off the board by mistake',
    sql: 'UPDATE business_standings SET on_board = false WHERE business_id = $1',
    finds: ['on_board', 'rank'],
  },
  {
    name: 'a standing of another owner',
    sql: `UPDATE business_standings SET owner_id = '01900000-0000-7000-8000-000000000999' WHERE business_id = $1`,
    finds: ['owner'],
  },
  {
    name: 'a standing in another time zone',
    sql: `UPDATE business_standings SET time_zone = 'Pacific/Kiritimati' WHERE business_id = $1`,
    finds: ['time_zone'],
  },
  {
    name: 'a sequence that has been used',
    sql: 'UPDATE business_standings SET sequence = 1 WHERE business_id = $1',
    finds: ['sequence'],
  },
  {
    name: 'a tie that is listed by another time than the total was reached',
    sql: `UPDATE business_standings SET reached_at = reached_at - interval '1 day' WHERE business_id = $1`,
    finds: ['reached_at'],
  },
  {
    name: 'an entry whose running sum is wrong',
    sql: 'UPDATE ledger_entries SET total_after = total_after + 3 WHERE business_id = $1 AND sequence IN (2, 3)',
    finds: ['total_after'],
  },
  {
    name: 'an unlock that is missing',
    sql: `DELETE FROM user_achievements WHERE business_id = $1 AND achievement_id = (
      SELECT id FROM achievements WHERE required_points = 250)`,
    finds: ['unlock_missing'],
  },
  {
    name: 'an unlock that was never earned',
    sql: `INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at)
      SELECT $1::uuid, a.id, b.user_id, now() FROM achievements AS a, businesses AS b
      WHERE a.required_points = 5000 AND b.id = $1`,
    finds: ['unlock_unearned'],
  },
  {
    name: 'an unlock of an achievement that does not exist',
    sql: `INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at)
      SELECT id, '01900000-0000-7000-8000-000000000999', user_id, now() FROM businesses WHERE id = $1`,
    finds: ['unlock_unearned'],
  },
  {
    name: 'a standing that is gone',
    sql: 'DELETE FROM business_standings WHERE business_id = $1',
    finds: ['rank', 'standing'],
  },
]

for (const { name, sql, finds } of damages) {
  test(`verify finds ${name}, and rebuild puts it right`, async () => {
    await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
    const id = await withHistory()
    const sound = await game.standing(id)
    await game.pool.query(sql, [id])
    // An unlock that goes missing may have company: only the kinds are compared.
    assert.deepEqual([...new Set(await kindsFound())], finds)

    const done = await repair()
    assert.equal(done.repaired, 1)
    assert.deepEqual(done.left, { count: 0, lines: [] })
    assert.ok(done.changes.lines.every((line) => line.includes(id)))
    assert.deepEqual(await look(), { businesses: 1, count: 0, lines: [], isReevaluationDue: false })
    const { sequence: _, reached_at: __, ...restored } = await game.standing(id)
    const { sequence: ___, reached_at: ____, ...original } = sound
    assert.deepEqual(restored, original)
    assert.equal((await repair()).repaired, 0)
  })
}

test('ranks that moved for others because of one wrong total are listed too', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const first = await withHistory()
  const second = (await game.owner()).business.id
  await game.pool.query('UPDATE business_standings SET total_points = 100000 WHERE business_id = $1', [second])
  const { lines } = await look()
  assert.ok(lines.includes(`business ${first}: rank: is 2, the ledger makes 1`), lines.join('\n'))
  assert.ok(lines.includes(`business ${second}: rank: is 1, the ledger makes 2`), lines.join('\n'))
  await repair()
  assert.equal((await look()).count, 0)
})

test('a hundred lines are shown and the rest is counted', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const userId = (await game.owner({ business: false })).user.id
  await game.pool.query(
    `INSERT INTO businesses (id, user_id, business_name, business_category, business_stage, time_zone, currency)
    SELECT gen_random_uuid(), $1, 'Warung', 'Food', 'Idea', 'UTC', 'IDR' FROM generate_series(1, 150)`,
    [userId],
  )
  const { count, lines } = await look({ chunk: 40 })
  assert.equal(count, 300, 'a standing and a rank each')
  assert.equal(lines.length, 101)
  assert.equal(lines.at(-1), '… and 200 more')
  assert.equal((await repair()).repaired, 150)
  assert.equal((await look()).count, 0)
})

test('an event that earned what the ledger does not hold is told and left to a person, unlocks included', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const id = await withHistory()
  const entries = await game.counted('ledger_entries')
  await game.pool.query('DELETE FROM ledger_entries WHERE business_id = $1 AND points = 700', [id])
  const unlocks = await game.unlocked(id)
  assert.ok((await kindsFound()).includes('event'))
  const { left } = await repair()
  assert.ok(left.lines.some((line) => line.includes('event')))
  assert.deepEqual(await game.unlocked(id), unlocks)
  assert.equal(await game.counted('ledger_entries'), entries - 1)
})

test('events, entries and unlocks of a business that does not exist are told and left', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const id = await withHistory()
  const nobody = '01930000-0000-7000-8000-000000000bad'
  await game.pool.query('UPDATE events SET business_id = $2 WHERE business_id = $1 AND points_awarded > 100', [
    id,
    nobody,
  ])
  await game.pool.query(
    `UPDATE user_achievements SET business_id = $2
    WHERE business_id = $1 AND achievement_id = (SELECT id FROM achievements WHERE required_points = 250)`,
    [id, nobody],
  )
  const { lines } = await look()
  const stray = `business ${nobody}: business: there is none (events: 1, entries: 0, unlocks: 1)`
  assert.ok(lines.includes(stray), lines.join('\n'))
  assert.ok((await repair()).left.lines.includes(stray))

  await game.pool.query('UPDATE ledger_entries SET business_id = $2 WHERE business_id = $1', [id, nobody])
  const { lines: after } = await look()
  assert.ok(
    after.includes(`business ${nobody}: business: there is none (events: 1, entries: 5, unlocks: 1)`),
    after.join('\n'),
  )
})

test('a standing that is gone is made of its business, also where the ledger cannot be right', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const { business, token, user } = await game.owner()
  await game.adjust(business.id, 30)
  await game.api('PATCH', '/business/profile', { token, body: { board_visibility: 'hidden' } })
  await game.pool.query('UPDATE ledger_entries SET points = -30')
  await game.pool.query('DELETE FROM business_standings')
  assert.ok((await repair()).left.lines.some((line) => line.includes('below_zero')))
  const made = await game.rows('SELECT owner_id, on_board, time_zone FROM business_standings')
  assert.deepEqual(made, [{ owner_id: user.id, on_board: false, time_zone: business.time_zone }])
})

test('what rebuild unlocks is announced, once', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const owner = await game.owner()
  await game.adjust(owner.business.id, 30)
  await game.pool.query('DELETE FROM user_achievements WHERE business_id = $1', [owner.business.id])
  const before = (await game.announced(owner.business.id, 'achievement')).length
  await repair()
  const announced = await game.announced(owner.business.id, 'achievement')
  assert.ok(announced.length > before)
  await repair()
  assert.deepEqual(await game.announced(owner.business.id, 'achievement'), announced)
})

test('a rebuilt standing shows on the board of a running server', { timeout: 30_000 }, async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const owner = await game.owner()
  await game.adjust(owner.business.id, 30)
  await game.pool.query('UPDATE business_standings SET total_points = 7')
  const running = await startTestServer({ databaseUrl: game.databaseUrl })
  try {
    await running.boardWarm
    const shown = async () => {
      const board = await running.api('GET', '/gamification/leaderboard', { token: owner.token })
      return board.json[0].total_points
    }
    assert.equal(await shown(), 7)
    await repair()
    while ((await shown()) !== 30);
  } finally {
    await running.close()
  }
})

test('an edit that nobody has been judged by yet is said', async () => {
  await game.pool.query('UPDATE definition_changes SET revision = evaluated_revision + 1')
  assert.equal((await look({ patienceMs: 0 })).isReevaluationDue, true)
  await game.pool.query('UPDATE definition_changes SET evaluated_revision = revision')
  assert.equal((await look({ patienceMs: 0 })).isReevaluationDue, false)
})

test('verify finds nothing and rebuild changes nothing while awards and edits go on', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const owners = await Promise.all(Array.from({ length: 6 }, () => game.owner()))
  const over = new AbortController()
  const busy = owners.map(async (owner, index) => {
    for (let round = 0; !over.signal.aborted; round++)
      await game.adjust(owner.business.id, (round % 3 === 2 ? -40 : 30) + index)
  })
  const edits = (async () => {
    for (let round = 0; !over.signal.aborted; round++) await game.achievement(20 + round)
  })()
  for (let round = 0; round < 12; round++) {
    assert.deepEqual((await look({ chunk: 2 })).lines, [])
    const { changes, left } = await repair()
    // Between an edit and its end, rebuilding may be the first to judge somebody.
    assert.deepEqual(
      changes.lines.filter((line) => !/unlock_missing/.test(line)),
      [],
    )
    assert.equal(left.count, 0)
  }
  over.abort()
  await Promise.all([...busy, edits])
  assert.deepEqual(await game.untruths(), [])
})

test('rebuild repairs beside awards, and not one of them is lost', async () => {
  await game.pool.query('TRUNCATE businesses, events, ledger_entries, user_achievements CASCADE')
  const owners = await Promise.all(Array.from({ length: 6 }, () => game.owner()))
  const over = new AbortController()
  let awarded = 0
  const busy = owners.map(async (owner) => {
    for (; !over.signal.aborted; awarded++) await game.adjust(owner.business.id, 10)
  })
  for (let round = 0; round < 8; round++) {
    await game.pool.query('UPDATE business_standings SET total_points = total_points + 5, level_id = NULL')
    await repair()
  }
  over.abort()
  await Promise.all(busy)
  await repair()
  assert.deepEqual(await look(), { businesses: 6, count: 0, lines: [], isReevaluationDue: false })
  const [row] = await game.rows('SELECT sum(total_points)::bigint AS total FROM business_standings')
  assert.equal(row?.['total'], awarded * 10)
})
