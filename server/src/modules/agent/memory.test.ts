import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'

let server: TestServer
before(async () => void (server = await startTestServer()))
after(() => server?.close())

const path = '/advisor/facts'
const add = (token: string, content: string, more: object = {}) =>
  server.api('POST', path, { token, body: { content, ...more } })

describe('what the advisor remembers', () => {
  test('is written by hand, dated, with what it is about and who wrote it, and listed newest first', async () => {
    const { token, business } = await server.owner()
    const first = await add(token, '  We close\non Mondays ')
    assert.equal(first.status, 201, first.text)
    const second = await add(token, 'I prefer short answers', { kind: 'owner', business_id: business.id })
    const { id, created_at, updated_at, ...rest } = first.json
    assert.deepEqual(rest, {
      business_id: business.id,
      content: 'We close on Mondays',
      kind: 'business',
      source: 'owner',
    })
    assert.equal(created_at, updated_at)
    assert.equal(second.json.kind, 'owner')
    const list = await server.api('GET', path, { token })
    assert.deepEqual(list.json, [second.json, first.json])
    assert.ok(id < second.json.id)
  })

  test('is paged', async () => {
    const { token } = await server.owner()
    for (const content of ['one', 'two', 'three']) await add(token, content)
    const page = await server.api('GET', `${path}?limit=2`, { token })
    assert.deepEqual(
      page.json.map((fact: { content: string }) => fact.content),
      ['three', 'two'],
    )
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    const rest = await server.api('GET', `${server.url}${next}`, { token })
    assert.deepEqual([rest.json.length, rest.json[0].content, rest.headers.get('link')], [1, 'one', null])
    assert.equal((await server.api('GET', `${path}?cursor=nonsense`, { token })).status, 422)
  })

  test('is kept once however it is written, and the known fact is answered', async () => {
    const { token } = await server.owner()
    const first = await add(token, 'We sell soto.')
    for (const same of ['we  sell SOTO', '“We sell soto”', 'We sell soto!', 'Ｗｅ sell soto']) {
      const again = await add(token, same)
      assert.deepEqual([again.status, again.json], [200, first.json], same)
    }
    assert.equal((await add(token, 'We sell soto and satay')).status, 201)
  })

  test('is changed in words and kind; words changed by hand are the owner’s', async () => {
    const { token, user, business } = await server.owner()
    const owner = { userId: user.id, businessId: business.id }
    const { fact } = await server.app.agent.facts.remember(owner, 'Rent is due on the 5th')
    assert.equal(fact.source, 'advisor')
    const kind = await server.api('PATCH', `${path}/${fact.id}`, { token, body: { kind: 'owner' } })
    assert.deepEqual([kind.status, kind.json.kind, kind.json.source], [200, 'owner', 'advisor'])
    const words = { content: 'Rent is due on the 7th', id: 'x', source: 'advisor', business_id: 'x' }
    const changed = await server.api('PATCH', `${path}/${fact.id}`, { token, body: words })
    assert.deepEqual(
      [changed.json.id, changed.json.content, changed.json.kind, changed.json.source],
      [fact.id, 'Rent is due on the 7th', 'owner', 'owner'],
    )
    assert.ok(changed.json.updated_at >= changed.json.created_at)
    const nothing = await server.api('PATCH', `${path}/${fact.id}`, { token, body: {} })
    assert.deepEqual(nothing.json, changed.json)
    const other = await add(token, 'We open at 8')
    const clash = await server.api('PATCH', `${path}/${other.json.id}`, {
      token,
      body: { content: 'rent is due on the 7th' },
    })
    assert.deepEqual([clash.status, clash.json.code], [409, 'fact_known'])
    const spelling = await server.api('PATCH', `${path}/${other.json.id}`, {
      token,
      body: { content: 'We open at 8.' },
    })
    assert.equal(spelling.json.content, 'We open at 8.')
  })

  test('is forgotten on demand, once', async () => {
    const { token } = await server.owner()
    const { json } = await add(token, 'We close on Mondays')
    assert.equal((await server.api('DELETE', `${path}/${json.id}`, { token })).status, 204)
    assert.deepEqual((await server.api('GET', path, { token })).json, [])
    for (const method of ['DELETE', 'PATCH'])
      assert.equal((await server.api(method, `${path}/${json.id}`, { token, body: {} })).status, 404)
    assert.equal((await add(token, 'We close on Mondays')).status, 201)
  })

  test('is nobody else’s: another owner reads, changes, adds and deletes nothing of it', async () => {
    const [sari, budi] = [await server.owner(), await server.owner()]
    const { json: fact } = await add(sari.token, 'The till code is 1234')
    const attempts = [
      await server.api('GET', `${path}?business_id=${sari.business.id}`, { token: budi.token }),
      await add(budi.token, 'Budi was here', { business_id: sari.business.id }),
      await server.api('PATCH', `${path}/${fact.id}`, { token: budi.token, body: { content: 'Budi was here' } }),
      await server.api('DELETE', `${path}/${fact.id}`, { token: budi.token }),
    ]
    assert.deepEqual(
      attempts.map(({ status }) => status),
      [404, 404, 404, 404],
    )
    assert.ok(attempts.every(({ text }) => !text.includes('1234')))
    assert.deepEqual((await server.api('GET', path, { token: sari.token })).json, [fact])
    assert.deepEqual((await server.api('GET', path, { token: budi.token })).json, [])
  })

  test('refuses what is empty, too long or of another kind, and a hundred and first fact', async () => {
    const { token, user, business } = await server.owner()
    for (const body of [{ content: '' }, { content: 'x'.repeat(501) }, { content: 'x', kind: 'secret' }, {}])
      assert.equal((await server.api('POST', path, { token, body })).status, 422)
    const owner = { userId: user.id, businessId: business.id }
    for (let index = 0; index < 100; index++) await server.app.agent.facts.remember(owner, `fact ${index}`)
    const tooMany = await add(token, 'one more')
    assert.deepEqual([tooMany.status, tooMany.json.code], [409, 'too_many_facts'])
  })

  test('belongs to the business it was told for, also of the same owner', async () => {
    const { token } = await server.owner()
    const profile = { business_name: 'Kopi Sari', business_category: 'Café', business_stage: 'Idea' }
    const second = await server.api('POST', '/business/profile', { token, body: profile })
    await add(token, 'I am left-handed', { kind: 'owner', business_id: second.json.id })
    assert.deepEqual((await server.api('GET', path, { token })).json, [])
    const there = await server.api('GET', `${path}?business_id=${second.json.id}`, { token })
    assert.equal(there.json.length, 1)
  })

  test('is erased with the account', async () => {
    const { token, business } = await server.owner()
    await add(token, 'I was born in Solo')
    const body = { password: 'a-long-enough-password' }
    assert.equal((await server.api('DELETE', '/auth/me', { token, body })).status, 204)
    assert.deepEqual(await server.app.agent.facts.list(business.id), [])
    assert.equal((await add(token, 'Still here')).status, 404)
  })
})
