import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { type Answer, startTestServer, type TestServer, testPassword } from '../../../test/harness.ts'
import { systemClock } from '../../platform/clock.ts'
import { createRefreshFamilies } from './refresh-families.ts'
import { credentials, refreshFamilies, refreshTokens, users } from './schema.ts'

let now = Date.now()
const passMs = (ms: number) => void (now += ms)

let server: TestServer
before(async () => {
  server = await startTestServer({
    clock: { now: () => new Date(now) },
    env: { CORS_ORIGINS: 'https://app.example.org' },
  })
})
after(() => server.close())

const signIn = (email: string, password = testPassword) =>
  server.api('POST', '/auth/login', { body: { email, password } })
const refresh = (cookie: string, headers: Record<string, string> = {}) =>
  server.api('POST', '/auth/refresh', { headers: { cookie, ...headers } })
const logout = (cookie: string, headers: Record<string, string> = {}) =>
  server.api('POST', '/auth/logout', { headers: { cookie, ...headers } })
const me = (token: string) => server.api('GET', '/auth/me', { token })

/** cookieOf is the refresh cookie of an answer, as a browser would send it back. */
function cookieOf(answer: Answer): string {
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  assert.match(cookie, /^refresh_token=./, answer.text)
  return cookie
}

async function session() {
  const { email, user } = await server.owner({ business: false })
  const answer = await signIn(email)
  return { email, user, cookie: cookieOf(answer), token: String(answer.json.access_token) }
}

describe('login', () => {
  test('answers an access token, the user, and a cookie that no script can read and no other site can send', async () => {
    const { email, user } = await server.owner({ business: false })
    const answer = await signIn(email.toUpperCase())
    assert.equal(answer.status, 200)
    const { access_token, ...rest } = answer.json
    assert.deepEqual(rest, { token_type: 'bearer', expires_in: 900, user })
    assert.equal((await me(access_token)).json.email, email)
    const [header] = answer.headers.getSetCookie()
    const [, ...attributes] = header?.split('; ') ?? []
    assert.deepEqual(attributes.toSorted(), ['HttpOnly', 'Max-Age=2592000', 'Path=/api/v1/auth', 'SameSite=Strict'])
  })

  test('answers an unknown e-mail and a wrong password alike', async () => {
    const { email } = await server.owner({ business: false })
    const wrong = await signIn(email, 'not the password')
    const answers = [wrong]
    for (const unknown of ['nobody@example.org', 'no e-mail at all', 'nobody\0@example.org'])
      answers.push(await signIn(unknown))
    for (const answer of answers) {
      assert.equal(answer.status, 401)
      assert.deepEqual(answer.json, wrong.json)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
      assert.equal(answer.headers.get('set-cookie'), null)
    }
  })

  test('tells that an account is disabled only to who knows its password', async () => {
    const { email } = await server.owner({ business: false })
    await server.db.update(users).set({ disabledAt: new Date() }).where(eq(users.email, email))
    const right = await signIn(email)
    assert.equal(right.status, 403)
    assert.equal(right.json.code, 'account_disabled')
    assert.equal(right.headers.get('set-cookie'), null)
    const wrong = await signIn(email, 'not the password')
    assert.equal(wrong.status, 401)
    assert.equal(wrong.json.code, 'invalid_credentials')
  })

  test('refuses bodies that are none', async () => {
    for (const body of [
      {},
      { email: 'a@example.org' },
      { email: '', password: 'x' },
      { email: 'a@example.org', password: '' },
      [],
    ])
      assert.equal((await server.api('POST', '/auth/login', { body })).status, 422, JSON.stringify(body))
  })

  test('opens no session by a password that has been changed meanwhile', async () => {
    const { user } = await server.owner({ business: false })
    const families = createRefreshFamilies({ db: server.db, clock: systemClock })
    const [stored] = await server.db.select().from(credentials).where(eq(credentials.userId, user.id))
    assert.ok(stored)
    const ofUser = () => server.db.select().from(refreshFamilies).where(eq(refreshFamilies.userId, user.id))
    const before = (await ofUser()).length
    assert.equal(await families.start(user.id, 'the hash of an earlier password'), undefined)
    assert.equal((await ofUser()).length, before)
    assert.equal(typeof (await families.start(user.id, stored.secretHash)), 'string')
  })

  test('sweeps sessions that are over, and those beyond the newest hundred', async () => {
    const { user } = await server.owner({ business: false })
    const families = createRefreshFamilies({ db: server.db, clock: { now: () => new Date(now) } })
    const [stored] = await server.db.select().from(credentials).where(eq(credentials.userId, user.id))
    const start = () => families.start(user.id, stored?.secretHash ?? '')
    const ofUser = () => server.db.select().from(refreshFamilies).where(eq(refreshFamilies.userId, user.id))
    for (let count = 0; count < 103; count++) await start()
    assert.equal((await ofUser()).length, 100)
    await families.end((await start()) ?? '')
    const living = await start()
    assert.equal((await ofUser()).filter((family) => family.endedAt).length, 0)
    passMs(31 * 86_400_000)
    await start()
    assert.equal((await ofUser()).length, 1)
    assert.equal((await families.rotate(living ?? '')).outcome, 'unknown')
  })
})

