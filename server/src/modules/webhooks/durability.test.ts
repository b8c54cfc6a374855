import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { createTestDatabase, startTestServer, testPassword } from '../../../test/harness.ts'
import { type Reply, startReceiver } from './testing/receiver.ts'
import { eventOf, movableClock, startWebhookServer, totalsOf } from './testing/webhook-server.ts'

const DAY_MS = 86_400_000
const SECRET_KEY = 'a secret key of the tests, long enough'
const mainFile = fileURLToPath(new URL('../../main.ts', import.meta.url))

const ok = (): Reply => ({ status: 200 })

test('what was on its way when the server was killed is sent again, in order, with the same id', async () => {
  const database = await createTestDatabase()
  after(() => database.drop())
  let reply: Reply = 'hang'
  const receiver = await startReceiver(() => reply)
  after(() => receiver.close())

  const child = spawn(process.execPath, [mainFile], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      SECRET_KEY,
      PORT: '0',
      ADMIN_EMAIL: 'admin@example.org',
      ADMIN_PASSWORD: testPassword,
      WEBHOOK_ALLOW_PRIVATE: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  after(() => child.kill('SIGKILL'))
  const url = await addressOf(child.stderr)
  const call = async (path: string, body: unknown, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
    const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.ok(answer.ok, `${path} answered ${answer.status}`)
    return JSON.parse(await answer.text())
  }
  const { access_token: token } = await call('/auth/login', { email: 'admin@example.org', password: testPassword })
  const profile = { business_name: 'Warung Sari', business_category: 'Food', business_stage: 'Operational' }
  const business = await call('/business/profile', profile, token)
  await call('/admin/webhooks', { url: receiver.url, event_types: ['points'] }, token)
  for (const key of ['one', 'two']) {
    const adjustment = { business_id: business.id, points: 1, reason: 'a test', idempotency_key: key }
    await call('/admin/gamification/adjustments', adjustment, token)
  }
  await receiver.reached(1)
  child.kill('SIGKILL')
  await gone

  reply = { status: 200 }
  const clock = movableClock()
  const env = { WEBHOOK_ALLOW_PRIVATE: '1' }
  const second = await startTestServer({ databaseUrl: database.url, clock, env })
  after(() => second.close())
  await second.app.webhooks.courier.settled()
  assert.equal(receiver.requests.length, 1, 'the lease of the killed server holds')
  clock.ahead(61_000)
  await second.app.webhooks.courier.settled()
  assert.deepEqual(totalsOf(receiver), { [business.id]: [1, 1, 2] })
  const [first, again] = receiver.requests
  assert.equal(first?.headers['webhook-id'], again?.headers['webhook-id'])
})

test('a server that stops leaves what hangs to the others at once', async () => {
  let reply: Reply = 'hang'
  const receiver = await startReceiver(() => reply)
  after(() => receiver.close())
  const server = await startWebhookServer()
  after(() => server.close())
  const stopping = await startTestServer({ databaseUrl: server.databaseUrl, env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
  await server.app.webhooks.close()
  const [business = ''] = await server.businesses(1)
  await server.hook(receiver.url, { event_types: ['points'] })
  await server.award(business)
  stopping.app.webhooks.courier.wake()
  await receiver.reached(1)
  await stopping.close()
  reply = { status: 200 }
  const next = await startTestServer({ databaseUrl: server.databaseUrl, env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
  after(() => next.close())
  await next.app.webhooks.courier.settled()
  assert.deepEqual(totalsOf(receiver), { [business]: [1, 1] })
})

test('two servers on one database deliver what is awarded on both once, and in order per business', async () => {
  const receiver = await startReceiver(ok)
  after(() => receiver.close())
  const first = await startWebhookServer()
  after(() => first.close())
  const second = await startTestServer({ databaseUrl: first.databaseUrl, env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
  after(() => second.close())
  const businesses = await first.businesses(6)
  await first.hook(receiver.url, { event_types: ['points'] })
  second.app.webhooks.courier.wake()

  const token = await first.adminToken()
  const rounds = 12
  const awards = businesses.flatMap((id) => Array.from({ length: rounds }, (_, n) => ({ id, key: `award ${n}` })))
  await Promise.all(
    awards.map(async ({ id, key }, index) => {
      const server = index % 2 === 0 ? first : second
      const body = { business_id: id, points: 1, reason: 'a test', idempotency_key: key }
      const answer = await server.api('POST', '/admin/gamification/adjustments', { token, body })
      assert.equal(answer.status, 201, answer.text)
    }),
  )
  await receiver.reached(awards.length)
  await Promise.all([first.app.webhooks.courier.settled(), second.app.webhooks.courier.settled()])
  const inOrder = Array.from({ length: rounds }, (_, n) => n + 1)
  assert.deepEqual(totalsOf(receiver), Object.fromEntries(businesses.map((id) => [id, inOrder])))
  const { rows } = await first.pool.query(`
    SELECT (SELECT count(*) FROM outbox AS o WHERE kind = 'points') AS announced,
      (SELECT count(*) FROM webhook_deliveries WHERE status = 'accepted' AND attempts = 1) AS delivered,
      (SELECT count(*) FROM webhook_lanes) AS lanes`)
  assert.deepEqual(rows, [{ announced: awards.length, delivered: awards.length, lanes: 0 }])
})

test('however receivers fail, what they have taken is every event once, in order per business', async () => {
  const clock = movableClock()
  const taken: Record<string, number[]> = {}
  // The same misfortunes in every run: a linear congruential generator.
  let state = 20_261_122
  const chance = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
  const receiver = await startReceiver((request) => {
    const roll = chance()
    if (roll < 0.3) return { status: 500 }
    if (roll < 0.35) return 'reset'
    const { data } = eventOf(request)
    ;(taken[data.business_id] ??= []).push(data.total_points ?? -1)
    return { status: 200 }
  })
  after(() => receiver.close())
  const first = await startWebhookServer({ clock })
  after(() => first.close())
  const second = await startTestServer({
    databaseUrl: first.databaseUrl,
    env: { WEBHOOK_ALLOW_PRIVATE: '1' },
    clock,
  })
  after(() => second.close())
  const businesses = await first.businesses(5)
  await first.hook(receiver.url, { event_types: ['points'] })
  const rounds = 8
  for (let round = 0; round < rounds; round++) for (const business of businesses) await first.award(business)

  const lanes = async (which: string, values: unknown[] = []) =>
    Number((await first.pool.query(`SELECT count(*) FROM webhook_lanes WHERE ${which}`, values)).rows[0].count)
  const waiting = () => lanes('true')
  // One may take on what the other has just left. Were the clock moved meanwhile, its lease would be over, as if it had hung.
  const busy = () => lanes('claim IS NOT NULL OR next_attempt_at <= $1', [clock.now()])
  const settled = async () => {
    do await Promise.all([first, second].map((server) => server.app.webhooks.courier.settled()))
    while ((await busy()) > 0)
  }
  for (await settled(); (await waiting()) > 0; await settled()) clock.ahead(600_000)
  const inOrder = Array.from({ length: rounds }, (_, n) => n + 1)
  assert.deepEqual(taken, Object.fromEntries(businesses.map((id) => [id, inOrder])))
})

test('an event whose transaction commits after later ones is neither lost nor overtaken in its business', async () => {
  const receiver = await startReceiver(ok)
  after(() => receiver.close())
  const server = await startWebhookServer()
  after(() => server.close())
  const [late = '', early = ''] = await server.businesses(2)
  await server.hook(receiver.url, { event_types: ['points'] })

  const client = await server.pool.connect()
  await client.query('BEGIN')
  await client.query(
    `INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, occurred_at, created_at)
     VALUES (gen_random_uuid(), $1, 1, gen_random_uuid(), 'sale', 7, 7, now(), now())`,
    [late],
  )
  await server.award(early)
  const settled = server.settled()
  await client.query('COMMIT')
  client.release()
  await settled
  assert.deepEqual(totalsOf(receiver), { [late]: [7], [early]: [1] })
})

test('a database that was moved to another cluster goes on where it was, and tells nothing twice', async () => {
  const receiver = await startReceiver(ok)
  after(() => receiver.close())
  const server = await startWebhookServer()
  after(() => server.close())
  const [business = ''] = await server.businesses(1)
  await server.hook(receiver.url, { event_types: ['points'] })
  await server.award(business)
  await server.settled()
  await server.app.webhooks.close()
  // As after a restore: announced before it, fanned out never, and all transaction ids of another cluster.
  await server.award(business)
  await server.pool.query(`UPDATE webhook_tail SET place = 'elsewhere', bound = '999999999999'`)
  await server.pool.query(`UPDATE webhook_targets SET since = '999999999:999999999:'`)

  const next = await startTestServer({ databaseUrl: server.databaseUrl, env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
  after(() => next.close())
  await next.app.webhooks.courier.settled()
  assert.deepEqual(totalsOf(receiver), { [business]: [1, 2] })
  await server.award(business)
  await next.app.webhooks.courier.settled()
  assert.deepEqual(totalsOf(receiver), { [business]: [1, 2, 3] })
})

test('accepted deliveries are kept for a week, parked ones for a month, those of deleted targets not at all', async () => {
  const clock = movableClock()
  let status = 200
  const receiver = await startReceiver(() => ({ status }))
  after(() => receiver.close())
  const server = await startWebhookServer({ clock })
  after(() => server.close())
  const { housekeeping } = server.app.webhooks
  const [business = '', other = ''] = await server.businesses(2)
  const { id } = await server.hook(receiver.url, { event_types: ['points'] })
  await server.award(business)
  await server.settled()
  status = 500
  await server.award(other)
  await server.settled()
  const statuses = async () => (await server.deliveries(id)).map((row: { status: string }) => row.status)

  await housekeeping.run()
  assert.deepEqual(await statuses(), ['pending', 'accepted'])
  await server.admins('PUT', `/admin/webhooks/${id}`, { active: false })
  clock.ahead(DAY_MS + 3_700_000)
  await housekeeping.run()
  assert.deepEqual(await statuses(), ['parked', 'accepted'], 'what can no longer be tried is parked')
  clock.ahead(7 * DAY_MS)
  await housekeeping.run()
  assert.deepEqual(await statuses(), ['parked'])
  clock.ahead(24 * DAY_MS)
  await housekeeping.run()
  assert.deepEqual(await statuses(), [])

  status = 200
  await server.admins('PUT', `/admin/webhooks/${id}`, { active: true })
  await server.award(business)
  await server.settled()
  assert.deepEqual(await statuses(), ['accepted'])
  await server.admins('DELETE', `/admin/webhooks/${id}`)
  await housekeeping.run()
  for (const table of ['webhook_deliveries', 'webhook_lanes', 'webhook_targets'])
    assert.equal((await server.pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count, 0, table)
})

/** addressOf waits for the line with which the server greets, and reads its address from it. */
async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = []
  for await (const line of createInterface({ input: stderr })) {
    const found = /ready at (http:\S+)/.exec(line)?.[1]
    if (found) return found
    lines.push(line)
  }
  throw new Error(`the server ended without a greeting: ${lines.join('\n')}`)
}
