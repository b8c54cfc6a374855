import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { startTestServer, type TestServer, testPassword } from '../../../test/harness.ts'
import { credentials, passwordResets, refreshFamilies, refreshTokens, users } from './schema.ts'

const newPassword = 'another long password'

let server: TestServer
before(async () => {
  server = await startTestServer()
})
after(() => server.close())

async function person() {
  const { email, token, user } = await server.owner({ business: false })
  const signedIn = await server.api('POST', '/auth/login', { body: { email, password: testPassword } })
  return { email, token, userId: String(user.id), cookie: signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}
const signIn = (email: string, password: string) => server.api('POST', '/auth/login', { body: { email, password } })
const refresh = (cookie: string) => server.api('POST', '/auth/refresh', { headers: { cookie } })
const changePassword = (token: string | undefined, body: unknown) =>
  server.api('POST', '/auth/password', { token, body })
const eraseMe = (token: string | undefined, body: unknown) => server.api('DELETE', '/auth/me', { token, body })

describe('a new password', () => {
  test('takes the place of the old one and ends every session that could be refreshed', async () => {
    const { email, token, cookie } = await person()
    const answer = await changePassword(token, { current_password: testPassword, new_password: newPassword })
    assert.equal(answer.status, 200)
    assert.equal(typeof answer.json.message, 'string')
    assert.equal((await signIn(email, testPassword)).status, 401)
    assert.equal((await signIn(email, newPassword)).status, 200)
    assert.equal((await refresh(cookie)).status, 401)
  })

  test('is refused without the current one, and then nothing changes', async () => {
    const { email, token, cookie } = await person()
    const wrong = await changePassword(token, { current_password: 'not it', new_password: newPassword })
    assert.equal(wrong.status, 403)
    assert.equal(wrong.json.code, 'wrong_password')
    for (const body of [
      {},
      { current_password: testPassword },
      { current_password: testPassword, new_password: 'short' },
      { new_password: newPassword },
    ])
      assert.equal((await changePassword(token, body)).status, 422)
    const anonymous = await changePassword(undefined, { current_password: testPassword, new_password: newPassword })
    assert.equal(anonymous.status, 401)
    assert.equal((await signIn(email, testPassword)).status, 200)
    assert.equal((await refresh(cookie)).status, 200)
  })
})

describe('an erasure', () => {
  test('needs the password, and without it erases nothing', async () => {
    const { email, token } = await person()
    const wrong = await eraseMe(token, { password: 'not it' })
    assert.equal(wrong.status, 403)
    assert.equal(wrong.json.code, 'wrong_password')
    assert.equal((await eraseMe(token, {})).status, 422)
    assert.equal((await eraseMe(undefined, { password: testPassword })).status, 401)
    assert.equal((await signIn(email, testPassword)).status, 200)
  })

  test('takes the account and everything that hangs on it, and frees the e-mail', async () => {
    const { email, token, userId, cookie } = await person()
    const admin = await server.adminToken()
    await server.api('POST', `/admin/users/${userId}/reset-link`, { token: admin })
    const answer = await eraseMe(token, { password: testPassword })
    assert.equal(answer.status, 204)
    assert.equal(answer.text, '')
    assert.match(answer.headers.getSetCookie()[0] ?? '', /^refresh_token=;/)

    for (const [table, column] of [
      [users, users.id],
      [credentials, credentials.userId],
      [refreshFamilies, refreshFamilies.userId],
      [passwordResets, passwordResets.userId],
    ] as const)
      assert.deepEqual(await server.db.select().from(table).where(eq(column, userId)), [])
    const familyIds = (await server.db.select().from(refreshFamilies)).map((family) => family.id)
    const tokens = await server.db.select().from(refreshTokens)
    assert.ok(tokens.every((row) => familyIds.includes(row.familyId)))

    assert.equal((await refresh(cookie)).status, 401)
    assert.equal((await signIn(email, testPassword)).status, 401)
    for (const [method, path, body] of [
      ['GET', '/auth/me', undefined],
      ['PATCH', '/auth/me', { name: 'Ghost' }],
      ['DELETE', '/auth/me', { password: testPassword }],
      ['POST', '/auth/password', { current_password: testPassword, new_password: newPassword }],
      ['POST', '/business/profile', { business_name: 'Ghost', business_category: 'x', business_stage: 'x' }],
    ] as const)
      assert.equal((await server.api(method, path, { token, body })).status, 401, `${method} ${path}`)
    const again = await server.api('POST', '/auth/register', { body: { email, password: newPassword, name: 'Sari' } })
    assert.equal(again.status, 201)
    assert.notEqual(again.json.id, userId)
  })

  test('happens once when it is asked for several times at once', async () => {
    const { token } = await person()
    const answers = await Promise.all(Array.from({ length: 4 }, () => eraseMe(token, { password: testPassword })))
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [204, 401, 401, 401])
  })

  test('of the last admin is refused', async () => {
    const token = await server.adminToken()
    const refused = await eraseMe(token, { password: testPassword })
    assert.equal(refused.status, 409)
    assert.equal(refused.json.code, 'last_admin')
    assert.equal((await server.api('GET', '/auth/me', { token })).status, 200)
  })

  test('is all or nothing: a listener that fails leaves the account whole', async () => {
    const { email, token, userId } = await person()
    const heard: string[] = []
    let broken = true
    server.app.auth.onErase(async (_tx, erased) => {
      if (erased === userId && broken) throw new Error('broken on purpose')
    })
    server.app.auth.onErased((erased) => void heard.push(erased))
    assert.equal((await eraseMe(token, { password: testPassword })).status, 500)
    assert.equal((await signIn(email, testPassword)).status, 200)
    assert.deepEqual(heard, [])
    broken = false
    assert.equal((await eraseMe(token, { password: testPassword })).status, 204)
    assert.deepEqual(heard, [userId])
  })
})
