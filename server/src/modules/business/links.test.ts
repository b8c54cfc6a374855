import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, startTestServer, testPassword, type TestServer } from '../../../test/harness.ts'

describe('business links', () => {
  let server: TestServer
  let admin: string
  let key: string
  before(async () => {
    server = await startTestServer()
    admin = await server.adminToken()
    key = await newKey(['links:write'])
  })
  after(() => server.close())

  async function newKey(scopes: string[]): Promise<string> {
    const made = await server.api('POST', '/admin/api-keys', { token: admin, body: { name: 'Till', scopes } })
    return made.json.key
  }
  const call = (method: string, id: string, body?: unknown, as = key): Promise<Answer> =>
    server.api(method, `/business-links/${encodeURIComponent(id)}`, { body, headers: { 'x-api-key': as } })
  const links = async () =>
    (await server.pool.query('SELECT external_id, business_id FROM business_links ORDER BY 1')).rows

  test('are made once, and again the same, and not to another business', async () => {
    const [first, second] = [await server.owner(), await server.owner()]
    const made = await call('PUT', 'shop-1', { business_id: first.business.id })
    assert.equal(made.status, 200)
    assert.deepEqual(made.json, {
      external_id: 'shop-1',
      business_id: first.business.id,
      created_at: made.json.created_at,
    })
    assert.deepEqual((await call('PUT', 'shop-1', { business_id: first.business.id })).json, made.json)
    const other = await call('PUT', 'shop-1', { business_id: second.business.id })
    assert.equal(other.status, 409)
    assert.equal(other.json.code, 'external_id_linked')
    assert.deepEqual((await call('GET', 'shop-1')).json, made.json)
  })

  test('keep the first business when several are linked at once', async () => {
    const owners = [await server.owner(), await server.owner()]
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, nth) => call('PUT', 'at-once', { business_id: owners[nth % 2]?.business.id })),
    )
    const kept = (await call('GET', 'at-once')).json.business_id
    answers.forEach((answer, nth) => assert.equal(answer.status, owners[nth % 2]?.business.id === kept ? 200 : 409))
  })

  test('take any id of up to 200 characters', async () => {
    const { business } = await server.owner()
    for (const id of ['a/b?c#d', ' ', 'toko 🏪', '名'.repeat(200), '🏪'.repeat(200), business.id]) {
      assert.equal((await call('PUT', id, { business_id: business.id })).status, 200, id)
      assert.equal((await call('GET', id)).json.external_id, id)
    }
    const before = await links()
    for (const id of ['x'.repeat(201), 'nul\0'])
      assert.equal((await call('PUT', id, { business_id: business.id })).status, 422, id)
    assert.deepEqual(await links(), before)
  })

  test('need a business that is there', async () => {
    const before = await links()
    const nobody = '0199e8a0-0000-7000-8000-000000000000'
    assert.equal((await call('PUT', 'shop-2', { business_id: nobody })).status, 404)
    assert.equal((await call('PUT', 'shop-2', { business_id: 'shop-1' })).status, 422)
    assert.equal((await call('PUT', 'shop-2', {})).status, 422)
    assert.deepEqual(await links(), before)
  })

  test('belong to the key that made them', async () => {
    const [first, second] = [await server.owner(), await server.owner()]
    const theirs = await newKey(['links:write'])
    await call('PUT', 'same', { business_id: first.business.id })
    assert.equal((await call('GET', 'same', undefined, theirs)).status, 404)
    assert.equal((await call('DELETE', 'same', undefined, theirs)).status, 404)
    assert.equal((await call('PUT', 'same', { business_id: second.business.id }, theirs)).status, 200)
    assert.equal((await call('GET', 'same')).json.business_id, first.business.id)
  })

  test('are refused to people, to nobody, and to keys without the scope', async () => {
    const { token, business } = await server.owner()
    const before = await links()
    const body = { business_id: business.id }
    assert.equal((await server.api('PUT', '/business-links/mine', { token, body })).status, 401)
    assert.equal((await server.api('PUT', '/business-links/mine', { body })).status, 401)
    assert.equal((await call('PUT', 'mine', body, await newKey(['events:write']))).status, 403)
    assert.deepEqual(await links(), before)
  })

  test('can be removed, and made anew to another business', async () => {
    const [first, second] = [await server.owner(), await server.owner()]
    await call('PUT', 'moved', { business_id: first.business.id })
    assert.equal((await call('DELETE', 'moved')).status, 204)
    assert.equal((await call('DELETE', 'moved')).status, 404)
    assert.equal((await call('GET', 'moved')).status, 404)
    assert.equal((await call('PUT', 'moved', { business_id: second.business.id })).status, 200)
  })

  test('go with the account of the owner, and with the key', async () => {
    const [gone, stays] = [await server.owner(), await server.owner()]
    const made = await server.api('POST', '/admin/api-keys', {
      token: admin,
      body: { name: 'Short', scopes: ['links:write'] },
    })
    for (const as of [key, made.json.key])
      for (const owner of [gone, stays])
        await call('PUT', `customer ${owner.email}`, { business_id: owner.business.id }, as)
    const left = async () => (await links()).filter((link) => link.external_id.startsWith('customer')).length
    assert.equal(await left(), 4)
    await server.api('DELETE', '/auth/me', { token: gone.token, body: { password: testPassword } })
    assert.equal(await left(), 2)
    assert.equal((await call('PUT', 'late', { business_id: gone.business.id })).status, 404)
    await server.api('DELETE', `/admin/api-keys/${made.json.id}`, { token: admin })
    assert.equal(await left(), 1)
  })
})
