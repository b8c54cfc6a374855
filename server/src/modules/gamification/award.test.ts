import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const ascending = (values: number[]) => values.toSorted((a, b) => a - b)
const HOUR_MS = 3_600_000

describe('awards', () => {
  let game: Game
  before(async () => {
    game = await startGame()
    await game.level(0, 'Seed')
    await game.level(100, 'Sprout')
    await game.level(200, 'Sapling')
    await game.level(300, 'Tree')
    await game.achievement(100, 'Hundred')
    await game.rule('sale', 10)
    await game.rule('big', 1000)
    await game.rule('nothing', 0)
  })
  after(async () => {
    assert.deepEqual(await game.untruths(), [])
    await game.close()
  })

  test('50 parallel events that cross one threshold unlock once and announce once, each receipt with its own total', async () => {
    const owner = await game.owner()
    const answers = await Promise.all(times(50, () => game.post(owner, 'sale')))
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [201])
    assert.deepEqual(
      ascending(answers.map((answer) => answer.json.total_points)),
      times(50, (index) => (index + 1) * 10),
    )
    const receipts = answers.map((answer) => answer.json)
    assert.deepEqual(
      receipts.filter((receipt) => receipt.unlocked.length > 0).map((r) => [r.total_points, r.unlocked]),
      [[100, ['Hundred']]],
    )
    assert.deepEqual(receipts.flatMap((receipt) => receipt.levels_gained).toSorted(), ['Sapling', 'Sprout', 'Tree'])
    assert.deepEqual(await game.announced(owner.business.id, 'achievement'), ['Hundred'])
    assert.deepEqual(await game.announced(owner.business.id, 'level_up'), ['Sprout', 'Sapling', 'Tree'])
    assert.deepEqual(await game.unlocked(owner.business.id), ['Hundred'])
  })

  test('400 parallel awards to 5 businesses add up to exactly what they gave', async () => {
    const owners = await Promise.all(times(5, () => game.owner()))
    const answers = await Promise.all(
      times(400, (index) => game.post(owners[index % 5] ?? assert.fail(), 'sale', { metadata: { index } })),
    )
    assert.ok(answers.every((answer) => answer.status === 201 && answer.json.points_awarded === 10))
    for (const owner of owners) assert.equal((await game.standing(owner.business.id))['total_points'], 800)
  })

  test('20 parallel posts of one key award once and all get the same receipt', async () => {
    const owner = await game.owner()
    const body = { idempotency_key: 'the same', metadata: { amount: 5 } }
    const answers = await Promise.all(times(20, () => game.post(owner, 'sale', body)))
    assert.deepEqual(ascending(answers.map((answer) => answer.status)), [...times(19, () => 200), 201])
    const receipts = answers.map(({ json }) => ({ ...json, replayed: null }))
    for (const receipt of receipts) assert.deepEqual(receipt, receipts[0])
    assert.deepEqual(
      answers.map((answer) => answer.json.replayed),
      answers.map((answer) => answer.status === 200),
    )
    assert.equal((await game.standing(owner.business.id))['total_points'], 10)
    assert.deepEqual(await game.announced(owner.business.id, 'points'), ['10'])
  })

  test('1,000 events that are each sent twice leave 1,000 ledger rows', async () => {
    const owners = await Promise.all(times(4, () => game.owner()))
    const ids = owners.map((owner) => owner.business.id)
    const answers = await Promise.all(
      times(2_000, (index) =>
        game.post(owners[index % 4] ?? assert.fail(), 'sale', { idempotency_key: `twice ${index % 1_000}` }),
      ),
    )
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1_000)
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1_000)
    assert.equal(await game.counted('ledger_entries', 'business_id = ANY ($1)', [ids]), 1_000)
    assert.equal(await game.counted('events', 'business_id = ANY ($1)', [ids]), 1_000)
  })

  test('a replay is answered after its rule was changed, closed and deleted', async () => {
    const owner = await game.owner()
    const rule = await game.rule('short_lived', 7)
    const path = `/admin/gamification/rules/${rule.id}`
    const body = { idempotency_key: 'k' }
    const first = await game.post(owner, 'short_lived', body)
    await game.api('PUT', path, { token: game.admin, body: { points: 9, active: false } })
    assert.equal((await game.post(owner, 'short_lived', body)).json.points_awarded, 7)
    assert.equal((await game.post(owner, 'short_lived')).status, 422)
    await game.api('DELETE', path, { token: game.admin })
    const replay = await game.post(owner, 'short_lived', body)
    assert.equal(replay.status, 200)
    assert.deepEqual(replay.json, { ...first.json, replayed: true })
    assert.equal((await game.post(owner, 'short_lived')).status, 422)
  })

  test('a key with another body is 409 and changes nothing', async () => {
    const owner = await game.owner()
    const at = new Date().toISOString()
    const body = { idempotency_key: 'k', occurred_at: at, metadata: { a: 1, b: { c: [1, 2] } } }
    assert.equal((await game.post(owner, 'sale', body)).status, 201)
    const before = await game.footprint()
    for (const other of [
      { ...body, metadata: { a: 2, b: { c: [1, 2] } } },
      { ...body, metadata: { a: 1, b: { c: [2, 1] } } },
      { ...body, metadata: undefined },
      { ...body, occurred_at: undefined },
      { ...body, occurred_at: new Date(Date.parse(at) - 1).toISOString() },
    ]) {
      const answer = await game.post(owner, 'sale', other)
      assert.equal(answer.status, 409)
      assert.equal(answer.json.code, 'idempotency_key_reused')
    }
    assert.equal((await game.post(owner, 'big', body)).status, 409)
    assert.equal((await game.post(owner, 'no such type', body)).status, 409)
    // The same thing said in another way is the same body.
    const same = { ...body, occurred_at: at.replace('Z', '+00:00'), metadata: { b: { c: [1, 2] }, a: 1 } }
    assert.equal((await game.post(owner, 'sale', same)).status, 200)
    assert.deepEqual(await game.footprint(), before)
  })

  test('the same key of another business, or of the admins, is another key', async () => {
    const [one, two] = [await game.owner(), await game.owner()]
    const key = { idempotency_key: 'shared' }
    assert.equal((await game.post(one, 'sale', key)).status, 201)
    assert.equal((await game.post(two, 'sale', key)).status, 201)
    assert.equal((await game.adjust(one.business.id, 5, key)).status, 201)
    assert.equal((await game.standing(one.business.id))['total_points'], 15)
  })

  test('a type that is unknown or inactive is 422, one that is closed to owners 403, and nothing is written', async () => {
    const owner = await game.owner()
    await game.rule('inactive', 5, { active: false })
    await game.rule('integrators_only', 5, { sources: ['api_key'] })
    await game.rule('nobody', 5, { sources: [] })
    const before = await game.footprint()
    for (const type of ['unheard_of', 'inactive', 'adjustment', 'SALE']) {
      const answer = await game.post(owner, type)
      assert.equal(answer.status, 422, type)
      assert.equal(answer.json.code, 'unknown_type')
    }
    for (const type of ['integrators_only', 'nobody']) {
      const answer = await game.post(owner, type)
      assert.equal(answer.status, 403, type)
      assert.equal(answer.json.code, 'source_closed')
    }
    assert.deepEqual(await game.footprint(), before)
  })

  test('a refused event does not use up its key', async () => {
    const owner = await game.owner()
    const key = { idempotency_key: 'early' }
    assert.equal((await game.post(owner, 'later', key)).status, 422)
    await game.rule('later', 3)
    assert.equal((await game.post(owner, 'later', key)).status, 201)
  })

  test('an event worth 0 points is stored, moves nothing and announces nothing', async () => {
    const owner = await game.owner()
    const answer = await game.post(owner, 'nothing')
    assert.equal(answer.status, 201)
    assert.deepEqual([answer.json.points_awarded, answer.json.total_points, answer.json.reason], [0, 0, undefined])
    assert.equal(await game.counted('events', 'business_id = $1', [owner.business.id]), 1)
    assert.equal(await game.counted('ledger_entries', 'business_id = $1', [owner.business.id]), 0)
    assert.deepEqual(await game.announced(owner.business.id), [])
  })

  test('several levels jumped at once are each announced once, in order', async () => {
    const owner = await game.owner()
    const { json } = await game.post(owner, 'big')
    assert.deepEqual(json.levels_gained, ['Sprout', 'Sapling', 'Tree'])
    assert.equal(json.level.name, 'Tree')
    assert.deepEqual(await game.announced(owner.business.id), [
      { kind: 'points', what: '1000' },
      { kind: 'level_up', what: 'Sprout' },
      { kind: 'level_up', what: 'Sapling' },
      { kind: 'level_up', what: 'Tree' },
      { kind: 'achievement', what: 'Hundred' },
    ])
  })

  test('a level that is lost and regained is in the receipt again and announced only once', async () => {
    const owner = await game.owner()
    const id = owner.business.id
    assert.deepEqual((await game.adjust(id, 150)).json.levels_gained, ['Sprout'])
    const taken = await game.adjust(id, -100)
    assert.deepEqual([taken.json.level.name, taken.json.levels_gained, taken.json.unlocked], ['Seed', [], []])
    assert.deepEqual(await game.unlocked(id), ['Hundred'])
    const regained = await game.adjust(id, 150)
    assert.deepEqual(regained.json.levels_gained, ['Sprout', 'Sapling'])
    assert.deepEqual(regained.json.unlocked, [])
    assert.deepEqual(await game.announced(id, 'level_up'), ['Sprout', 'Sapling'])
    assert.deepEqual(await game.announced(id, 'achievement'), ['Hundred'])
  })

  test('a daily cap gives what is left at the edge, then 0 with a reason', async () => {
    await game.rule('capped', 10, { daily_cap: 25 })
    const owner = await game.owner()
    const at = { occurred_at: new Date().toISOString() }
    const seen = []
    for (let nth = 0; nth < 4; nth++) {
      const { json } = await game.post(owner, 'capped', at)
      seen.push([json.points_awarded, json.total_points, json.reason])
    }
    assert.deepEqual(seen, [
      [10, 10, undefined],
      [10, 20, undefined],
      [5, 25, 'daily_cap'],
      [0, 25, 'daily_cap'],
    ])
  })

  test('a daily cap holds for 40 events at once', async () => {
    await game.rule('capped_rush', 10, { daily_cap: 95 })
    const owner = await game.owner()
    const at = { occurred_at: new Date().toISOString() }
    const answers = await Promise.all(times(40, () => game.post(owner, 'capped_rush', at)))
    const given = answers.map((answer) => answer.json.points_awarded)
    assert.deepEqual(ascending(given), [...times(30, () => 0), 5, ...times(9, () => 10)])
    for (const { json } of answers) assert.equal(json.reason, json.points_awarded < 10 ? 'daily_cap' : undefined)
  })

  test('a cooldown gives 0 with a reason to all but one of 20 events at once, and ends exactly on time', async () => {
    await game.rule('cooled', 10, { cooldown_seconds: 3_600 })
    const owner = await game.owner()
    const now = Date.now()
    const at = (ms: number) => ({ occurred_at: new Date(ms).toISOString() })
    const answers = await Promise.all(times(20, () => game.post(owner, 'cooled', at(now - 10 * HOUR_MS))))
    assert.ok(answers.every((answer) => answer.status === 201))
    assert.deepEqual(ascending(answers.map((answer) => answer.json.points_awarded)), [...times(19, () => 0), 10])
    assert.equal(answers.filter((answer) => answer.json.reason === 'cooldown').length, 19)
    const given = async (ms: number) => (await game.post(owner, 'cooled', at(ms))).json.points_awarded
    assert.equal(await given(now - 9 * HOUR_MS - 1), 0)
    assert.equal(await given(now - 11 * HOUR_MS + 1), 0, 'backdated into the time before it')
    assert.equal(await given(now - 9 * HOUR_MS), 10)
    assert.equal(await given(now - 11 * HOUR_MS), 10)
  })

  test('cap and cooldown count one business alone', async () => {
    await game.rule('both', 10, { daily_cap: 10, cooldown_seconds: 60 })
    const [one, two] = [await game.owner(), await game.owner()]
    assert.equal((await game.post(one, 'both')).json.points_awarded, 10)
    assert.equal((await game.post(two, 'both')).json.points_awarded, 10)
    assert.equal((await game.post(one, 'both')).json.reason, 'cooldown')
  })
})

