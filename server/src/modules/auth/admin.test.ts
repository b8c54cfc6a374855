import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { and, eq } from 'drizzle-orm'
import { startTestServer, type TestServer, testPassword } from '../../../test/harness.ts'
import { auditEntries } from '../../platform/audit/schema.ts'
import { newId } from '../../platform/ids.ts'
import { passwordResets, users } from './schema.ts'

let server: TestServer
let admin: string
let adminId: string
before(async () => {
  server = await startTestServer()
  admin = await server.adminToken()
  adminId = (await server.api('GET', '/auth/me', { token: admin })).json.id
})
after(() => server.close())

const patch = (id: string, body: unknown, token: string | undefined = admin) =>
  server.api('PATCH', `/admin/users/${id}`, { token, body })
const roleOf = async (id: string) => (await server.db.select().from(users).where(eq(users.id, id)))[0]?.role
const auditsOf = (id: string) => server.db.select().from(auditEntries).where(eq(auditEntries.subjectId, id))

async function person(role: 'user' | 'admin' = 'user') {
  const { email, token, user } = await server.owner({ business: false })
  const id = String(user.id)
  if (role === 'admin') assert.equal((await patch(id, { role })).status, 200)
  return { email, token, id }
}

describe('the list of people', () => {
  test('is there for admins only, by the role that the database says', async () => {
    const { id, token } = await person()
    assert.equal((await server.api('GET', '/admin/users')).status, 401)
    const refused = await server.api('GET', '/admin/users', { token })
    assert.equal(refused.status, 403)
    assert.equal(refused.json.code, 'role_not_allowed')
    await patch(id, { role: 'admin' })
    assert.equal((await server.api('GET', '/admin/users', { token })).status, 200)
    await patch(id, { role: 'user' })
    assert.equal((await server.api('GET', '/admin/users', { token })).status, 403)
  })

  test('is closed to a disabled admin at once', async () => {
    const { id, token } = await person('admin')
    await patch(id, { disabled: true })
    assert.equal((await server.api('GET', '/admin/users', { token })).status, 401)
    assert.equal((await patch(id, { disabled: false }, token)).status, 401)
  })

  test('is newest first, in pages without a gap', async () => {
    const made = [(await person()).id, (await person()).id, (await person()).id]
    const first = await server.api('GET', '/admin/users?limit=2', { token: admin })
    assert.equal(first.status, 200)
    assert.deepEqual(
      first.json.map((user: { id: string }) => user.id),
      [made[2], made[1]],
    )
    assert.deepEqual(Object.keys(first.json[0]).toSorted(), [
      'created_at',
      'disabled',
      'email',
      'id',
      'locale',
      'name',
      'role',
    ])
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1]
    const second = await server.api('GET', next ?? 'none', { token: admin })
    assert.equal(second.json[0].id, made[0])
  })

  test('finds part of an e-mail or a name in any case, and takes % and _ by their word', async () => {
    await server.owner({ email: 'percent@example.org', name: '100% Sari', business: false })
    await server.owner({ email: 'under_score@example.org', name: 'Budi\\Back', business: false })
    const found = async (q: string) =>
      (await server.api('GET', `/admin/users?q=${encodeURIComponent(q)}`, { token: admin })).json.map(
        (user: { email: string }) => user.email,
      )
    assert.deepEqual(await found('100% SARI'), ['percent@example.org'])
    assert.deepEqual(await found('0%'), ['percent@example.org'])
    assert.deepEqual(await found('UNDER_'), ['under_score@example.org'])
    assert.deepEqual(await found('i\\b'), ['under_score@example.org'])
    assert.deepEqual(await found("'; DROP TABLE users; --"), [])
    assert.equal((await found('')).length > 2, true)
  })

  test('refuses a page that is none', async () => {
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=nonsense'])
      assert.equal((await server.api('GET', `/admin/users?${query}`, { token: admin })).status, 422, query)
  })
})