describe('tokens', () => {
  test('a refresh token is no access token, and an access token is no refresh token', async () => {
    const { cookie, token } = await session()
    const refused = await me(cookie.split('=')[1] ?? '')
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
    assert.equal((await refresh(`refresh_token=${token}`)).status, 401)
  })

  test('an access token holds for 15 minutes', async () => {
    const { token, cookie } = await session()
    passMs(15 * 60_000 - 1000)
    assert.equal((await me(token)).status, 200)
    passMs(1000)
    const late = await me(token)
    assert.equal(late.status, 401)
    assert.equal(late.json.code, 'token_expired')
    assert.equal((await me((await refresh(cookie)).json.access_token)).status, 200)
  })

  test('refresh tokens are stored as hashes only', async () => {
    const { cookie } = await session()
    const secret = cookie.split('=')[1] ?? 'none'
    const stored = JSON.stringify(await server.db.select().from(refreshTokens))
    assert.ok(!stored.includes(secret))
  })
})

describe('refresh', () => {
  test('exchanges the cookie for a new token and a new cookie, again and again', async () => {
    let { cookie } = await session()
    for (let exchange = 0; exchange < 3; exchange++) {
      const answer = await refresh(cookie)
      assert.equal(answer.status, 200)
      assert.deepEqual(Object.keys(answer.json).toSorted(), ['access_token', 'expires_in', 'token_type'])
      assert.equal((await me(answer.json.access_token)).status, 200)
      assert.notEqual(cookieOf(answer), cookie)
      cookie = cookieOf(answer)
    }
  })

  test('a cookie that comes a second time ends the whole family, and no other one', async () => {
    const { email, cookie } = await session()
    const other = cookieOf(await signIn(email))
    const next = cookieOf(await refresh(cookie))
    const reused = await refresh(cookie)
    assert.equal(reused.status, 401)
    assert.equal(reused.json.code, 'invalid_refresh_token')
    assert.equal(reused.headers.get('set-cookie'), null)
    assert.equal((await refresh(next)).status, 401)
    assert.equal((await refresh(other)).status, 200)
  })

  test('of exchanges at once one succeeds, and the others are a reuse that ends the family', async () => {
    const { cookie } = await session()
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(cookie)))
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, 401, 401, 401, 401])
    const winner = answers.find((answer) => answer.status === 200)
    assert.ok(winner)
    assert.equal((await refresh(cookieOf(winner))).status, 401)
  })

  test('a cookie waits for 30 days', async () => {
    const { email, cookie } = await session()
    passMs(30 * 86_400_000 - 1000)
    assert.equal((await refresh(cookie)).status, 200)
    const another = cookieOf(await signIn(email))
    passMs(30 * 86_400_000)
    assert.equal((await refresh(another)).status, 401)
  })

  test('no cookie, or one of nobody, is 401', async () => {
    assert.equal((await server.api('POST', '/auth/refresh')).status, 401)
    assert.equal((await refresh('refresh_token=')).status, 401)
    assert.equal((await refresh('refresh_token=made-up')).status, 401)
  })

  test('a disabled account gets no new token', async () => {
    const { user, cookie } = await session()
    await server.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, user.id))
    assert.equal((await refresh(cookie)).status, 401)
  })

  test('the new token carries the role of now', async () => {
    const { user, cookie } = await session()
    await server.db.update(users).set({ role: 'admin' }).where(eq(users.id, user.id))
    const answer = await refresh(cookie)
    const claims = JSON.parse(Buffer.from(answer.json.access_token.split('.')[1], 'base64url').toString())
    assert.equal(claims.role, 'admin')
  })
})

