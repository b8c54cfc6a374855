import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Game, startGame } from '../../../../test/game.ts'
import { startTestServer, testPassword } from '../../../../test/harness.ts'
import { type Integrator, newIntegrator } from '../../../../test/integrator.ts'
import { openFeed, shortly } from '../testing/feed-stream.ts'

const nobody = '0199e8a0-0000-7000-8000-000000000000'

type Owner = Awaited<ReturnType<Game['owner']>>

describe('the live feed', () => {
  let game: Game
  let till: Integrator
  let owner: Owner
  before(async () => {
    game = await startGame()
    till = await newIntegrator(game)
    await game.rule('sale', 10)
    await game.level(0, 'Seed')
    await game.level(20, 'Sprout')
    await game.level(25, 'Tree')
    await game.achievement(20, 'Twenty')
    await game.achievement(30, 'Thirty')
  })
  after(() => game.close())
  beforeEach(async () => {
    owner = await game.owner()
  })

  async function secondBusiness(of = owner): Promise<string> {
    const body = { business_name: 'Second', business_category: 'Food', business_stage: 'Operational' }
    return (await game.api('POST', '/business/profile', { token: of.token, body })).json.id
  }
  const sell = (of = owner, business_id = of.business.id) => game.post(of, 'sale', { business_id })
  const refused = (path: string, headers: Record<string, string>) =>
    game.api('GET', `/gamification/stream${path}`, { headers })
  const bearer = (of = owner) => ({ authorization: `Bearer ${of.token}` })

  test('sends what happens from now on, framed as the chat is, in order', async () => {
    await sell()
    const feed = await openFeed(game, owner)
    const { headers } = feed.response
    assert.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(headers.get('cache-control'), 'no-cache, no-transform')
    assert.equal(headers.get('x-accel-buffering'), 'no')
    const receipts = [await sell(), await sell()].map(({ json }) => json)
    const sent = await feed.take(6)
    assert.deepEqual(shortly(sent), [10, 'Sprout', 'Twenty', 10, 'Tree', 'Thirty'])
    const business_id = owner.business.id
    assert.deepEqual(sent[0]?.event, {
      type: 'points',
      data: { event_id: receipts[0].event_id, business_id, type: 'sale', points: 10, total_points: 20 },
    })
    assert.deepEqual(sent[1]?.event, {
      type: 'level_up',
      data: { business_id, level: { id: receipts[0].level.id, name: 'Sprout' } },
    })
    const [known] = (await game.api('GET', '/gamification/achievements', { token: owner.token })).json
    const achievement = { id: known.id, title: 'Twenty', badge_icon: known.badge_icon }
    assert.deepEqual(sent[2]?.event, { type: 'achievement', data: { business_id, achievement } })
    feed.hangUp()
  })

  test('goes on after any event that was seen, with nothing lost and nothing twice', async () => {
    const feed = await openFeed(game, owner)
    for (let sale = 0; sale < 4; sale++) await sell()
    const all = await feed.take(8)
    feed.hangUp()
    for (const [nth, after] of [feed.startId, ...all.map(({ id }) => id)].entries()) {
      const resumed = await openFeed(game, owner, { after })
      assert.deepEqual(await resumed.take(8 - nth), all.slice(nth))
      resumed.hangUp()
    }
    const last = await openFeed(game, owner, { after: all.at(-1)?.id ?? '' })
    await sell()
    assert.deepEqual(shortly(await last.take(1)), [10])
    last.hangUp()
  })

  test('goes on at another instance, and sends what happens there', async () => {
    const feed = await openFeed(game, owner)
    await sell()
    const [first] = await feed.take(1)
    feed.hangUp()
    await sell()
    const other = await startTestServer({ databaseUrl: game.databaseUrl })
    await other.boardWarm
    const there = await openFeed(other, owner, { after: first?.id ?? '' })
    assert.deepEqual(shortly(await there.take(3)), [10, 'Sprout', 'Twenty'])
    // Recorded here, heard there.
    await sell()
    assert.deepEqual(shortly(await there.take(3)), [10, 'Tree', 'Thirty'])
    there.hangUp()
    await other.close()
  })

  test('loses nothing to whatever goes on while it is opened', async () => {
    for (let round = 0; round < 5; round++) {
      const someone = await game.owner()
      const from = await openFeed(game, someone)
      from.hangUp()
      const sales = Promise.all(Array.from({ length: 20 }, () => sell(someone)))
      const feed = await openFeed(game, someone, { after: from.startId })
      const sent = await feed.take(24)
      await sales
      const totals = sent.flatMap(({ event }) => (event.type === 'points' ? [event.data.total_points] : []))
      assert.deepEqual(
        totals,
        Array.from({ length: 20 }, (_, nth) => 10 * (nth + 1)),
      )
      feed.hangUp()
    }
  })

  test('is of all businesses of a person, or of the one that is named, and of nobody else', async () => {
    const second = await secondBusiness()
    const stranger = await game.owner()
    const all = await openFeed(game, owner)
    const one = await openFeed(game, owner, { businessId: second })
    await sell(stranger)
    await sell()
    await sell(owner, second)
    const of = (sent: { event: { data: { business_id: string } } }[]) => sent.map(({ event }) => event.data.business_id)
    const seen = await all.take(2)
    assert.deepEqual(of(seen), [owner.business.id, second])
    assert.deepEqual(of(await one.take(1)), [second])
    all.hangUp()
    one.hangUp()
    await sell(owner, second)
    const resumed = await openFeed(game, owner, { after: seen[0]?.id ?? '' })
    const rest = await resumed.take(4)
    assert.deepEqual(of(rest), [second, second, second, second])
    assert.deepEqual(shortly(rest), [10, 10, 'Sprout', 'Twenty'])
    resumed.hangUp()
  })

  test('sends everything of a business that was made since', async () => {
    const feed = await openFeed(game, owner)
    await sell()
    const [seen] = await feed.take(1)
    const third = await secondBusiness()
    await sell(owner, third)
    // The one that is open stays with what it was opened for.
    await sell()
    assert.deepEqual(shortly(await feed.take(3)), [10, 'Sprout', 'Twenty'])
    feed.hangUp()
    const resumed = await openFeed(game, owner, { after: seen?.id ?? '' })
    assert.equal((await resumed.take(4)).filter(({ event }) => event.data.business_id === third).length, 1)
    resumed.hangUp()
  })

  test('sends long histories in full', async () => {
    const { startId } = await openFeed(game, owner).then((feed) => (feed.hangUp(), feed))
    // A page ends with these points, and the next begins with what they brought.
    await game.level(1_960, 'Forest')
    await game.achievement(1_960, 'Far')
    for (let batch = 0; batch < 2; batch++)
      await till.batch(
        Array.from({ length: 500 }, (_, nth) => ({
          type: 'sale',
          business_id: owner.business.id,
          idempotency_key: `${batch} ${nth}`,
        })),
      )
    const feed = await openFeed(game, owner, { after: startId })
    const sent = await feed.take(1_006)
    assert.deepEqual(shortly(sent).slice(199, 203), [10, 'Forest', 'Far', 10])
    const totals = sent.flatMap(({ event }) => (event.type === 'points' ? [event.data.total_points] : []))
    assert.deepEqual(
      totals,
      Array.from({ length: 1_000 }, (_, nth) => 10 * (nth + 1)),
    )
    assert.equal(new Set(sent.map(({ id }) => id)).size, sent.length)
    feed.hangUp()
  })

  test('sends an event within 100 ms of its award', async () => {
    const feed = await openFeed(game, owner)
    await sell()
    await feed.take(1)
    const waits: number[] = []
    for (let sale = 0; sale < 20; sale++) {
      await sell()
      const answeredAt = performance.now()
      // The first two climb and unlock.
      await feed.take(sale < 2 ? 3 : 1)
      waits.push(performance.now() - answeredAt)
    }
    feed.hangUp()
    assert.ok((waits.toSorted((a, b) => a - b)[10] ?? Infinity) < 100, `${waits}`)
  })

  test('sends what an edit unlocks', async () => {
    const feed = await openFeed(game, owner)
    await sell()
    await feed.take(1)
    await game.achievement(5, 'Five')
    assert.deepEqual(shortly(await feed.take(1)), ['Five'])
    feed.hangUp()
  })

  const malformed = ['0', '17', 'AQ', 'not an id', '%00', 'x'.repeat(2_000)]
  for (const id of malformed)
    test(`refuses to go on after ${id.slice(0, 20)} with 422`, async () => {
      const answer = await refused('', { ...bearer(), 'last-event-id': id })
      assert.equal(answer.status, 422)
    })

  test('refuses to go on after an event of another feed', async () => {
    const stranger = await game.owner()
    const theirs = await openFeed(game, stranger)
    theirs.hangUp()
    const answer = await refused('', { ...bearer(), 'last-event-id': theirs.startId })
    assert.equal(answer.status, 422)
    assert.equal(answer.json.errors[0].path, 'Last-Event-ID')
  })

  test('refuses nobody with 401, who has no business and who names one of others with 404', async () => {
    const stranger = await game.owner()
    const newcomer = await game.owner({ business: false })
    assert.equal((await refused('', {})).status, 401)
    const none = await refused('', bearer(newcomer))
    assert.deepEqual([none.status, none.json.code], [404, 'no_business'])
    for (const id of [stranger.business.id, nobody])
      assert.equal((await refused(`?business_id=${id}`, bearer())).status, 404)
    assert.equal((await refused('?business_id=mine', bearer())).status, 422)
  })

  test('is open to API keys with the scope, for the business that they name', async () => {
    await till.link('my shop', owner.business.id)
    const feed = await openFeed(game, till, { businessId: 'my shop' })
    const same = await openFeed(game, till, { businessId: owner.business.id, after: feed.startId })
    await sell()
    assert.deepEqual(await feed.take(1), await same.take(1))
    feed.hangUp()
    same.hangUp()
    const key = { 'x-api-key': till.key }
    assert.equal((await refused('', key)).status, 422)
    assert.equal((await refused(`?business_id=${nobody}`, key)).status, 404)
    assert.equal((await refused('?business_id=no%20such%20shop', key)).status, 404)
    const other = await newIntegrator(game, ['events:write'])
    assert.equal((await refused(`?business_id=${owner.business.id}`, other.headers)).status, 403)
    assert.equal((await refused('', { 'x-api-key': 'tgk_wrong' })).status, 401)
  })

  test('ends when its owner is erased', async () => {
    const feed = await openFeed(game, owner)
    await game.api('DELETE', '/auth/me', { token: owner.token, body: { password: testPassword } })
    assert.deepEqual(await feed.rest(), [])
    assert.equal((await refused('', bearer())).status, 404)
  })

  test('ends for who is disabled, and for keys that are revoked, and for nobody else', async () => {
    const other = await game.owner()
    const theirs = await newIntegrator(game)
    const businessId = owner.business.id
    const [gone, stays, goneKey, staysKey] = [
      await openFeed(game, other),
      await openFeed(game, owner),
      await openFeed(game, theirs, { businessId }),
      await openFeed(game, till, { businessId }),
    ]
    const token = game.admin
    await game.api('PATCH', `/admin/users/${other.user.id}`, { token, body: { disabled: true } })
    // At another server, as it were.
    await game.pool.query('DELETE FROM api_keys WHERE id = $1', [theirs.id])
    await game.app.gamification.service.endLockedOut()
    assert.deepEqual(await gone.rest(), [])
    assert.deepEqual(await goneKey.rest(), [])
    await sell()
    for (const feed of [stays, staysKey]) {
      assert.deepEqual(shortly(await feed.take(1)), [10])
      feed.hangUp()
    }
  })

  test('ends at once when its key is revoked at the same server', async () => {
    const theirs = await newIntegrator(game)
    const feed = await openFeed(game, theirs, { businessId: owner.business.id })
    await game.api('DELETE', `/admin/api-keys/${theirs.id}`, { token: game.admin })
    assert.deepEqual(await feed.rest(), [])
  })

  test('drops a reader that does not read, who can go on later', { timeout: 60_000 }, async () => {
    const { startId, hangUp } = await openFeed(game, owner)
    hangUp()
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(game.url).port) })
    socket.on('error', () => {})
    // It may be closed at any moment from now on, with an error or without.
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(
      `GET /api/v1/gamification/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${owner.token}\r\n\r\n`,
    )
    await once(socket, 'readable')
    // Its answer has begun, and it reads no more. What is announced now is more than all buffers on the way can hold.
    const announced = 2_000
    await game.pool.query(
      `INSERT INTO announcements (business_id, sequence, position, kind, payload, created_at)
      SELECT $1::uuid, n, 0, 'achievement', jsonb_build_object('business_id', $1::text, 'achievement',
        jsonb_build_object('id', gen_random_uuid(), 'title', repeat('x', 10000), 'badge_icon', null)), now()
      FROM generate_series(1, $2) AS n`,
      [owner.business.id, announced],
    )
    await game.pool.query('UPDATE business_standings SET sequence = $2 WHERE business_id = $1', [
      owner.business.id,
      announced,
    ])
    await sell()
    const waiting = await openFeed(game, owner, { after: startId })
    assert.equal((await waiting.take(announced + 1)).length, announced + 1)
    waiting.hangUp()
    let received = 0
    socket.on('data', (bytes) => (received += bytes.length))
    await closed
    assert.ok(received < announced * 10_000, `it was sent ${received} bytes`)
  })
})