describe('a change of somebody', () => {
  test('is for admins only, and for somebody who exists', async () => {
    const { id, token } = await person()
    assert.equal((await patch(id, { role: 'admin' }, token)).status, 403)
    assert.equal((await server.api('PATCH', `/admin/users/${id}`, { body: { role: 'admin' } })).status, 401)
    assert.equal(await roleOf(id), 'user')
    assert.equal((await patch(newId(), { role: 'admin' })).status, 404)
    assert.equal((await patch('not-an-id', { role: 'admin' })).status, 422)
    for (const body of [{ role: 'owner' }, { disabled: 'yes' }]) assert.equal((await patch(id, body)).status, 422)
    assert.deepEqual(await auditsOf(id), [])
  })

  test('applies role and disabled and nothing else, and leaves a trace without a name', async () => {
    const { id, email } = await person()
    const answer = await patch(id, { role: 'admin', email: 'taken@over.example', name: 'Mallory' })
    assert.equal(answer.status, 200)
    assert.equal(answer.json.role, 'admin')
    assert.equal(answer.json.email, email)
    assert.equal(answer.json.name, 'Sari Dewi')
    const [entry, ...others] = await auditsOf(id)
    assert.deepEqual(others, [])
    assert.equal(entry?.actorId, adminId)
    assert.equal(entry?.action, 'user.update')
    assert.deepEqual(entry?.before, { role: 'user', disabled: false })
    assert.deepEqual(entry?.after, { role: 'admin', disabled: false })
    assert.equal((await patch(id, { role: 'admin' })).status, 200)
    assert.equal((await auditsOf(id)).length, 1, 'what changes nothing leaves no trace')
    await patch(id, { role: 'user' })
  })

  test('that disables ends the sessions, and enabling lets sign in again', async () => {
    const { id, email } = await person()
    const login = () => server.api('POST', '/auth/login', { body: { email, password: testPassword } })
    const cookie = (await login()).headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const disabled = await patch(id, { disabled: true })
    assert.equal(disabled.json.disabled, true)
    assert.equal((await server.api('POST', '/auth/refresh', { headers: { cookie } })).status, 401)
    assert.equal((await login()).status, 403)
    assert.equal((await patch(id, { disabled: false })).json.disabled, false)
    assert.equal((await login()).status, 200)
    assert.equal((await server.api('POST', '/auth/refresh', { headers: { cookie } })).status, 401)
  })

  test('never takes the last admin away', async () => {
    for (const body of [{ role: 'user' }, { disabled: true }, { role: 'user', disabled: true }]) {
      const answer = await patch(adminId, body)
      assert.equal(answer.status, 409)
      assert.equal(answer.json.code, 'last_admin')
    }
    const disabled = await person('admin')
    await patch(disabled.id, { disabled: true })
    assert.equal((await patch(adminId, { role: 'user' })).status, 409, 'a disabled admin is nobody to leave it to')
    assert.equal(await roleOf(adminId), 'admin')
  })

  test('by two admins who demote each other at once leaves one', async () => {
    for (let round = 0; round < 5; round++) {
      const other = await person('admin')
      const answers = await Promise.all([
        patch(other.id, { role: 'user' }),
        patch(adminId, { role: 'user' }, other.token),
      ])
      const statuses = answers.map((answer) => answer.status).toSorted()
      assert.equal(statuses[0], 200)
      assert.equal(statuses[1], 403, 'the second is an admin no longer')
      const admins = await server.db
        .select()
        .from(users)
        .where(and(eq(users.role, 'admin')))
      assert.equal(admins.filter((user) => !user.disabledAt).length, 1)
      await server.db.update(users).set({ role: 'admin' }).where(eq(users.id, adminId))
      await patch(other.id, { role: 'user' })
    }
  })
})

