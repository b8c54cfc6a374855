import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Answer, startTestServer, testPassword, type TestServer } from '../../../test/harness.ts'

const MINUTE_MS = 60_000

describe('personal keys', () => {
  let server: TestServer
  let now = new Date()
  before(async () => {
    server = await startTestServer({ clock: { now: () => now } })
  })
  after(() => server.close())

  const make = (token: string | undefined, body: unknown): Promise<Answer> =>
    server.api('POST', '/personal-keys', { token, body })
  const newKey = async (token: string, more = {}): Promise<{ id: string; key: string }> =>
    (await make(token, { name: 'Chat', ...more })).json
  const list = async (token: string) => (await server.api('GET', '/personal-keys', { token })).json
  const holds = async (key: string) => (await server.app.business.personalKeys.identify(key)) !== undefined

  test('are shown once, bound to one business, and stored as a hash', async () => {
    const owner = await server.owner()
    const second = await server.api('POST', '/business/profile', {
      token: owner.token,
      body: { business_name: 'Second', business_category: 'Food', business_stage: 'Idea' },
    })
    const expires_at = new Date(now.getTime() + MINUTE_MS).toISOString()
    const body = { name: ' My\nlaptop ', business_id: second.json.id, expires_at, user_id: randomUUID() }
    const made = await make(owner.token, body)
    assert.equal(made.status, 201)
    assert.equal(made.headers.get('cache-control'), 'no-store')
    const { key, ...rest } = made.json
    assert.match(key, /^tgp_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(rest, {
      id: rest.id,
      name: 'My laptop',
      business_id: second.json.id,
      hint: key.slice(-4),
      created_at: now.toISOString(),
      expires_at,
      last_used_at: null,
    })
    assert.deepEqual(await list(owner.token), [rest])
    const stored = JSON.stringify((await server.pool.query('SELECT * FROM personal_keys')).rows)
    assert.ok(!stored.includes(key.slice(4, 40)))
    const known = await server.app.business.personalKeys.identify(key)
    assert.deepEqual([known?.userId, known?.businessId], [owner.user.id, second.json.id])
    const first = await newKey(owner.token)
    assert.equal((await server.app.business.personalKeys.identify(first.key))?.businessId, owner.business.id)
  })

  test('are not made of nonsense, for a business of somebody else, or without a business', async () => {
    const [owner, other] = [await server.owner(), await server.owner()]
    const bare = await server.owner({ business: false })
    for (const [status, body] of [
      [422, {}],
      [422, { name: ' ' }],
      [422, { name: 'x', expires_at: '2020-01-01T00:00:00Z' }],
      [422, { name: 'x', business_id: 'mine' }],
      [404, { name: 'x', business_id: other.business.id }],
      [404, { name: 'x', business_id: randomUUID() }],
    ] as const)
      assert.equal((await make(owner.token, body)).status, status, JSON.stringify(body))
    assert.equal((await make(bare.token, { name: 'x' })).json.code, 'no_business')
    assert.equal((await make(undefined, { name: 'x' })).status, 401)
    assert.deepEqual(await list(owner.token), [])
  })

  test('are at most 20 an owner, also when many are asked for at once', async () => {
    const { token } = await server.owner()
    const made = await Promise.all(Array.from({ length: 23 }, () => make(token, { name: 'x' })))
    const statuses = made.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [...Array<number>(20).fill(201), 409, 409, 409])
    assert.equal(made.find(({ status }) => status === 409)?.json.code, 'too_many_keys')
    const [{ id }] = await list(token)
    assert.equal((await server.api('DELETE', `/personal-keys/${id}`, { token })).status, 204)
    assert.equal((await make(token, { name: 'x' })).status, 201)
  })

  test('are listed in pages, to their owner alone, and revoked by their owner alone', async () => {
    const [owner, other] = [await server.owner(), await server.owner()]
    const [first, second] = [await newKey(owner.token), await newKey(owner.token)]
    assert.deepEqual(await list(other.token), [])
    const page = await server.api('GET', '/personal-keys?limit=1', { token: owner.token })
    assert.equal(page.json[0].id, second.id)
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
    assert.equal((await server.api('GET', next, { token: owner.token })).json[0].id, first.id)

    const path = `/personal-keys/${first.id}`
    assert.equal((await server.api('DELETE', path, { token: other.token })).status, 404)
    assert.ok(await holds(first.key))
    assert.equal((await server.api('DELETE', path, { token: owner.token })).status, 204)
    assert.ok(!(await holds(first.key)))
    assert.equal((await server.api('DELETE', path, { token: owner.token })).status, 404)
    assert.ok(await holds(second.key))
  })

  test('open nothing of the account: neither its keys nor its profile', async () => {
    const { token } = await server.owner()
    const { key, id } = await newKey(token)
    for (const [method, path] of [
      ['GET', '/personal-keys'],
      ['POST', '/personal-keys'],
      ['DELETE', `/personal-keys/${id}`],
      ['GET', '/auth/me'],
      ['DELETE', '/auth/me'],
      ['GET', '/business/profile'],
      ['GET', '/chat/sessions'],
      ['GET', '/gamification/points'],
      ['GET', '/admin/users'],
    ] as const) {
      const body = method === 'GET' ? {} : { body: { name: 'x', password: testPassword } }
      assert.equal((await server.api(method, path, { token: key, ...body })).status, 401, `${method} ${path}`)
      const asApiKey = await server.api(method, path, { headers: { 'x-api-key': key }, ...body })
      assert.equal(asApiKey.status, 401, `${method} ${path}`)
    }
  })

  test('hold until the very moment when they expire', async () => {
    const { token } = await server.owner()
    const { key } = await newKey(token, { expires_at: new Date(now.getTime() + 1_000).toISOString() })
    now = new Date(now.getTime() + 999)
    assert.ok(await holds(key))
    now = new Date(now.getTime() + 1)
    assert.ok(!(await holds(key)))
  })

  test('hold no longer once their owner is disabled or erased, or has lost the business', async () => {
    const admin = await server.adminToken()
    const disabled = await server.owner()
    const key = await newKey(disabled.token)
    const path = `/admin/users/${disabled.user.id}`
    await server.api('PATCH', path, { token: admin, body: { disabled: true } })
    assert.ok(!(await holds(key.key)))
    await server.api('PATCH', path, { token: admin, body: { disabled: false } })
    assert.ok(await holds(key.key))

    const erased = await server.owner()
    const gone = await newKey(erased.token)
    await server.api('DELETE', '/auth/me', { token: erased.token, body: { password: testPassword } })
    assert.ok(!(await holds(gone.key)))
    const rows = await server.pool.query('SELECT FROM personal_keys WHERE user_id = $1', [erased.user.id])
    assert.equal(rows.rowCount, 0)

    const [seller, buyer] = [await server.owner(), await server.owner()]
    const lost = await newKey(seller.token)
    await server.pool.query('UPDATE businesses SET user_id = $1 WHERE id = $2', [buyer.user.id, seller.business.id])
    assert.ok(!(await holds(lost.key)))
  })

  test('remember when they were last used, with at most one write a minute', async () => {
    const { token } = await server.owner()
    const { key } = await newKey(token)
    const used = async () => {
      await holds(key)
      await server.app.business.close()
      return (await list(token))[0].last_used_at
    }
    const first = now.toISOString()
    assert.equal(await used(), first)
    now = new Date(now.getTime() + MINUTE_MS - 1)
    assert.equal(await used(), first)
    now = new Date(now.getTime() + 1)
    assert.equal(await used(), now.toISOString())
  })
})
