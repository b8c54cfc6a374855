import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner } from 'fast-jwt'
import { ACCESS_TOKEN_SECONDS, createAccessTokens } from './access-token.ts'
import { derivedKey } from './derived-key.ts'
import { newSecretToken } from './secret-token.ts'

const secretKey = 'a secret key of the tests, long enough'
const key = derivedKey(secretKey, 'access-token')

function testTokens(secret = secretKey) {
  let now = Date.parse('2026-11-22T08:00:00.000Z')
  const tokens = createAccessTokens({ secretKey: secret, clock: { now: () => new Date(now) } })
  return { tokens, nowSeconds: () => now / 1000, pass: (seconds: number) => void (now += seconds * 1000) }
}

test('a token tells whose it is for 15 minutes and then never again', () => {
  const { tokens, pass } = testTokens()
  const token = tokens.issue({ userId: 'somebody', role: 'user' })
  for (const seconds of [0, ACCESS_TOKEN_SECONDS - 1]) {
    pass(seconds)
    const claims = tokens.read(token)
    assert.ok(typeof claims === 'object')
    assert.equal(claims.sub, 'somebody')
    assert.equal(claims.role, 'user')
  }
  pass(1)
  assert.equal(tokens.read(token), 'expired')
  assert.equal(tokens.read(token), 'expired')
})

test('a token of another installation is refused', () => {
  const other = testTokens('another secret key, as long as the first')
  assert.equal(testTokens().tokens.read(other.tokens.issue({ userId: 'somebody', role: 'admin' })), 'invalid')
})

test('a token that was signed for another purpose, in another way, or not at all, is refused', () => {
  const { tokens, nowSeconds } = testTokens()
  const claims = { sub: 'somebody', role: 'admin', typ: 'access', iat: nowSeconds(), exp: nowSeconds() + 60 }
  const { typ: _typ, ...withoutPurpose } = claims
  const { exp: _exp, ...withoutEnd } = claims
  const hs256 = createSigner({ key, algorithm: 'HS256' })
  const good = hs256(claims)
  const [header, payload] = good.split('.')
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
  const refused = {
    'another purpose': hs256({ ...claims, typ: 'refresh' }),
    'no purpose': hs256(withoutPurpose),
    'no end': hs256(withoutEnd),
    'a role nobody has': hs256({ ...claims, role: 'owner' }),
    'another algorithm': createSigner({ key, algorithm: 'HS512' })(claims),
    'the secret itself as key': createSigner({ key: secretKey, algorithm: 'HS256' })(claims),
    'no signature': `${header}.${payload}.`,
    'algorithm none': `${none}.${payload}.`,
    'another payload': `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'else' })).toString('base64url')}.${good.split('.')[2]}`,
    'a refresh token': newSecretToken(),
    nothing: '',
    'too long a text': `${good}${'.x'.repeat(2000)}`,
  }
  assert.ok(typeof tokens.read(good) === 'object')
  for (const [what, token] of Object.entries(refused)) assert.equal(tokens.read(token), 'invalid', what)
})
