import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { auditEntries } from '../../platform/audit/schema.ts'
import { newId } from '../../platform/ids.ts'
import { businessStandings } from './schema.ts'

let server: TestServer
let admin: string
before(async () => {
  server = await startTestServer()
  admin = await server.adminToken()
})
after(() => server.close())

const list = (query = '', token: string | undefined = admin) =>
  server.api('GET', `/admin/businesses${query}`, { token })
const patch = (id: string, body: unknown, token: string | undefined = admin) =>
  server.api('PATCH', `/admin/businesses/${id}`, { token, body })
const onBoard = async (id: string) =>
  (await server.db.select().from(businessStandings).where(eq(businessStandings.businessId, id)))[0]?.onBoard
const auditsOf = (id: string) => server.db.select().from(auditEntries).where(eq(auditEntries.subjectId, id))

describe('the list of businesses', () => {
  test('has each with its owner, newest first, in pages without a gap', async () => {
    const owners = [await server.owner(), await server.owner(), await server.owner()]
    const first = await list('?limit=2')
    assert.equal(first.status, 200)
    const expected = owners
      .toReversed()
      .map(({ business, user, email }) => ({ ...business, owner: { id: user.id, name: user.name, email } }))
    assert.deepEqual(first.json, expected.slice(0, 2))
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? 'none'
    assert.deepEqual((await server.api('GET', next, { token: admin })).json[0], expected[2])
  })

  test('finds part of the name, or of the name or e-mail of the owner, in any case', async () => {
    const { business } = await server.owner({
      email: 'find_me@example.org',
      name: 'Ni Wayan',
      business: { business_name: 'Toko 50% Murah' },
    })
    for (const q of ['toko 50%', 'wayan', 'FIND_ME@']) {
      const found = await list(`?q=${encodeURIComponent(q)}`)
      assert.deepEqual(
        found.json.map((row: { id: string }) => row.id),
        [business.id],
        q,
      )
    }
    assert.deepEqual((await list(`?q=${encodeURIComponent('findXme')}`)).json, [])
  })

  test('is for admins only, and refuses a page that is none', async () => {
    const { token } = await server.owner()
    assert.equal((await list('', token)).status, 403)
    assert.equal((await server.api('GET', '/admin/businesses')).status, 401)
    for (const query of ['?limit=0', '?limit=201', '?cursor=nonsense']) assert.equal((await list(query)).status, 422)
  })
})

describe('an admin', () => {
  test('hides a business from the board, which leaves a trace', async () => {
    const { business, user, email } = await server.owner()
    const answer = await patch(business.id, { board_visibility: 'hidden' })
    assert.equal(answer.status, 200)
    const { updated_at: _now, ...hidden } = answer.json
    const { updated_at: _before, ...before } = business
    assert.deepEqual(hidden, {
      ...before,
      board_visibility: 'hidden',
      owner: { id: user.id, name: user.name, email },
    })
    assert.equal(await onBoard(business.id), false)
    const [entry, ...others] = await auditsOf(business.id)
    assert.deepEqual(others, [])
    assert.equal(entry?.action, 'business.update')
    assert.deepEqual([entry?.before, entry?.after], [{ board_visibility: 'shown' }, { board_visibility: 'hidden' }])
    await patch(business.id, { board_visibility: 'hidden' })
    assert.equal((await auditsOf(business.id)).length, 1, 'what changes nothing leaves no trace')
    await patch(business.id, { board_visibility: 'alias' })
    assert.equal(await onBoard(business.id), true)
  })

  test('changes nothing else of it', async () => {
    const { business } = await server.owner()
    const answer = await patch(business.id, { business_name: 'Taken over', total_points: 500 })
    assert.equal(answer.status, 200)
    assert.equal(answer.json.business_name, business.business_name)
    assert.equal(answer.json.total_points, 0)
    assert.deepEqual(await auditsOf(business.id), [])
  })

  test('is refused what is none, and others are refused altogether', async () => {
    const { business, token } = await server.owner()
    assert.equal((await patch(business.id, { board_visibility: 'invisible' })).status, 422)
    assert.equal((await patch('first', { board_visibility: 'hidden' })).status, 422)
    assert.equal((await patch(newId(), { board_visibility: 'hidden' })).status, 404)
    assert.equal((await patch(business.id, { board_visibility: 'hidden' }, token)).status, 403)
    const anonymous = await server.api('PATCH', `/admin/businesses/${business.id}`, {
      body: { board_visibility: 'hidden' },
    })
    assert.equal(anonymous.status, 401)
    assert.equal(await onBoard(business.id), true)
  })
})
