import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { count, sql } from 'drizzle-orm'
import { startTestServer, type TestServer, testPassword } from '../../../test/harness.ts'
import { credentials, users } from './schema.ts'

const sari = { email: 'sari@example.org', password: testPassword, name: 'Sari Dewi' }

describe('registration', () => {
  let server: TestServer
  before(async () => {
    server = await startTestServer()
  })
  after(() => server.close())

  const register = (body: unknown) => server.api('POST', '/auth/register', { body })
  const counted = async () => (await server.db.select({ rows: count() }).from(users))[0]?.rows

  test('makes an ordinary account, whatever else is sent along', async () => {
    const answer = await register({ ...sari, role: 'admin', disabled: true, id: 'mine', created_at: '1970-01-01' })
    assert.equal(answer.status, 201)
    const { id, created_at, ...rest } = answer.json
    assert.match(id, /^[0-9a-f-]{36}$/)
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000)
    assert.deepEqual(rest, { email: sari.email, name: sari.name, role: 'user', locale: 'en' })
    assert.equal(answer.headers.get('set-cookie'), null)
    const token = await server.login(sari.email)
    assert.equal((await server.api('GET', '/admin/users', { token })).status, 403)
  })

  test('keeps no password in clear', async () => {
    const stored = await server.db.select().from(credentials)
    assert.ok(stored.length > 0)
    assert.ok(stored.every((row) => row.secretHash.startsWith('$argon2id$') && !row.secretHash.includes(testPassword)))
  })

  test('takes the language that is asked for', async () => {
    const answer = await register({ ...sari, email: 'budi@example.org', locale: 'id' })
    assert.equal(answer.json.locale, 'id')
  })

  test('refuses an e-mail that is taken, in any case and with blanks around it', async () => {
    const rows = await counted()
    for (const email of [sari.email, 'SARI@Example.ORG', '  sari@example.org ']) {
      const answer = await register({ ...sari, email, name: 'Somebody Else' })
      assert.equal(answer.status, 409, email)
      assert.equal(answer.json.code, 'email_taken')
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    }
    assert.equal(await counted(), rows)
  })

  test('of equal registrations at once, one makes the account and the others are told that it is taken', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        register({ ...sari, email: index % 2 ? 'twin@example.org' : 'TWIN@example.org' }),
      ),
    )
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [201, ...Array(7).fill(409)])
    const found = await server.db
      .select()
      .from(users)
      .where(sql`lower(${users.email}) = 'twin@example.org'`)
    assert.equal(found.length, 1)
  })

  const refused: [what: string, body: Record<string, unknown>, path: string][] = [
    ['no e-mail', { password: testPassword, name: 'A' }, 'email'],
    ['an e-mail without @', { ...sari, email: 'sari' }, 'email'],
    ['an e-mail with a blank inside', { ...sari, email: 'sa ri@example.org' }, 'email'],
    ['an e-mail with a NUL', { ...sari, email: 'sa\0ri@example.org' }, 'email'],
    ['an e-mail of 255 characters', { ...sari, email: `${'a'.repeat(243)}@example.org` }, 'email'],
    ['an e-mail that is a number', { ...sari, email: 7 }, 'email'],
    ['no password', { email: 'new@example.org', name: 'A' }, 'password'],
    ['a password of 7 characters', { ...sari, email: 'new@example.org', password: 'seven77' }, 'password'],
    ['a password of 7 emoji', { ...sari, email: 'new@example.org', password: '🔑'.repeat(7) }, 'password'],
    ['a password of 201 characters', { ...sari, email: 'new@example.org', password: 'x'.repeat(201) }, 'password'],
    ['no name', { email: 'new@example.org', password: testPassword }, 'name'],
    ['a name of blanks', { ...sari, email: 'new@example.org', name: ' \u200B\n' }, 'name'],
    ['a name of 201 characters', { ...sari, email: 'new@example.org', name: 'x'.repeat(201) }, 'name'],
    ['a language it does not speak', { ...sari, email: 'new@example.org', locale: 'fr' }, 'locale'],
  ]
  for (const [what, body, path] of refused) {
    test(`refuses ${what} and makes nothing`, async () => {
      const rows = await counted()
      const answer = await register(body)
      assert.equal(answer.status, 422)
      assert.ok(
        answer.json.errors.some((error: { path: string }) => error.path === path),
        answer.text,
      )
      assert.ok(!answer.text.includes('seven77'), 'a password is never repeated')
      assert.equal(await counted(), rows)
    })
  }

  test('takes passwords of 8 and of 200 characters of any kind, and compares all of them', async () => {
    for (const password of ['🔑'.repeat(8), 'é'.repeat(200), 'pass\0word', '        ']) {
      const email = `${crypto.randomUUID()}@example.org`
      assert.equal((await register({ email, password, name: 'Sari' })).status, 201)
      assert.equal((await server.api('POST', '/auth/login', { body: { email, password } })).status, 200)
      const other = `${password.slice(0, -1)}!`
      assert.equal((await server.api('POST', '/auth/login', { body: { email, password: other } })).status, 401)
    }
  })

  test('makes a name safe to show', async () => {
    const answer = await register({ ...sari, email: 'clean@example.org', name: ' Sari\n\u202EDewi\0 ' })
    assert.equal(answer.status, 201)
    assert.equal(answer.json.name, 'Sari Dewi')
  })

  test('answers malformed JSON with 400', async () => {
    const answer = await register('{"email":')
    assert.equal(answer.status, 400)
    assert.equal(answer.json.code, 'malformed_json')
  })
})

test('registrations of one address are limited', async () => {
  const server = await startTestServer({ env: { REGISTER_LIMIT_PER_MINUTE: '3' } })
  try {
    const register = (index: number) =>
      server.api('POST', '/auth/register', { body: { ...sari, email: `sari${index}@example.org` } })
    for (let index = 0; index < 3; index++) assert.equal((await register(index)).status, 201)
    const refused = await register(3)
    assert.equal(refused.status, 429)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    const found = await server.db
      .select()
      .from(users)
      .where(sql`${users.email} = 'sari3@example.org'`)
    assert.deepEqual(found, [])
  } finally {
    await server.close()
  }
})

test('the installation chooses the language of new accounts', async () => {
  const server = await startTestServer({ env: { DEFAULT_LOCALE: 'id' } })
  try {
    assert.equal((await server.api('POST', '/auth/register', { body: sari })).json.locale, 'id')
  } finally {
    await server.close()
  }
})
