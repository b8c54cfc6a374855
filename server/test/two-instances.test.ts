import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { openFeed, shortly } from '../src/modules/gamification/testing/feed-stream.ts'
import { projectRoot } from '../src/project-root.ts'
import { type Answer, createTestDatabase, testPassword } from './harness.ts'
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts'

const adminEmail = 'admin@example.org'

type Instance = { url: string }
type Call = { token?: string; key?: string; body?: unknown }

async function call(at: Instance, method: string, path: string, { token, key, body }: Call = {}): Promise<Answer> {
  const response = await fetch(`${at.url}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(key ? { 'x-api-key': key } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: text === '' ? undefined : JSON.parse(text) }
}

/** startProcess runs a program of the project and answers it with the addresses that it says are ready. */
async function startProcess(script: string, env: Record<string, string>, count: number) {
  const child = spawn(process.execPath, [join(projectRoot, script)], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const instances: Instance[] = []
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line)
        const url = /is ready at (http:\S+)/.exec(line)?.[1]
        if (url !== undefined && instances.push({ url }) === count) resolve()
      })
    child.on('exit', () => reject(new Error(`it ended early:\n${said.join('\n')}`)))
  })
  return { child, instances }
}

async function stopProcess(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const [code] = await ended
  return code
}

for (const withRedis of hasRedis ? [false, true] : [false])
  describe(`two instances on one PostgreSQL, ${withRedis ? 'with' : 'without'} Redis`, () => {
    let database: Awaited<ReturnType<typeof createTestDatabase>>
    let pool: pg.Pool
    let redis: RedisServer | undefined
    let env: Record<string, string>
    let both: ChildProcess
    let one: Instance
    let two: Instance
    let admin: string
    let key: string
    before(async () => {
      database = await createTestDatabase()
      pool = new pg.Pool({ connectionString: database.url })
      redis = withRedis ? await startRedis() : undefined
      env = {
        DATABASE_URL: database.url,
        SECRET_KEY: 'a secret key of the tests, long enough',
        ADMIN_EMAIL: adminEmail,
        ADMIN_PASSWORD: testPassword,
        API_LIMIT_PER_MINUTE: '0',
        REGISTER_LIMIT_PER_MINUTE: '0',
        LOGIN_LIMIT_PER_MINUTE: '4',
        STREAMS_PER_OWNER: '4',
        ...(redis ? { REDIS_URL: redis.url } : {}),
      }
      const started = await startProcess('scripts/two-instances.ts', env, 2)
      both = started.child
      const [first, second] = started.instances
      assert.ok(first && second)
      one = first
      two = second
      admin = await login(one, adminEmail)
      key = await newKey(one)
      const rule = { type: 'sale', points: 10 }
      await call(one, 'POST', '/admin/gamification/rules', { token: admin, body: rule })
    })
    after(async () => {
      assert.equal(await stopProcess(both), 0)
      await redis?.close()
      await pool.end()
      await database.drop()
    })

    async function login(at: Instance, email: string): Promise<string> {
      const answer = await call(at, 'POST', '/auth/login', { body: { email, password: testPassword } })
      assert.equal(answer.status, 200, answer.text)
      return answer.json.access_token
    }
    async function newKey(at: Instance): Promise<string> {
      const body = { name: 'Till', scopes: ['events:write', 'links:write'] }
      return (await call(at, 'POST', '/admin/api-keys', { token: admin, body })).json.key
    }
    async function newOwner(at: Instance): Promise<{ token: string; businessId: string }> {
      const email = `${randomUUID()}@example.org`
      await call(at, 'POST', '/auth/register', { body: { email, password: testPassword, name: 'Sari' } })
      const token = await login(at, email)
      const body = { business_name: 'Warung Sari', business_category: 'Food', business_stage: 'Operational' }
      const made = await call(at, 'POST', '/business/profile', { token, body })
      return { token, businessId: made.json.id }
    }
    const sell = (at: Instance, business_id: string, idempotency_key: string = randomUUID()) =>
      call(at, 'POST', '/gamification/events', { key, body: { type: 'sale', business_id, idempotency_key } })
    const board = async (at: Instance, token: string) =>
      (await call(at, 'GET', '/gamification/leaderboard?limit=100', { token })).text

    /** untruths are businesses whose total is not what the ledger says. */
    async function untruths(): Promise<unknown[]> {
      const { rows } = await pool.query(`SELECT s.* FROM business_standings AS s
        WHERE s.total_points <> (SELECT coalesce(sum(points), 0) FROM ledger_entries AS l
          WHERE l.business_id = s.business_id)`)
      return rows
    }

    test('any of them takes any event, and what one has made the other knows', async () => {
      const owner = await newOwner(one)
      assert.equal((await sell(two, owner.businessId)).json.total_points, 10)
      const receipt = (await sell(one, owner.businessId)).json
      assert.equal(receipt.total_points, 20)
      const body = { type: 'sale', idempotency_key: 'mine' }
      const own = await call(two, 'POST', '/gamification/events', { token: owner.token, body })
      assert.equal(own.json.total_points, 30)
    })

    test('the same key posted to both at once awards once', async () => {
      const owner = await newOwner(two)
      for (let round = 0; round < 20; round++) {
        const answers = await Promise.all([one, two].map((at) => sell(at, owner.businessId, `round ${round}`)))
        assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 201])
        assert.equal(answers[0]?.json.event_id, answers[1]?.json.event_id)
      }
      const { rows } = await pool.query('SELECT total_points FROM business_standings WHERE business_id = $1', [
        owner.businessId,
      ])
      assert.equal(Number(rows[0].total_points), 200)
      assert.deepEqual(await untruths(), [])
    })

    test('batches for the same businesses at both at once count each event once', async () => {
      const owners = [await newOwner(one), await newOwner(two)]
      const events = Array.from({ length: 300 }, (_, nth) => ({
        type: 'sale',
        business_id: owners[nth % 2]?.businessId,
        idempotency_key: `batch ${nth}`,
      }))
      const post = (at: Instance, sent: unknown[]) =>
        call(at, 'POST', '/gamification/events/batch', { key, body: { events: sent } })
      const answers = await Promise.all([post(one, events), post(two, events.toReversed())])
      const receipts = answers.flatMap(({ json }) => json.results)
      assert.equal(receipts.filter(({ replayed }) => !replayed).length, 300)
      assert.deepEqual(await untruths(), [])
    })

    test('both show the same ranks', async () => {
      const owners = [await newOwner(one), await newOwner(two), await newOwner(one)]
      const [watcher] = owners
      assert.ok(watcher)
      for (const [nth, owner] of owners.entries())
        for (let sale = 0; sale <= nth; sale++) await sell(sale % 2 ? one : two, owner.businessId)
      const deadline = Date.now() + 2_000
      let boards: string[]
      do boards = await Promise.all([board(one, watcher.token), board(two, watcher.token)])
      while (boards[0] !== boards[1] && Date.now() < deadline)
      assert.equal(boards[0], boards[1])
    })

    test('an award at one is in the rank at the other soon', async () => {
      const owner = await newOwner(one)
      const waits: number[] = []
      for (let sale = 1; sale <= 20; sale++) {
        await sell(one, owner.businessId)
        const answeredAt = performance.now()
        while (!(await board(two, owner.token)).includes(`"total_points":${sale * 10}`)) continue
        waits.push(performance.now() - answeredAt)
      }
      const median = waits.toSorted((a, b) => a - b)[10] ?? Infinity
      assert.ok(median < 500, `${waits.map(Math.round)} ms`)
    })

    test('a live feed goes on at the other, and hears of what happens at the first', async () => {
      const owner = await newOwner(one)
      const feed = await openFeed(one, owner)
      await sell(two, owner.businessId)
      const [seen] = await feed.take(1)
      feed.hangUp()
      await sell(one, owner.businessId)
      const resumed = await openFeed(two, owner, { after: seen?.id ?? '' })
      await sell(one, owner.businessId)
      const rest = await resumed.take(4)
      assert.deepEqual(shortly(rest), ['First step', 10, 10, 'Warmed up'])
      resumed.hangUp()
    })

    test('an API key that one revoked, the other refuses within seconds', async () => {
      const body = { name: 'Short', scopes: ['links:write'] }
      const made = (await call(one, 'POST', '/admin/api-keys', { token: admin, body })).json
      const use = async () => (await call(two, 'GET', '/business-links/none', { key: made.key })).status
      assert.equal(await use(), 404)
      await call(one, 'DELETE', `/admin/api-keys/${made.id}`, { token: admin })
      const revokedAt = Date.now()
      while ((await use()) !== 401) assert.ok(Date.now() - revokedAt < 5_000)
    })

    test(`failed sign-ins are counted ${withRedis ? 'together' : 'by each for itself'}`, async () => {
      const email = `${randomUUID()}@example.org`
      const guess = async (at: Instance) =>
        (await call(at, 'POST', '/auth/login', { body: { email, password: 'wrong password' } })).status
      for (const at of [one, two, one, two]) assert.equal(await guess(at), 401)
      const fifth = [await guess(one), await guess(two)]
      assert.deepEqual(fifth, withRedis ? [429, 429] : [401, 401])
    })

    test(`open streams are counted ${withRedis ? 'together' : 'by each for itself'}`, async () => {
      const owner = await newOwner(one)
      const open: Awaited<ReturnType<typeof openFeed>>[] = []
      for (const at of [one, two, one, two]) open.push(await openFeed(at, owner))
      const fifth = await openFeed(two, owner).then(
        (feed) => (open.push(feed), 'open'),
        (error: unknown) => String(error),
      )
      assert.match(fifth, withRedis ? /expected a stream, got 429/ : /^open$/)
      for (const feed of open) feed.hangUp()
    })

    if (withRedis)
      test('nothing fails while Redis is away, and limits are shared again when it is back', async () => {
        await redis?.kill()
        const owner = await newOwner(one)
        for (const at of [one, two]) assert.equal((await sell(at, owner.businessId)).status, 201)
        await redis?.restart()
        const deadline = Date.now() + 10_000
        let shared = false
        while (!shared && Date.now() < deadline) {
          const email = `${randomUUID()}@example.org`
          const statuses: number[] = []
          for (const at of [one, two, one, two, one])
            statuses.push(
              (await call(at, 'POST', '/auth/login', { body: { email, password: 'wrong password' } })).status,
            )
          shared = statuses[4] === 429
        }
        assert.ok(shared)
      })

    test('another one joins under load, and agrees', async () => {
      const owners = [await newOwner(one), await newOwner(two)]
      let joined: Awaited<ReturnType<typeof startProcess>> | undefined
      const targets = [one, two]
      let posted = 0
      async function keepSelling(): Promise<void> {
        for (let left = 40; left > 0; left -= joined ? 1 : 0) {
          const at = targets[posted % targets.length] ?? one
          assert.equal((await sell(at, owners[posted++ % 2]?.businessId ?? '')).status, 201)
        }
      }
      const selling = Promise.all(Array.from({ length: 4 }, keepSelling))
      joined = await startProcess('server/src/main.ts', env, 1)
      const [third] = joined.instances
      assert.ok(third && owners[0])
      targets.push(third)
      await selling
      const deadline = Date.now() + 5_000
      let boards: string[]
      const { token } = owners[0]
      do boards = await Promise.all([one, two, third].map((at) => board(at, token)))
      while (new Set(boards).size > 1 && Date.now() < deadline)
      assert.equal(new Set(boards).size, 1)
      assert.deepEqual(await untruths(), [])
      assert.equal(await stopProcess(joined.child), 0)
    })
  })
