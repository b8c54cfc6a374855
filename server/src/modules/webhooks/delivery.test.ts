import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Received, type Reply, startReceiver } from './testing/receiver.ts'
import { eventOf, movableClock, signersOf, startWebhookServer, totalsOf, verified } from './testing/webhook-server.ts'

type Server = Awaited<ReturnType<typeof startWebhookServer>>

const HOUR_MS = 3_600_000

let server: Server
const clock = movableClock()
before(async () => {
  server = await startWebhookServer({ clock, webhooks: { random: () => 0.5 } })
})
after(() => server.close())

async function withReceiver(
  reply: (request: Received) => Reply | Promise<Reply>,
  work: (receiver: Awaited<ReturnType<typeof startReceiver>>) => Promise<void>,
) {
  const receiver = await startReceiver(reply)
  try {
    await work(receiver)
  } finally {
    await receiver.close()
    const { json: hooks } = await server.admins('GET', '/admin/webhooks')
    for (const hook of hooks) await server.admins('DELETE', `/admin/webhooks/${hook.id}`)
  }
}

/** later moves the clock and waits until everything that is due by then has been done. */
async function later(ms: number): Promise<void> {
  clock.ahead(ms)
  await server.settled()
}

describe('an event', () => {
  test('reaches the receiver signed, as it is on the live feed, and the delivery tells what happened', () =>
    withReceiver(
      () => ({ status: 200, body: 'thanks' }),
      async (receiver) => {
        const { business } = await server.owner()
        const { id, secret } = await server.hook(receiver.url)
        await server.award(business.id, 120)
        await server.settled()

        const events = receiver.requests.map((request) => verified(request, secret))
        assert.deepEqual(
          events.map((event) => event.type),
          ['points', 'level_up', 'achievement', 'achievement', 'achievement'],
        )
        const stored = await server.pool.query(
          'SELECT kind, payload, created_at FROM outbox WHERE business_id = $1 ORDER BY sequence, position',
          [business.id],
        )
        assert.deepEqual(
          events,
          stored.rows.map((row) => ({ type: row.kind, timestamp: row.created_at.toISOString(), data: row.payload })),
        )
        const [request] = receiver.requests
        assert.throws(() => request && verified({ ...request, body: request.body.replace('120', '121') }, secret))

        const listed = await server.deliveries(id)
        assert.equal(listed.length, 5)
        const delivery = listed.at(-1)
        assert.equal(delivery.id, request?.headers['webhook-id'])
        assert.equal(delivery.request.body, request?.body)
        assert.equal(delivery.request.headers['webhook-signature'], request?.headers['webhook-signature'])
        assert.deepEqual(
          [
            delivery.type,
            delivery.status,
            delivery.attempts,
            delivery.answer,
            delivery.next_attempt_at,
            delivery.error,
          ],
          ['points', 'accepted', 1, { status: 200, body: 'thanks' }, null, null],
        )
        assert.equal(delivery.business_id, business.id)
        assert.ok(!JSON.stringify(listed).includes(secret))
      },
    ))

  test('goes only to targets that want its type, and only when it happened after they were registered', () =>
    withReceiver(
      () => ({ status: 204 }),
      async (receiver) => {
        const { business } = await server.owner()
        await server.award(business.id)
        await server.hook(`${receiver.url}/levels`, { event_types: ['level_up'] })
        await server.hook(`${receiver.url}/inactive`, { active: false })
        await server.hook(`${receiver.url}/all`)
        await server.award(business.id, 101)
        await server.settled()
        const seen = receiver.requests.map((request) => `${request.path} ${eventOf(request).type}`).toSorted()
        assert.deepEqual(seen, [
          '/all achievement',
          '/all achievement',
          '/all achievement',
          '/all level_up',
          '/all points',
          '/levels level_up',
        ])
      },
    ))
})