describe('the time of an event', () => {
  let game: Game
  let now = Date.now()
  before(async () => {
    game = await startGame({ clock: { now: () => new Date(now) } })
    await game.rule('sale', 10)
  })
  after(() => game.close())

  const at = (ms: number) => ({ occurred_at: new Date(ms).toISOString() })

  test('lies within the last 48 hours and at most 5 minutes ahead', async () => {
    const owner = await game.owner()
    assert.equal((await game.post(owner, 'sale', at(now - 48 * HOUR_MS))).status, 201)
    assert.equal((await game.post(owner, 'sale', at(now + 300_000))).status, 201)
    const before = await game.footprint()
    for (const wrong of [now - 48 * HOUR_MS - 1, now + 300_001, 0, Date.UTC(9999, 0)]) {
      const answer = await game.post(owner, 'sale', at(wrong))
      assert.equal(answer.status, 422)
      assert.equal(answer.json.errors[0].path, 'occurred_at')
    }
    assert.deepEqual(await game.footprint(), before)
  })

  test('is judged once: a retry that comes days later is still a replay', async () => {
    const owner = await game.owner()
    const body = { idempotency_key: 'slow', ...at(now - 47 * HOUR_MS) }
    const first = await game.post(owner, 'sale', body)
    now += 2 * HOUR_MS
    owner.token = await game.login(owner.email)
    const retry = await game.post(owner, 'sale', body)
    assert.equal(retry.status, 200)
    assert.deepEqual(retry.json, { ...first.json, replayed: true })
    assert.equal((await game.post(owner, 'sale', { ...body, idempotency_key: 'new' })).status, 422)
  })
})