describe('a reset link', () => {
  const newPassword = 'a password from the link'
  const makeLink = (id: string, token: string | undefined = admin) =>
    server.api('POST', `/admin/users/${id}/reset-link`, { token })
  const reset = (token: string, password = newPassword) =>
    server.api('POST', '/auth/reset', { body: { token, new_password: password } })
  const tokenOf = (url: string) => new URL(url).searchParams.get('token') ?? ''

  test('sets a password once, ends every session, and is stored hashed', async () => {
    const { id, email } = await person()
    const login = (password: string) => server.api('POST', '/auth/login', { body: { email, password } })
    const cookie = (await login(testPassword)).headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const answer = await makeLink(id)
    assert.equal(answer.status, 201)
    assert.deepEqual(Object.keys(answer.json).toSorted(), ['expires_at', 'url'])
    assert.ok(answer.json.url.startsWith(`${server.url}/reset?token=`))
    assert.ok(Math.abs(Date.parse(answer.json.expires_at) - Date.now() - 3_600_000) < 60_000)
    const token = tokenOf(answer.json.url)
    assert.ok(!JSON.stringify(await server.db.select().from(passwordResets)).includes(token))
    const audits = await auditsOf(id)
    assert.equal(audits.length, 1)
    assert.ok(!JSON.stringify(audits).includes(token))

    assert.equal((await reset(token, 'short')).status, 422)
    assert.equal((await reset(token)).status, 200)
    assert.equal((await login(testPassword)).status, 401)
    assert.equal((await login(newPassword)).status, 200)
    assert.equal((await server.api('POST', '/auth/refresh', { headers: { cookie } })).status, 401)
    const again = await reset(token, 'yet another password')
    assert.equal(again.status, 422)
    assert.equal(again.json.code, 'invalid_reset_token')
    assert.equal((await login(newPassword)).status, 200)
  })

  test('used several times at once sets one password', async () => {
    const { id, email } = await person()
    const token = tokenOf((await makeLink(id)).json.url)
    const passwords = [0, 1, 2, 3].map((index) => `password number ${index}`)
    const answers = await Promise.all(passwords.map((password) => reset(token, password)))
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, 422, 422, 422])
    const winner = passwords[answers.findIndex((answer) => answer.status === 200)]
    assert.equal((await server.api('POST', '/auth/login', { body: { email, password: winner } })).status, 200)
  })

  test('holds no longer when a newer one was made', async () => {
    const { id } = await person()
    const older = tokenOf((await makeLink(id)).json.url)
    const newer = tokenOf((await makeLink(id)).json.url)
    assert.equal((await reset(older)).status, 422)
    assert.equal((await reset(newer)).status, 200)
  })

  test('is made by admins only, and for somebody who exists', async () => {
    const { id, token } = await person()
    assert.equal((await makeLink(id, token)).status, 403)
    assert.equal((await server.api('POST', `/admin/users/${id}/reset-link`)).status, 401)
    assert.equal((await makeLink(newId())).status, 404)
    assert.equal((await makeLink('not-an-id')).status, 422)
    assert.deepEqual(await auditsOf(id), [])
  })

  test('that nobody made, or that is no token, is refused', async () => {
    for (const token of ['made-up', 'x\0y']) assert.equal((await reset(token)).status, 422)
    for (const body of [{}, { token: '' }, { token: 'x'.repeat(300), new_password: newPassword }])
      assert.equal((await server.api('POST', '/auth/reset', { body })).status, 422)
  })

  test('holds for an hour, and leads to PUBLIC_URL where it is set', async () => {
    const { id } = await person()
    let now = Date.now()
    const beside = await startTestServer({
      databaseUrl: server.databaseUrl,
      clock: { now: () => new Date(now) },
      env: { PUBLIC_URL: 'https://tangga.example.org/programme/' },
    })
    try {
      const make = async () => {
        const answer = await beside.api('POST', `/admin/users/${id}/reset-link`, { token: await beside.adminToken() })
        assert.ok(answer.json.url.startsWith('https://tangga.example.org/programme/reset?token='))
        return tokenOf(answer.json.url)
      }
      const use = (token: string) => beside.api('POST', '/auth/reset', { body: { token, new_password: newPassword } })
      const inTime = await make()
      now += 3_599_000
      assert.equal((await use(inTime)).status, 200)
      const late = await make()
      now += 3_600_000
      assert.equal((await use(late)).status, 422)
    } finally {
      await beside.close()
    }
  })
})