describe('a receiver that fails', () => {
  test('gets events again with the same id, in order per business, while other businesses go on', () => {
    const failing = new Set<string>()
    return withReceiver(
      (request) => ({ status: failing.has(eventOf(request).data.business_id) ? 500 : 200 }),
      async (receiver) => {
        const [one = '', two = ''] = await server.businesses(2)
        const { id } = await server.hook(receiver.url, { event_types: ['points'] })
        failing.add(one)
        for (const business of [one, one, one, two, two]) await server.award(business)
        await server.settled()
        assert.deepEqual(totalsOf(receiver), { [one]: [1], [two]: [1, 2] })
        const waiting = (await server.deliveries(id, '?status=pending')).toReversed()
        assert.deepEqual(
          waiting.map((row: { attempts: number; next_attempt_at: unknown }) => [
            row.attempts,
            row.next_attempt_at !== null,
          ]),
          [
            [1, true],
            [0, false],
            [0, false],
          ],
        )
        assert.deepEqual(waiting[0].answer, { status: 500, body: '' })

        await later(5_000)
        assert.deepEqual(totalsOf(receiver), { [one]: [1, 1], [two]: [1, 2] })
        failing.clear()
        await later(30_000)
        assert.deepEqual(totalsOf(receiver), { [one]: [1, 1, 1, 2, 3], [two]: [1, 2] })
        const ids = receiver.requests.flatMap((request) =>
          eventOf(request).data.total_points === 1 && eventOf(request).data.business_id === one
            ? [request.headers['webhook-id']]
            : [],
        )
        assert.equal(ids.length, 3)
        assert.equal(new Set(ids).size, 1)
        assert.deepEqual(await server.deliveries(id, '?status=pending'), [])
      },
    )
  })

  test('is tried for a day, then its events are parked, one after the other, and later ones are tried on', () =>
    withReceiver(
      () => ({ status: 503 }),
      async (receiver) => {
        const { business } = await server.owner()
        const { id } = await server.hook(receiver.url, { event_types: ['points'] })
        await server.award(business.id)
        await server.settled()
        const pausesSeconds: number[] = []
        for (let seen = 1; ; seen++) {
          assert.equal(receiver.requests.length, seen)
          const [delivery] = await server.deliveries(id)
          if (delivery.status === 'parked') break
          const pauseMs = Date.parse(delivery.next_attempt_at) - clock.now().getTime()
          pausesSeconds.push(Math.round(pauseMs / 1000))
          await later(pauseMs - 1_000)
          assert.equal(receiver.requests.length, seen, 'it was tried too early')
          await later(1_000)
        }
        assert.deepEqual(pausesSeconds.slice(0, -1), [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800])
        const sum = pausesSeconds.reduce((total, seconds) => total + seconds, 0)
        assert.ok(Math.abs(sum - 86_400) < 60, `it took ${sum} s`)
        await server.award(business.id)
        await server.settled()
        assert.deepEqual(totalsOf(receiver)[business.id]?.slice(-2), [1, 2])
      },
    ))

  test('by answering slowly does not delay others', () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    return withReceiver(
      async () => {
        await held
        return { status: 500 }
      },
      (slow) =>
        withReceiver(
          () => ({ status: 200 }),
          async (good) => {
            // More than one target may have on their way at once.
            const businesses = await server.businesses(20)
            const { id } = await server.hook(slow.url, { event_types: ['points'] })
            await server.hook(good.url, { event_types: ['points'] })
            for (const business of businesses) await server.award(business)
            await good.reached(20)
            assert.ok(slow.requests.length <= 16)
            assert.deepEqual(await server.deliveries(id, '?status=accepted'), [])
            release()
            await server.settled()
            const tried = await server.deliveries(id, '?status=pending&limit=100')
            assert.equal(tried.length, 20)
            assert.ok(tried.every((row: { attempts: number }) => row.attempts === 1))
          },
        ),
    )
  })

  test('by hanging does not delay others, and is cut off', () =>
    withReceiver(
      () => 'hang',
      (bad) =>
        withReceiver(
          () => ({ status: 200 }),
          async (good) => {
            const impatient = await startWebhookServer({ clock, webhooks: { timeLimitMs: 300 } })
            const businesses = await impatient.businesses(20)
            const { id } = await impatient.hook(bad.url, { event_types: ['points'] })
            await impatient.hook(good.url, { event_types: ['points'] })
            for (const business of businesses) await impatient.award(business)
            await good.reached(20)
            await impatient.settled()
            const tried = await impatient.deliveries(id, '?limit=100')
            assert.equal(tried.length, 20)
            for (const row of tried)
              assert.deepEqual([row.status, row.attempts, row.error], ['pending', 1, 'No answer within 0.3 s.'])
            await impatient.close()
          },
        ),
    ))

  test('by redirecting is not followed, and tried again', () =>
    withReceiver(
      () => ({ status: 200 }),
      (inner) =>
        withReceiver(
          () => ({ status: 302, headers: { location: inner.url } }),
          async (receiver) => {
            const { business } = await server.owner()
            const { id } = await server.hook(receiver.url)
            await server.award(business.id)
            await server.settled()
            const [delivery] = await server.deliveries(id)
            assert.deepEqual([delivery.status, delivery.answer.status], ['pending', 302])
            assert.equal(inner.connections, 0)
          },
        ),
    ))

  test('with 410 is made inactive, hears nothing more, and starts anew when an admin says so', () => {
    let status = 410
    return withReceiver(
      () => ({ status }),
      async (receiver) => {
        const { business } = await server.owner()
        const { id } = await server.hook(receiver.url, { event_types: ['points'] })
        await server.award(business.id)
        await server.settled()
        const [hook] = (await server.admins('GET', '/admin/webhooks')).json
        assert.deepEqual([hook.active, hook.disabled_reason], [false, 'gone'])
        assert.equal((await server.deliveries(id))[0].status, 'parked')
        await server.award(business.id)
        await later(HOUR_MS)
        assert.equal(receiver.requests.length, 1)

        status = 200
        const again = await server.admins('PUT', `/admin/webhooks/${id}`, { active: true })
        assert.deepEqual([again.json.active, again.json.disabled_reason], [true, null])
        await server.award(business.id)
        await server.settled()
        assert.deepEqual(totalsOf(receiver)[business.id], [1, 3])
        const audits = await server.pool.query(
          'SELECT actor_kind, action FROM audit_entries WHERE subject_id = $1 ORDER BY id',
          [id],
        )
        assert.deepEqual(
          audits.rows.map((row) => `${row.actor_kind} ${row.action}`),
          ['user webhook.create', 'server webhook.disable', 'user webhook.update'],
        )
      },
    )
  })
})

