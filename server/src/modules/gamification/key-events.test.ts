import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'
import { startTestServer } from '../../../test/harness.ts'
import { type Integrator, newIntegrator } from '../../../test/integrator.ts'

const nobody = '0199e8a0-0000-7000-8000-000000000000'
const MINUTE_MS = 60_000

describe('an event of an API key', () => {
  let game: Game
  let till: Integrator
  let owner: Awaited<ReturnType<Game['owner']>>
  const now = new Date()
  before(async () => {
    game = await startGame({ clock: { now: () => now } })
    till = await newIntegrator(game)
    await game.rule('sale', 10)
    await game.rule('visit', 5, { sources: ['owner'] })
    await game.rule('off', 5, { active: false })
  })
  after(() => game.close())
  beforeEach(async () => {
    owner = await game.owner()
  })

  test('awards any business by rule, and again only answers the receipt', async () => {
    const event = { type: 'sale', business_id: owner.business.id, idempotency_key: 'till 1', metadata: { a: 1, b: 2 } }
    const first = await till.post(event)
    assert.equal(first.status, 201)
    assert.deepEqual([first.json.points_awarded, first.json.total_points, first.json.replayed], [10, 10, false])
    const again = await till.post({ ...event, metadata: { b: 2, a: 1 } })
    assert.equal(again.status, 200)
    assert.deepEqual(again.json, { ...first.json, replayed: true })
    const changed = await till.post({ ...event, metadata: { a: 2 } })
    assert.equal(changed.status, 409)
    assert.equal(changed.json.code, 'idempotency_key_reused')
    const [stored] = await game.rows('SELECT * FROM events WHERE id = $1', [first.json.event_id])
    assert.deepEqual(
      [stored?.['source'], stored?.['namespace'], stored?.['actor_id']],
      ['api_key', `api_key:${till.id}`, till.id],
    )
  })

  test('has its idempotency key to itself: owners and other API keys have theirs', async () => {
    const other = await newIntegrator(game)
    const event = { type: 'sale', business_id: owner.business.id, idempotency_key: 'shared' }
    for (const answer of [await till.post(event), await other.post(event), await game.post(owner, 'sale', event)])
      assert.equal(answer.status, 201)
    assert.equal((await game.standing(owner.business.id))['total_points'], 30)
    const stored = await game.rows("SELECT source, namespace, actor_id FROM events WHERE idempotency_key = 'shared'")
    assert.deepEqual(
      stored.map((row) => [row['source'], row['namespace'], row['actor_id']]).toSorted(),
      [
        ['api_key', `api_key:${till.id}`, till.id],
        ['api_key', `api_key:${other.id}`, other.id],
        ['owner', 'owner', owner.user.id],
      ].toSorted(),
    )
  })

  test('is kept apart from an adjustment, whose actor is the admin', async () => {
    const { business } = await game.owner()
    await game.adjust(business.id, 5)
    const [stored] = await game.rows('SELECT source, namespace, actor_id FROM events WHERE business_id = $1', [
      business.id,
    ])
    const [admin] = await game.rows("SELECT id FROM users WHERE role = 'admin'")
    assert.deepEqual(stored, { source: 'admin', namespace: 'admin', actor_id: admin?.['id'] })
  })

  test('names its business by an id of its own, in either field', async () => {
    await till.link('shop 7', owner.business.id)
    for (const named of [
      { external_id: 'shop 7' },
      { business_id: 'shop 7' },
      { external_id: 'shop 7', business_id: owner.business.id },
      { external_id: 'shop 7', business_id: owner.business.id.toUpperCase() },
      { external_id: 'shop 7', business_id: 'shop 7' },
    ]) {
      const answer = await till.post({ type: 'sale', ...named })
      assert.equal(answer.status, 201)
      assert.equal(answer.json.business_id, owner.business.id)
    }
  })

  test('may lie any time in the past, and at most five minutes ahead', async () => {
    const at = (ms: number) => ({
      type: 'sale',
      business_id: owner.business.id,
      occurred_at: new Date(ms).toISOString(),
    })
    for (const ms of [Date.parse('0001-01-01T00:00:00Z'), 0, now.getTime(), now.getTime() + 5 * MINUTE_MS])
      assert.equal((await till.post(at(ms))).status, 201, new Date(ms).toISOString())
    const ahead = await till.post(at(now.getTime() + 5 * MINUTE_MS + 1))
    assert.equal(ahead.status, 422)
    assert.equal(ahead.json.code, 'untimely')
    assert.ok(!/48/.test(ahead.json.detail))
  })

  test('keeps a date of long ago, also in a database of another time zone', async () => {
    const dates = ['0001-01-01T00:00:00.000Z', '0050-06-01T12:00:00.000Z', '1850-06-01T00:00:00.000Z']
    // West of UTC, where it is still the year before the first one.
    const { token, business } = await game.owner({ business: { time_zone: 'America/New_York' } })
    for (const occurred_at of dates)
      assert.equal((await till.post({ type: 'sale', business_id: business.id, occurred_at })).status, 201)
    const name = new URL(game.databaseUrl).pathname.slice(1)
    await game.pool.query(`ALTER DATABASE "${name}" SET timezone = 'Asia/Jakarta'`)
    const other = await startTestServer({ databaseUrl: game.databaseUrl })
    try {
      for (const server of [game, other]) {
        const ledger = await server.api('GET', '/gamification/points', { token })
        assert.equal(ledger.status, 200, ledger.text)
        const entries: { id: string; occurred_at: string }[] = ledger.json
        assert.deepEqual(
          entries.map((entry) => entry.occurred_at),
          dates.toReversed(),
        )
        const days = []
        for (const { id } of entries)
          days.push((await server.api('GET', `/gamification/points/${id}`, { token })).json.day)
        assert.deepEqual(days, ['1850-05-31', '0050-06-01', '0001-01-01'])
      }
    } finally {
      await other.close()
      await game.pool.query(`ALTER DATABASE "${name}" RESET timezone`)
    }
  })

  const refused: [what: string, status: number, event: () => Record<string, unknown>][] = [
    ['no business', 422, () => ({ type: 'sale' })],
    ['a business that is not there', 404, () => ({ type: 'sale', business_id: nobody })],
    ['an id without a link', 404, () => ({ type: 'sale', business_id: 'no such shop' })],
    [
      'an id without a link beside a business',
      404,
      () => ({ type: 'sale', business_id: owner.business.id, external_id: 'none' }),
    ],
    ['an empty id', 422, () => ({ type: 'sale', external_id: '' })],
    ['a type that is not there', 422, () => ({ type: 'purchase', business_id: owner.business.id })],
    ['a type that is off', 422, () => ({ type: 'off', business_id: owner.business.id })],
    ['a type that is closed to keys', 403, () => ({ type: 'visit', business_id: owner.business.id })],
    ['no idempotency key', 422, () => ({ type: 'sale', business_id: owner.business.id, idempotency_key: undefined })],
    ['no date', 422, () => ({ type: 'sale', business_id: owner.business.id, occurred_at: 'yesterday' })],
    ['the year 0', 422, () => ({ type: 'sale', business_id: owner.business.id, occurred_at: '0000-12-31T00:00:00Z' })],
  ]
  for (const [what, status, event] of refused)
    test(`is refused with ${status} for ${what}, and changes nothing`, async () => {
      const before = await game.footprint()
      const answer = await till.post(event())
      assert.equal(answer.status, status, answer.text)
      assert.deepEqual(await game.footprint(), before)
    })

  test('is refused when an id of its own means another business than the one named', async () => {
    const other = await game.owner()
    await till.link('other shop', other.business.id)
    const before = await game.footprint()
    const answer = await till.post({ type: 'sale', business_id: owner.business.id, external_id: 'other shop' })
    assert.equal(answer.status, 422)
    assert.equal(answer.json.errors[0].path, 'external_id')
    assert.deepEqual(await game.footprint(), before)
  })

  test('is refused by a link of another key, and once a link is gone', async () => {
    const other = await newIntegrator(game)
    await till.link('mine', owner.business.id)
    assert.equal((await other.post({ type: 'sale', external_id: 'mine' })).status, 404)
    await till.call('DELETE', '/business-links/mine')
    assert.equal((await till.post({ type: 'sale', external_id: 'mine' })).status, 404)
    assert.equal((await game.standing(owner.business.id))['total_points'], 0)
  })

  test('is refused without the scope, and with a key that does not hold', async () => {
    const before = await game.footprint()
    const event = { type: 'sale', business_id: owner.business.id, idempotency_key: 'k' }
    const linker = await newIntegrator(game, ['links:write'])
    const audits = 1
    assert.equal((await linker.post(event)).status, 403)
    assert.equal((await linker.batch([event])).status, 403)
    const bad = { body: event, headers: { 'x-api-key': `tgk_${'x'.repeat(43)}` } }
    assert.equal((await game.api('POST', '/gamification/events', bad)).status, 401)
    const [was] = before
    assert.deepEqual(await game.footprint(), [{ ...was, audit: Number(was?.['audit']) + audits }])
  })

  test('of an owner names no business by another id, and none of somebody else', async () => {
    const other = await game.owner()
    assert.equal((await game.post(owner, 'sale', { business_id: 'shop 7' })).status, 422)
    assert.equal((await game.post(owner, 'sale', { business_id: other.business.id })).status, 404)
    const answer = await game.post(owner, 'sale', { external_id: 'shop 7' })
    assert.equal(answer.json.business_id, owner.business.id)
  })
})