describe('live feeds and their server', () => {
  test('are counted together with the streams of the chat', async () => {
    const game = await startGame({ env: { STREAMS_PER_OWNER: '2' } })
    const [owner, other] = [await game.owner(), await game.owner()]
    const feeds = [await openFeed(game, owner), await openFeed(game, owner)]
    const third = await game.api('GET', '/gamification/stream', { token: owner.token })
    assert.equal(third.status, 429)
    assert.ok(Number(third.headers.get('retry-after')) >= 1)
    const chat = await game.api('POST', '/chat/completion', { token: owner.token, body: { content: 'Hi' } })
    assert.equal(chat.status, 429)
    feeds.push(await openFeed(game, other))
    feeds[0]?.hangUp()
    let again
    do again = await openFeed(game, owner).catch(() => undefined)
    while (!again)
    for (const feed of [...feeds, again]) feed.hangUp()
    await game.close()
  })

  test('end when the server drains, and go on after a restart', async () => {
    const first = await startGame()
    await first.rule('sale', 10)
    const owner = await first.owner()
    const feed = await openFeed(first, owner)
    await first.post(owner, 'sale')
    const [seen] = await feed.take(1)
    await first.post(owner, 'sale')
    const second = await startTestServer({ databaseUrl: first.databaseUrl })
    await first.app.close()
    assert.deepEqual(shortly(await feed.rest()), [10])
    const resumed = await openFeed(second, owner, { after: seen?.id ?? '' })
    assert.deepEqual(shortly(await resumed.take(1)), [10])
    resumed.hangUp()
    await second.close()
    await first.close()
  })
})