describe('by hand', () => {
  test('a parked delivery is sent again with the same id, without holding up what is newer', () => {
    let status = 503
    return withReceiver(
      () => ({ status }),
      async (receiver) => {
        const { business } = await server.owner()
        const { id } = await server.hook(receiver.url, { event_types: ['points'] })
        await server.award(business.id)
        await server.settled()
        for (let step = 0; step < 2; step++) await later(25 * HOUR_MS)
        const [parked] = await server.deliveries(id, '?status=parked')
        const redeliver = () => server.admins('POST', `/admin/webhooks/deliveries/${parked.id}/redeliver`)
        const requeued = await redeliver()
        assert.deepEqual([requeued.status, requeued.json.status, requeued.json.attempts], [202, 'pending', 0])
        await server.settled()
        assert.equal(receiver.requests.at(-1)?.headers['webhook-id'], parked.id)
        assert.equal(receiver.requests.at(-1)?.body, parked.request.body)

        // It failed again and waits; a newer event of the same business goes past it.
        const before = receiver.requests.length
        await server.award(business.id)
        await server.settled()
        assert.equal(eventOf(receiver.requests[before] ?? assert.fail()).data.total_points, 2)

        status = 200
        assert.equal((await redeliver()).status, 202)
        await server.settled()
        const [accepted] = await server.deliveries(id, '?status=accepted')
        assert.deepEqual([accepted.id, accepted.answer.status], [parked.id, 200])
        // An accepted one can be sent again too.
        await redeliver()
        await server.settled()
        const attempts = receiver.requests.filter((request) => request.headers['webhook-id'] === parked.id)
        assert.equal(attempts.length, 5)
      },
    )
  })

  test('a ping tests a target, also an inactive one, and is answered with what came of it', () => {
    let status = 200
    return withReceiver(
      () => ({ status, body: 'pong' }),
      async (receiver) => {
        const { id, secret } = await server.hook(receiver.url, { active: false })
        const ping = await server.admins('POST', `/admin/webhooks/${id}/test`)
        assert.equal(ping.status, 200, ping.text)
        assert.deepEqual(
          [ping.json.type, ping.json.status, ping.json.answer, ping.json.business_id],
          ['ping', 'accepted', { status: 200, body: 'pong' }, null],
        )
        const [request] = receiver.requests
        assert.ok(request)
        assert.deepEqual(signersOf(request, { secret }), ['secret'])
        const event = eventOf(request)
        assert.deepEqual([event.type, event.data], ['ping', { webhook_id: id }])
        status = 500
        assert.equal((await server.admins('POST', `/admin/webhooks/${id}/test`)).json.status, 'parked')
        assert.equal((await server.deliveries(id)).length, 2)
        await server.admins('PUT', `/admin/webhooks/${id}`, { active: true })
        const again = await server.admins('POST', `/admin/webhooks/deliveries/${ping.json.id}/redeliver`)
        assert.equal(again.status, 409)
      },
    )
  })

  test('a secret is rotated: both sign while they overlap, then the new one alone', () =>
    withReceiver(
      () => ({ status: 200 }),
      async (receiver) => {
        const { id, secret: first } = await server.hook(receiver.url)
        const rotate = async (body?: unknown): Promise<string> => {
          const rotated = await server.admins('POST', `/admin/webhooks/${id}/rotate-secret`, body)
          assert.equal(rotated.status, 200, rotated.text)
          return rotated.json.secret
        }
        const signers = async (secrets: Record<string, string>) => {
          await server.admins('POST', `/admin/webhooks/${id}/test`)
          return signersOf(receiver.requests.at(-1) ?? assert.fail(), secrets)
        }
        const second = await rotate()
        assert.deepEqual(await signers({ first, second }), ['first', 'second'])
        clock.ahead(24 * HOUR_MS - 60_000)
        assert.deepEqual(await signers({ first, second }), ['first', 'second'])
        clock.ahead(60_000)
        assert.deepEqual(await signers({ first, second }), ['second'])
        const [hook] = (await server.admins('GET', '/admin/webhooks')).json
        assert.equal(hook.previous_secret_until, null)

        const third = await rotate({ overlap_hours: 0 })
        assert.deepEqual(await signers({ first, second, third }), ['third'])
        const fourth = await rotate({ overlap_hours: 1 })
        assert.deepEqual(await signers({ first, second, third, fourth }), ['third', 'fourth'])
      },
    ))
})