describe('adjustments', () => {
  let game: Game
  before(async () => {
    game = await startGame()
    await game.rule('sale', 10)
  })
  after(async () => {
    assert.deepEqual(await game.untruths(), [])
    await game.close()
  })

  test('give and take with a receipt, a ledger entry and a reason', async () => {
    const { business, token } = await game.owner()
    const { status, json } = await game.adjust(business.id, 25, { reason: 'Fair of\nMay' })
    assert.equal(status, 201)
    assert.deepEqual(
      [json.type, json.points_awarded, json.total_points, json.reason, json.replayed, json.rank],
      ['adjustment', 25, 25, 'Fair of\nMay', false, json.rank],
    )
    assert.equal((await game.adjust(business.id, -25)).json.total_points, 0)
    const ledger = await game.api('GET', '/gamification/points', { token })
    assert.deepEqual(
      ledger.json.map((entry: Record<string, unknown>) => [entry['type'], entry['points'], entry['rule_version']]),
      [
        ['adjustment', -25, null],
        ['adjustment', 25, null],
      ],
    )
  })

  test('never bring a total below 0', async () => {
    const { business } = await game.owner()
    await game.adjust(business.id, 10)
    const before = await game.footprint()
    const answer = await game.adjust(business.id, -11)
    assert.deepEqual([answer.status, answer.json.code], [409, 'below_zero'])
    assert.deepEqual(await game.footprint(), before)
  })

  test('are replayed by key, and 409 with another reason or other points', async () => {
    const { business } = await game.owner()
    const key = { idempotency_key: 'gift' }
    const first = await game.adjust(business.id, 10, key)
    const replay = await game.adjust(business.id, 10, key)
    assert.deepEqual([first.status, replay.status], [201, 200])
    assert.deepEqual(replay.json, { ...first.json, replayed: true })
    assert.equal((await game.adjust(business.id, 11, key)).status, 409)
    assert.equal((await game.adjust(business.id, 10, { ...key, reason: 'another' })).status, 409)
    assert.equal((await game.standing(business.id))['total_points'], 10)
  })

  test('of two at once that together would go below 0, one is refused', async () => {
    for (let round = 0; round < 5; round++) {
      const { business } = await game.owner()
      await game.adjust(business.id, 10)
      const answers = await Promise.all([game.adjust(business.id, -7), game.adjust(business.id, -6)])
      assert.deepEqual(ascending(answers.map((answer) => answer.status)), [201, 409])
    }
  })

  test('refuse what is no adjustment', async () => {
    const { business } = await game.owner()
    const before = await game.footprint()
    for (const points of [0, 1.5, '5', null, undefined, 1_000_000_001, -1_000_000_001])
      assert.equal((await game.adjust(business.id, 1, { points })).status, 422, String(points))
    for (const reason of ['', '  \n ', undefined, 'x'.repeat(5_001)])
      assert.equal((await game.adjust(business.id, 1, { reason })).status, 422)
    for (const key of ['', 'x'.repeat(201), undefined, 'a\0b', '\ud800'])
      assert.equal((await game.adjust(business.id, 1, { idempotency_key: key })).status, 422)
    assert.equal((await game.adjust('nobody', 1)).status, 422)
    assert.equal((await game.adjust(randomUUID(), 1)).status, 404)
    assert.deepEqual(await game.footprint(), before)
  })

  test('take the largest numbers without losing a point', async () => {
    const { business } = await game.owner()
    for (let nth = 1; nth <= 4; nth++)
      assert.equal((await game.adjust(business.id, 1_000_000_000)).json.total_points, nth * 1_000_000_000)
    assert.equal((await game.adjust(business.id, -1_000_000_000)).json.total_points, 3_000_000_000)
  })
})
