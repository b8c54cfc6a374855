import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'
import { createLog } from '../../platform/logger.ts'
import { eventOf, movableClock } from '../webhooks/testing/webhook-server.ts'
import { startReceiver } from '../webhooks/testing/receiver.ts'
import { createOutboxPruning, KEEP_NEWS_DAYS } from './outbox-pruning.ts'
import { openFeed, shortly } from './testing/feed-stream.ts'

const DAY_MS = 86_400_000

type Owner = Awaited<ReturnType<Game['owner']>>

let game: Game
let owner: Owner
let id: string
before(async () => {
  game = await startGame({ env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
  await game.rule('sale', 10)
  await game.level(20, 'Sprout')
  await game.level(40, 'Tree')
  await game.achievement(20, 'Twenty')
})
after(() => game.close())
beforeEach(async () => {
  owner = await game.owner()
  id = owner.business.id
})

const prune = () => game.app.gamification.service.pruneOutbox()
const sell = async (times = 1) => {
  for (let sale = 0; sale < times; sale++) assert.equal((await game.post(owner, 'sale')).status, 201)
}
/** age makes everything that was announced to the business so far older by some days. */
const age = (days: number) =>
  game.pool.query(`UPDATE outbox SET created_at = created_at - make_interval(days => $2) WHERE business_id = $1`, [
    id,
    days,
  ])
const kept = async (): Promise<string[]> =>
  (await game.rows('SELECT sequence, kind FROM outbox WHERE business_id = $1 ORDER BY sequence, position', [id])).map(
    (row) => `${row['sequence']} ${row['kind']}`,
  )

describe('the outbox', () => {
  test('loses what is older than 30 days, but for levels and the last news of a business', async () => {
    await sell(3)
    await age(KEEP_NEWS_DAYS + 1)
    assert.ok((await prune()) > 0)
    assert.deepEqual(await kept(), ['2 level_up', '3 points'])
    await sell()
    await prune()
    assert.deepEqual(await kept(), ['2 level_up', '3 points', '4 points', '4 level_up'])
    await age(KEEP_NEWS_DAYS - 1)
    await prune()
    assert.deepEqual(await kept(), ['2 level_up', '3 points', '4 points', '4 level_up'])
    await age(2)
    await prune()
    assert.deepEqual(await kept(), ['2 level_up', '4 points', '4 level_up'])
  })

  test('still knows which levels were announced, so that none is announced twice', async () => {
    await sell(4)
    await age(KEEP_NEWS_DAYS + 1)
    await sell()
    await prune()
    // Out of reach, and reached again from below: the ladder says so, but it is no news.
    const [tree] = await game.rows("SELECT id FROM business_levels WHERE name = 'Tree'")
    const raise = (required_points: number) =>
      game.api('PUT', `/admin/business/levels/${tree?.['id']}`, { token: game.admin, body: { required_points } })
    assert.equal((await raise(55)).status, 200)
    assert.deepEqual((await game.post(owner, 'sale')).json.levels_gained, ['Tree'])
    assert.deepEqual(await game.announced(id, 'level_up'), ['Sprout', 'Tree'])
    await raise(40)
  })

  test('is pruned in small pieces over any number of businesses, by several instances at once, to the same end', async () => {
    const mine: string[] = []
    for (let nth = 0; nth < 7; nth++) {
      owner = await game.owner()
      id = owner.business.id
      await sell(nth)
      await age(KEEP_NEWS_DAYS + 1)
      mine.push(id)
    }
    const others = [1, 2, 3].map(() =>
      createOutboxPruning({
        pool: game.pool,
        clock: { now: () => new Date() },
        log: createLog({ level: 'silent' }),
        holders: [],
        rowsAtOnce: 2,
        businessesAtOnce: 2,
      }),
    )
    const selling = Promise.all(Array.from({ length: 20 }, () => game.post(owner, 'sale')))
    const dropped = await Promise.all(others.map((pruning) => pruning.run()))
    for (const { status } of await selling) assert.equal(status, 201)
    assert.ok(dropped.reduce((sum, rows) => sum + rows, 0) > 0)
    await prune()
    for (const [nth, business] of mine.entries()) {
      const rows = await game.rows(
        `SELECT sequence FROM outbox WHERE business_id = $1 AND kind <> 'level_up' AND created_at < now() - interval '1 day'`,
        [business],
      )
      assert.deepEqual(new Set(rows.map((row) => row['sequence'])), new Set(nth === 0 ? [] : [nth]))
    }
  })

  test('keeps what an active webhook has not been given yet, and not what nobody waits for', async () => {
    const clock = movableClock()
    const receiver = await startReceiver(() => ({ status: 200 }))
    const own = await startGame({ clock, env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
    await own.rule('sale', 10)
    const { business } = await own.owner()
    const hook = await own.api('POST', '/admin/webhooks', { token: own.admin, body: { url: receiver.url } })
    assert.equal(hook.status, 201, hook.text)
    await own.app.webhooks.courier.settled()
    // A transaction that is as old as the first of these keeps all of them from being read.
    const slow = await own.pool.connect()
    await slow.query('BEGIN')
    await slow.query('SELECT pg_current_xact_id()')
    for (let nth = 0; nth < 3; nth++) await own.adjust(business.id, 1)
    clock.ahead((KEEP_NEWS_DAYS + 1) * DAY_MS)
    assert.equal(await own.app.gamification.service.pruneOutbox(), 0)
    assert.equal(receiver.requests.length, 0)
    await slow.query('COMMIT')
    slow.release()
    await own.app.webhooks.courier.settled()
    assert.deepEqual(
      receiver.requests.map((request) => eventOf(request).data.total_points),
      [1, 2, 3],
    )
    assert.equal(await own.app.gamification.service.pruneOutbox(), 2)
    await receiver.close()
    await own.close()
  })

  test('is not kept for a webhook that is inactive', async () => {
    const clock = movableClock()
    const own = await startGame({ clock, env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
    const { business } = await own.owner()
    const hook = await own.api('POST', '/admin/webhooks', {
      token: own.admin,
      body: { url: 'http://127.0.0.1:1/', active: false },
    })
    assert.equal(hook.status, 201, hook.text)
    for (let nth = 0; nth < 3; nth++) await own.adjust(business.id, 1)
    clock.ahead((KEEP_NEWS_DAYS + 1) * DAY_MS)
    assert.equal(await own.app.gamification.service.pruneOutbox(), 2)
    await own.close()
  })
})

describe('a live feed', () => {
  test('goes on after any event from which on everything is kept, however old', async () => {
    const live = await openFeed(game, owner)
    await sell(3)
    const sent = await live.take(5)
    live.hangUp()
    await age(KEEP_NEWS_DAYS + 1)
    await prune()
    // Nothing has happened since the last of them, and then something has.
    const last = sent.at(-1)?.id ?? ''
    const waiting = await openFeed(game, owner, { after: last })
    await sell()
    await prune()
    const again = await openFeed(game, owner, { after: last })
    for (const feed of [waiting, again]) {
      assert.deepEqual(shortly(await feed.take(2)), [10, 'Tree'])
      feed.hangUp()
    }
  })

  test('answers 410 to who has missed what is no longer kept', async () => {
    const feed = await openFeed(game, owner)
    await sell(3)
    const sent = await feed.take(5)
    feed.hangUp()
    await age(KEEP_NEWS_DAYS + 1)
    await prune()
    for (const after of [feed.startId, sent[0]?.id ?? '', sent[1]?.id ?? '', sent[2]?.id ?? '']) {
      const headers = { 'last-event-id': after }
      const { status, json } = await game.api('GET', '/gamification/stream', { token: owner.token, headers })
      assert.deepEqual([status, json.code], [410, 'events_gone'])
    }
  })
})