describe('logout', () => {
  test('ends the family, by whichever of its cookies, and clears the cookie', async () => {
    const { cookie } = await session()
    const next = cookieOf(await refresh(cookie))
    const answer = await logout(cookie)
    assert.equal(answer.status, 200)
    assert.equal(typeof answer.json.message, 'string')
    assert.match(answer.headers.getSetCookie()[0] ?? '', /^refresh_token=;.*Path=\/api\/v1\/auth/)
    assert.equal((await refresh(next)).status, 401)
  })

  test('without a cookie there is nothing to end, which is no error', async () => {
    assert.equal((await server.api('POST', '/auth/logout')).status, 200)
    assert.equal((await logout('refresh_token=made-up')).status, 200)
  })
})

describe('another site', () => {
  test('can neither refresh nor sign out, and its attempt costs the owner nothing', async () => {
    const { cookie } = await session()
    for (const origin of ['https://evil.example', 'null']) {
      for (const call of [refresh, logout]) {
        const answer = await call(cookie, { origin })
        assert.equal(answer.status, 403, origin)
        assert.equal(answer.json.code, 'origin_not_allowed')
        assert.equal(answer.headers.get('set-cookie'), null)
      }
    }
    assert.equal((await refresh(cookie)).status, 200)
  })

  test('is neither our own origin nor one of CORS_ORIGINS', async () => {
    for (const origin of [server.url, 'https://app.example.org']) {
      const { cookie } = await session()
      const answer = await refresh(cookie, { origin })
      assert.equal(answer.status, 200, origin)
      assert.equal((await logout(cookieOf(answer), { origin })).status, 200, origin)
    }
  })
})

describe('the cookie is Secure', () => {
  const cases: [why: string, env: Record<string, string>, headers: Record<string, string>, secure: boolean][] = [
    ['where PUBLIC_URL is https', { PUBLIC_URL: 'https://tangga.example.org' }, {}, true],
    ['behind a trusted proxy that says https', { TRUST_PROXY: 'loopback' }, { 'x-forwarded-proto': 'https' }, true],
    ['but not because a stranger says https', {}, { 'x-forwarded-proto': 'https' }, false],
  ]
  for (const [why, env, headers, secure] of cases) {
    test(why, async () => {
      const beside = await startTestServer({ env, databaseUrl: server.databaseUrl })
      try {
        const { email } = await server.owner({ business: false })
        const answer = await beside.api('POST', '/auth/login', { body: { email, password: testPassword }, headers })
        assert.equal(answer.headers.getSetCookie()[0]?.includes('Secure'), secure)
      } finally {
        await beside.close()
      }
    })
  }
})

describe('failed logins', () => {
  let limited: TestServer
  before(async () => {
    limited = await startTestServer({ env: { LOGIN_LIMIT_PER_MINUTE: '3' } })
  })
  after(() => limited.close())
  const attempt = (email: string, password: string) => limited.api('POST', '/auth/login', { body: { email, password } })

  test('are limited for one e-mail, known or not, and leave others alone', async () => {
    const { email } = await limited.owner({ business: false })
    const { email: neighbour } = await limited.owner({ business: false })
    for (const tried of [email, 'nobody@example.org']) {
      for (let failure = 0; failure < 3; failure++) assert.equal((await attempt(tried, 'wrong')).status, 401)
      const refused = await attempt(tried.toUpperCase(), testPassword)
      assert.equal(refused.status, 429)
      const wait = Number(refused.headers.get('retry-after'))
      assert.ok(wait >= 1 && wait <= 60)
    }
    assert.equal((await attempt(neighbour, testPassword)).status, 200)
  })

  test('are counted with other places where a password can be guessed', async () => {
    const { email, token } = await limited.owner({ business: false })
    const guesses = [
      () => attempt(email, 'wrong'),
      () => limited.api('DELETE', '/auth/me', { token, body: { password: 'wrong' } }),
      () =>
        limited.api('POST', '/auth/password', {
          token,
          body: { current_password: 'wrong', new_password: 'another long password' },
        }),
    ]
    for (const guess of guesses) assert.ok([401, 403].includes((await guess()).status))
    for (const guess of guesses) assert.equal((await guess()).status, 429)
    assert.equal((await limited.api('GET', '/auth/me', { token })).status, 200)
  })
})
