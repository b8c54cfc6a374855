import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { newId } from '../../platform/ids.ts'
import { createFanOutRepository } from './fan-out-repository.ts'
import { startWebhookServer } from './testing/webhook-server.ts'

let server: Awaited<ReturnType<typeof startWebhookServer>>
let targetId: string
before(async () => {
  server = await startWebhookServer()
  // Its own work would get in the way.
  await server.app.webhooks.close()
})
after(() => server.close())
beforeEach(async () => {
  for (const table of ['webhook_lanes', 'webhook_deliveries', 'webhook_targets', 'ledger_entries'])
    await server.pool.query(`DELETE FROM ${table}`)
  targetId = (await server.hook('http://127.0.0.1:1/')).id
})

/** announce enters as many points as asked, in one transaction. */
async function announce(business: string, first: number, rows: number): Promise<void> {
  await server.pool.query(
    `INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, occurred_at, created_at)
     SELECT gen_random_uuid(), $1, n, gen_random_uuid(), 'sale', 1, n, now(), now()
     FROM generate_series($2::integer, $2::integer + $3::integer - 1) AS n`,
    [business, first, rows],
  )
}

const deliveries = async () =>
  (await server.pool.query('SELECT target_id, lane, sequence FROM webhook_deliveries ORDER BY id')).rows

test('transactions of any size are fanned out once, whatever the size of the chunks', async () => {
  const business = newId()
  const sizes = [1, 5, 2, 3, 7, 1, 1, 1, 4]
  let next = 1
  for (const rows of sizes) {
    await announce(business, next, rows)
    next += rows
  }
  const repository = createFanOutRepository(server, 3)
  for (let state = await repository.state(); state.isReadable || state.isUnsettled; state = await repository.state())
    await repository.fanOut(new Date())
  const sequences = (await deliveries()).map((row) => row.sequence).toSorted((a: number, b: number) => a - b)
  assert.deepEqual(
    sequences,
    Array.from({ length: next - 1 }, (_, n) => n + 1),
  )
  await repository.fanOut(new Date())
  assert.equal((await deliveries()).length, next - 1)
  assert.deepEqual((await server.pool.query('SELECT target_id, lane FROM webhook_lanes')).rows, [
    { target_id: targetId, lane: business },
  ])
})

test('deliveries of one fan-out have ids in the order of their events, also by the thousand', async () => {
  const business = newId()
  await announce(business, 1, 10_000)
  const repository = createFanOutRepository(server)
  const now = new Date()
  for (let state = await repository.state(); state.isReadable || state.isUnsettled; state = await repository.state())
    await repository.fanOut(now)
  const sequences = (await deliveries()).map((row) => row.sequence)
  assert.equal(sequences.length, 10_000)
  assert.deepEqual(
    sequences,
    sequences.toSorted((a: number, b: number) => a - b),
  )
  const [first] = (await server.pool.query('SELECT min(id::text) AS id FROM webhook_deliveries')).rows
  assert.match(first.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
  assert.equal(Number.parseInt(first.id.replace('-', '').slice(0, 12), 16), now.getTime())
})

test('servers that fan out at the same time do it once between them', async () => {
  const business = newId()
  for (let n = 1; n <= 20; n++) await announce(business, n, 1)
  const repositories = [1, 2, 3, 4].map(() => createFanOutRepository(server, 5))
  const [first] = repositories
  assert.ok(first)
  for (let state = await first.state(); state.isReadable || state.isUnsettled; state = await first.state())
    await Promise.all(repositories.map((repository) => repository.fanOut(new Date())))
  assert.equal((await deliveries()).length, 20)
})
