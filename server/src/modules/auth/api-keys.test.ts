import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, startTestServer, type TestServer } from '../../../test/harness.ts'

const MINUTE_MS = 60_000

describe('API keys', () => {
  let server: TestServer
  let admin: string
  let now = new Date()
  before(async () => {
    server = await startTestServer({ clock: { now: () => now } })
    admin = await server.adminToken()
  })
  after(() => server.close())

  const make = (body: unknown, token: string | undefined = admin): Promise<Answer> =>
    server.api('POST', '/admin/api-keys', { token, body })
  const newKey = async (scopes = ['links:write'], more = {}) =>
    (await make({ name: 'Till', scopes, ...more })).json as { id: string; key: string }
  const list = async () => (await server.api('GET', '/admin/api-keys', { token: admin })).json
  const use = (key: string, headers: Record<string, string> = {}): Promise<Answer> =>
    server.api('GET', '/business-links/nothing', { headers: { 'x-api-key': key, ...headers } })
  const found = async (table: string): Promise<number> =>
    Number((await server.pool.query(`SELECT count(*) AS n FROM ${table}`)).rows[0].n)

  test('are shown once, and are then known by name and hint only', async () => {
    const expires = new Date(now.getTime() + MINUTE_MS).toISOString()
    const made = await make({ name: '  Till of\nSari ', scopes: ['events:write', 'events:write'], expires_at: expires })
    assert.equal(made.status, 201)
    assert.equal(made.headers.get('cache-control'), 'no-store')
    const { key, ...rest } = made.json
    assert.match(key, /^tgk_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(rest, {
      id: rest.id,
      name: 'Till of Sari',
      hint: key.slice(-4),
      scopes: ['events:write'],
      created_at: now.toISOString(),
      expires_at: expires,
      last_used_at: null,
    })
    assert.deepEqual((await list())[0], rest)
    const stored = JSON.stringify((await server.pool.query('SELECT * FROM api_keys')).rows)
    assert.ok(!stored.includes(key.slice(4, 40)))
    const { rows } = await server.pool.query('SELECT * FROM audit_entries WHERE subject_id = $1', [rest.id])
    assert.equal(rows.length, 1)
    assert.deepEqual(
      [rows[0].action, rows[0].before, rows[0].after],
      ['api_key.create', null, { name: 'Till of Sari', scopes: ['events:write'], expires_at: expires }],
    )
    assert.ok(!JSON.stringify(rows).includes(key.slice(4, 40)))
  })

  const bad: [what: string, body: unknown][] = [
    ['no name', { scopes: ['events:write'] }],
    ['an empty name', { name: ' \n ', scopes: ['events:write'] }],
    ['no scopes', { name: 'Till' }],
    ['no scope', { name: 'Till', scopes: [] }],
    ['an unknown scope', { name: 'Till', scopes: ['events:write', 'everything'] }],
    ['a past', { name: 'Till', scopes: ['events:write'], expires_at: '2020-01-01T00:00:00Z' }],
    ['a far future', { name: 'Till', scopes: ['events:write'], expires_at: '9999-12-31T23:59:59-23:59' }],
    ['no time', { name: 'Till', scopes: ['events:write'], expires_at: 'tomorrow' }],
  ]
  for (const [what, body] of bad)
    test(`are not made of ${what}: 422, and nothing is stored`, async () => {
      const before = [await found('api_keys'), await found('audit_entries')]
      assert.equal((await make(body)).status, 422)
      assert.deepEqual([await found('api_keys'), await found('audit_entries')], before)
    })

  test('are the business of admins: 401 to nobody, 403 to owners, who change nothing', async () => {
    const { token } = await server.owner({ business: false })
    const { id, key } = await newKey()
    const before = await found('api_keys')
    const body = { name: 'Mine', scopes: ['events:write'] }
    for (const [status, sent] of [
      [401, ''],
      [403, token],
    ] as const) {
      assert.equal((await make(body, sent)).status, status)
      assert.equal((await server.api('GET', '/admin/api-keys', { token: sent })).status, status)
      assert.equal((await server.api('DELETE', `/admin/api-keys/${id}`, { token: sent })).status, status)
    }
    assert.equal((await server.api('GET', '/admin/api-keys', { headers: { 'x-api-key': key } })).status, 401)
    assert.equal(await found('api_keys'), before)
    assert.equal((await use(key)).status, 404)
  })

  test('are listed newest first, in pages', async () => {
    const [first, second] = [await newKey(), await newKey()]
    const page = await server.api('GET', '/admin/api-keys?limit=1', { token: admin })
    assert.deepEqual(
      page.json.map((key: { id: string }) => key.id),
      [second.id],
    )
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
    assert.equal((await server.api('GET', next, { token: admin })).json[0].id, first.id)
    assert.equal((await server.api('GET', '/admin/api-keys?cursor=nonsense', { token: admin })).status, 422)
  })

  const wrong: [what: string, headers: (key: string) => Record<string, string>, query?: (key: string) => string][] = [
    ['no key', () => ({})],
    ['an unknown key', () => ({ 'x-api-key': `tgk_${'A'.repeat(43)}` })],
    ['a key of another shape', () => ({ 'x-api-key': 'tgk_short' })],
    ['a key with something after it', (key) => ({ 'x-api-key': `${key}x` })],
    ['two keys', (key) => ({ 'x-api-key': `${key}, ${key}` })],
    ['a key as a bearer token', (key) => ({ authorization: `Bearer ${key}` })],
    ['a key in the query', () => ({}), (key) => `?api_key=${key}&x-api-key=${key}&key=${key}`],
  ]
  for (const [what, headers, query] of wrong)
    test(`${what} is refused with 401`, async () => {
      const { key } = await newKey()
      const answer = await server.api('GET', `/business-links/nothing${query?.(key) ?? ''}`, { headers: headers(key) })
      assert.equal(answer.status, 401)
      assert.equal(answer.json.code, 'invalid_api_key')
    })

  test('a token of a person is no key', async () => {
    const answer = await server.api('GET', '/business-links/nothing', { token: admin })
    assert.equal(answer.status, 401)
  })

  test('a key without the scope is refused with 403', async () => {
    const { key } = await newKey(['events:write', 'feed:read'])
    const answer = await use(key)
    assert.equal(answer.status, 403)
    assert.equal(answer.json.code, 'scope_missing')
  })

  test('a revoked key holds no longer, at once, and stays in the audit log', async () => {
    const { id, key } = await newKey()
    assert.equal((await use(key)).status, 404)
    const path = `/admin/api-keys/${id}`
    assert.equal((await server.api('DELETE', path, { token: admin })).status, 204)
    assert.equal((await use(key)).status, 401)
    assert.equal((await server.api('DELETE', path, { token: admin })).status, 404)
    assert.equal((await server.api('DELETE', '/admin/api-keys/nonsense', { token: admin })).status, 422)
    assert.ok(!(await list()).some((listed: { id: string }) => listed.id === id))
    const { rows } = await server.pool.query('SELECT action FROM audit_entries WHERE subject_id = $1 ORDER BY id', [id])
    assert.deepEqual(
      rows.map(({ action }) => action),
      ['api_key.create', 'api_key.delete'],
    )
  })

  test('a key that another instance revoked holds for two seconds at most', async () => {
    const { id, key } = await newKey()
    assert.equal((await use(key)).status, 404)
    await server.pool.query('DELETE FROM api_keys WHERE id = $1', [id])
    now = new Date(now.getTime() + 2_000)
    assert.equal((await use(key)).status, 401)
  })

  test('a key holds until the very moment when it expires', async () => {
    const { key } = await newKey(['links:write'], { expires_at: new Date(now.getTime() + 1_000).toISOString() })
    assert.equal((await use(key)).status, 404)
    now = new Date(now.getTime() + 999)
    assert.equal((await use(key)).status, 404)
    now = new Date(now.getTime() + 1)
    assert.equal((await use(key)).status, 401)
  })

  test('remember when they were last used, with at most one write a minute', async () => {
    const { id, key } = await newKey()
    const used = async () => {
      await use(key)
      await server.app.auth.close()
      const { rows } = await server.pool.query('SELECT last_used_at, xmin FROM api_keys WHERE id = $1', [id])
      return rows[0]
    }
    const first = await used()
    assert.deepEqual(first.last_used_at, now)
    const began = now.getTime()
    now = new Date(began + MINUTE_MS - 1)
    assert.deepEqual(await used(), first)
    now = new Date(began + MINUTE_MS)
    assert.deepEqual((await used()).last_used_at, now)
    // An hour is beyond the life of the admin's token of before.
    admin = await server.adminToken()
    assert.equal((await list()).find((listed: { id: string }) => listed.id === id).last_used_at, now.toISOString())
  })
})

test('all calls of a key are counted together, apart from those of people and of other keys', async () => {
  const server = await startTestServer({ env: { API_LIMIT_PER_MINUTE: '5' } })
  const admin = await server.adminToken()
  const make = async () =>
    (await server.api('POST', '/admin/api-keys', { token: admin, body: { name: 'Till', scopes: ['links:write'] } }))
      .json
  const [first, second] = [await make(), await make()]
  const use = async ({ key }: { key: string }) =>
    (await server.api('GET', '/business-links/nothing', { headers: { 'x-api-key': key } })).status
  for (let call = 0; call < 5; call++) assert.equal(await use(first), 404)
  assert.equal(await use(first), 429)
  assert.equal(await use(second), 404)
  assert.equal((await server.api('GET', '/admin/api-keys', { token: admin })).status, 200)
  await server.close()
})