describe('a batch of events', () => {
  let game: Game
  let till: Integrator
  let owner: Awaited<ReturnType<Game['owner']>>
  before(async () => {
    game = await startGame()
    till = await newIntegrator(game)
    await game.level(0, 'Seed')
    await game.level(100, 'Tree')
    await game.achievement(50, 'Half way')
    await game.rule('sale', 10)
    await game.rule('capped', 10, { daily_cap: 25 })
    await game.rule('cool', 10, { cooldown_seconds: 3_600 })
    await game.rule('visit', 5, { sources: ['owner'] })
  })
  after(() => game.close())
  beforeEach(async () => {
    owner = await game.owner()
  })
  const sale = (more: Record<string, unknown> = {}) => ({
    type: 'sale',
    business_id: owner.business.id,
    idempotency_key: randomUUID(),
    ...more,
  })
  const points = (answer: { json: { results: { points_awarded?: number; code?: string }[] } }) =>
    answer.json.results.map((result) => result.points_awarded ?? result.code)

  test('is answered in order, and each bad one fails alone, as it would have failed by itself', async () => {
    const other = await game.owner()
    await till.link('my shop', other.business.id)
    const once = sale()
    const bad: unknown[] = [
      sale({ type: 'purchase' }),
      sale({ type: 'visit' }),
      sale({ business_id: nobody }),
      sale({ business_id: 'no such shop' }),
      sale({ business_id: undefined }),
      sale({ idempotency_key: '' }),
      sale({ metadata: [] }),
      sale({ metadata: { nul: '\0' } }),
      sale({ occurred_at: '9999-12-31T23:59:59Z' }),
      { ...once, metadata: { another: 'body' } },
    ]
    const answer = await till.batch([once, once, ...bad, null, 'sale', sale({ business_id: 'my shop' }), sale()])
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    assert.deepEqual(points(answer), [
      10,
      10,
      'unknown_type',
      'source_closed',
      'not_found',
      'external_id_unknown',
      'business_needed',
      'invalid',
      'invalid',
      'invalid',
      'untimely',
      'idempotency_key_reused',
      'invalid',
      'invalid',
      10,
      10,
    ])
    const { results } = answer.json
    assert.deepEqual(results[1], { ...results[0], replayed: true, rank: results[1].rank })
    assert.equal(results.at(-1).total_points, 20)
    assert.equal(results.at(-1).rank, results[0].rank)
    assert.equal(results.at(-2).business_id, other.business.id)
    for (const [nth, event] of bad.entries()) {
      const alone = await till.call('POST', '/gamification/events', event)
      assert.equal(alone.status, results[nth + 2].status)
      assert.deepEqual(alone.json, results[nth + 2])
    }
    assert.deepEqual(await game.untruths(), [])
  })

  test('again answers the same receipts and awards nothing', async () => {
    const events = Array.from({ length: 12 }, () => sale())
    const first = await till.batch(events)
    assert.deepEqual(first.json.results.at(-1).unlocked, [])
    assert.deepEqual(first.json.results[4].unlocked, ['Half way'])
    assert.deepEqual(first.json.results[9].levels_gained, ['Tree'])
    assert.equal(first.json.results[11].total_points, 120)
    const before = await game.footprint()
    const again = await till.batch(events)
    assert.deepEqual(
      again.json.results,
      first.json.results.map((receipt: object) => ({ ...receipt, replayed: true })),
    )
    assert.deepEqual(await game.footprint(), before)
  })

  test('keeps caps and cooldowns among its own events', async () => {
    const events = ['capped', 'capped', 'cool', 'capped', 'cool', 'capped', 'cool'].map((type) => sale({ type }))
    assert.deepEqual(points(await till.batch(events)), [10, 10, 10, 5, 0, 0, 0])
    assert.deepEqual(await game.untruths(), [])
  })

  test('of a thousand is taken, for one business or for many', async () => {
    const others = await Promise.all(Array.from({ length: 3 }, () => game.owner()))
    const of = (nth: number) => others[nth % 3]?.business.id
    const one = await till.batch(Array.from({ length: 1_000 }, () => sale()))
    assert.equal(one.json.results.at(-1).total_points, 10_000)
    const many = await till.batch(Array.from({ length: 1_000 }, (_, nth) => sale({ business_id: of(nth) })))
    assert.equal(many.json.results.at(-1).total_points, 3_340)
    assert.deepEqual(await game.untruths(), [])
  })

  const malformed: [what: string, status: number, body: unknown][] = [
    ['no events', 422, {}],
    ['an empty list', 422, { events: [] }],
    ['more than a thousand', 422, { events: Array.from({ length: 1_001 }, () => ({})) }],
    ['something that is no list', 422, { events: { type: 'sale' } }],
    ['no JSON', 400, '{"events": ['],
    ['more than a mebibyte', 413, { events: [{ metadata: 'x'.repeat(1_048_576) }] }],
  ]
  for (const [what, status, body] of malformed)
    test(`with ${what} is refused as a whole with ${status}, and changes nothing`, async () => {
      const before = await game.footprint()
      assert.equal((await till.call('POST', '/gamification/events/batch', body)).status, status)
      assert.deepEqual(await game.footprint(), before)
    })

  test('is for keys alone', async () => {
    const before = await game.footprint()
    const body = { events: [sale()] }
    for (const token of [undefined, owner.token, game.admin])
      assert.equal((await game.api('POST', '/gamification/events/batch', { token, body })).status, 401)
    assert.deepEqual(await game.footprint(), before)
  })

  test('side by side for the same businesses, each event counts once, whoever else sends it', async () => {
    const owners = [owner, await game.owner(), await game.owner()]
    // Every event is in two batches, in opposite orders.
    const batches = [1, 2, 3, 4, 5, 6]
      .map((batch) =>
        Array.from({ length: 50 }, (_, nth) =>
          sale({ business_id: owners[nth % 3]?.business.id, idempotency_key: `${batch} ${nth}` }),
        ),
      )
      .flatMap((events) => [events, events.toReversed()])
    const answers = await Promise.all(batches.map((events) => till.batch(events)))
    const receipts = answers.flatMap((answer) => answer.json.results)
    assert.ok(receipts.every((receipt) => receipt.points_awarded === 10))
    const totals = await Promise.all(owners.map(({ business }) => game.standing(business.id)))
    const fresh = receipts.filter((receipt) => !receipt.replayed)
    assert.equal(fresh.length, 300)
    assert.equal(
      totals.reduce((sum, standing) => sum + Number(standing['total_points']), 0),
      10 * fresh.length,
    )
    assert.equal(new Set(fresh.map((receipt) => receipt.event_id)).size, fresh.length)
    assert.equal(new Set(receipts.map((receipt) => receipt.event_id)).size, fresh.length)
    assert.deepEqual(await game.untruths(), [])
  })
})
