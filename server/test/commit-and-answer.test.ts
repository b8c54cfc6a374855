import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import {
  eventually,
  makeTemporaryPlace,
  type TemporaryPlace,
} from '../src/platform/db/embedded/testing/temporary-place.ts'
import { createTestDatabase, startTestServer, type TestServer } from './harness.ts'
import { newIntegrator } from './integrator.ts'
import { freePort, type ServerProcess, startServerProcess } from './server-process.ts'

// The moment that no random kill is sure to meet: what was asked for is committed, and nobody has been told.

let database: Awaited<ReturnType<typeof createTestDatabase>>
let place: TemporaryPlace
let pool: pg.Pool
let onlooker: TestServer
let server: ServerProcess
let port: number
before(async () => {
  database = await createTestDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  // Dropping the database ends what is only just closing.
  pool.on('error', () => {})
  onlooker = await startTestServer({ databaseUrl: database.url })
  place = await makeTemporaryPlace()
  port = await freePort()
  server = await start()
})
after(async () => {
  await server.end('SIGKILL')
  await onlooker.close()
  await place.remove()
  await pool.end()
  await database.drop()
})

const start = () =>
  startServerProcess({
    dataDir: place.dataDir,
    port,
    env: { DATABASE_URL: database.url, SECRET_KEY: 'a secret key of the tests, long enough' },
  })

async function post(path: string, headers: Record<string, string>, body: unknown) {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, json: JSON.parse(await response.text()) }
}
const count = async (text: string, values: unknown[] = []) => Number((await pool.query(text, values)).rows[0].count)

const WAITING = `SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%award_events%'`

/** killedBetween makes a call whose award commits after the server has stood still, and kills the server before it moves. */
async function killedBetween(call: Parameters<typeof post>, businessId: string): Promise<void> {
  const holder = await pool.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM business_standings WHERE business_id = $1 FOR UPDATE', [businessId])
  const outcome = post(...call).then(
    ({ status }) => `answered ${status}`,
    () => 'cut off',
  )
  await eventually(async () => (await count(WAITING)) === 1)
  server.send('SIGSTOP')
  await holder.query('COMMIT')
  holder.release()
  const committed = 'SELECT count(*) FROM events WHERE business_id = $1'
  await eventually(async () => (await count(committed, [businessId])) > 0)
  await server.end('SIGKILL')
  assert.equal(await outcome, 'cut off')
  server = await start()
}

test('what was committed when the server was killed, before it could answer, is answered by a retry and counted once', async () => {
  const admin = await onlooker.adminToken()
  const rule = { type: 'sale', points: 150 }
  assert.equal((await onlooker.api('POST', '/admin/gamification/rules', { token: admin, body: rule })).status, 201)
  const till = await newIntegrator(onlooker)
  const owners = await Promise.all([1, 2, 3].map(() => onlooker.owner()))
  const [mine = '', sold = '', adjusted = ''] = owners.map(({ business }) => business.id)
  const sale = (idempotency_key: string) => ({ type: 'sale', business_id: sold, idempotency_key })

  const calls: [businessId: string, entries: number, call: Parameters<typeof post>][] = [
    [
      mine,
      1,
      ['/gamification/events', { authorization: `Bearer ${owners[0]?.token}` }, { type: 'sale', idempotency_key: 'k' }],
    ],
    [sold, 2, ['/gamification/events/batch', till.headers, { events: [sale('one'), sale('two')] }]],
    [
      adjusted,
      1,
      [
        '/admin/gamification/adjustments',
        { authorization: `Bearer ${admin}` },
        { business_id: adjusted, points: 150, reason: 'for a test', idempotency_key: 'k' },
      ],
    ],
  ]
  for (const [businessId, entries, call] of calls) {
    await killedBetween(call, businessId)
    const { status, json } = await post(...call)
    const receipts: { replayed: boolean; event_id: string; total_points: number }[] = json.results ?? [json]
    assert.equal(status, 200)
    assert.deepEqual(
      receipts.map(({ replayed, total_points }) => [replayed, total_points]),
      Array.from({ length: entries }, (_, nth) => [true, 150 * (nth + 1)]),
    )
    const { rows } = await pool.query(
      'SELECT event_id, total_after FROM ledger_entries WHERE business_id = $1 ORDER BY sequence',
      [businessId],
    )
    assert.deepEqual(
      rows.map((row) => [row.event_id, row.total_after]),
      receipts.map(({ event_id, total_points }) => [event_id, total_points]),
    )
  }
})
