import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyContextConfig } from 'fastify'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { openPool } from '../../platform/db/database.ts'
import { createHttp } from '../../platform/http/server.ts'
import { createLog } from '../../platform/logger.ts'
import { actorOf, callerOf, guardAccess, keyOf } from './access-guard.ts'
import type { AccessTokens } from './access-token.ts'

const tokens: AccessTokens = {
  issue: () => '',
  read: (token) =>
    token === 'good' ? { sub: 'somebody', role: 'user', exp: 0 } : token === 'old' ? 'expired' : 'invalid',
}

const keys = {
  identify: async (key: string) =>
    key === 'tgk_good'
      ? {
          id: 'a-key',
          scopes: ['events:write'],
          name: '',
          keyHash: '',
          hint: '',
          createdBy: '',
          createdAt: new Date(0),
          expiresAt: null,
          lastUsedAt: null,
        }
      : undefined,
}

const personalKeys = {
  identify: async (key: string) => (key === 'tgp_good' ? { userId: 'owner', businessId: 'shop' } : undefined),
}

/** guardedServer is an HTTP server with nothing but the guard; there is no database behind it. */
async function guardedServer() {
  const store = openPool({ host: '/nowhere' }, () => {})
  const log = createLog({ level: 'silent' })
  const http = await createHttp({ log, trustProxy: undefined, corsOrigins: [], https: false })
  guardAccess(http, { db: store.db, tokens, keys, personalKeys })
  return { http, close: () => Promise.all([http.close(), store.pool.end()]) }
}

test('a route that does not say who may call it stops the start', async () => {
  const { http, close } = await guardedServer()
  http.get('/open', { config: { access: 'public' } }, async () => 'open')
  http.get('/forgotten', async () => 'secret')
  await assert.rejects(
    async () => http.ready(),
    (error) => error instanceof Error && /GET \/forgotten/.test(error.message) && !/\/open/.test(error.message),
  )
  await close()
})

test('the routes of a plugin get theirs from a hook around it', async () => {
  const { http, close } = await guardedServer()
  await http.register(async (inner) => {
    inner.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    inner.get('/plugin', async () => 'open')
  })
  await http.ready()
  assert.equal((await http.inject('/plugin')).statusCode, 200)
  await close()
})

test('callerOf has an answer on guarded routes, and throws on public ones', async () => {
  const { http, close } = await guardedServer()
  http.get('/mine', { config: { access: 'user' } }, async (request) => callerOf(request))
  http.get('/open', { config: { access: 'public' } }, async (request) => callerOf(request))
  const headers = { authorization: 'Bearer good' }
  assert.deepEqual((await http.inject({ url: '/mine', headers })).json(), { userId: 'somebody', role: 'user' })
  assert.equal((await http.inject({ url: '/open', headers })).statusCode, 500)
  await close()
})

test('a personal key opens only the routes that say so, for its business', async () => {
  const { http, close } = await guardedServer()
  http.get('/theirs', { config: { access: 'personal' } }, async (request) => callerOf(request))
  http.get('/both', { config: { access: 'user', personalKey: true } }, async (request) => callerOf(request))
  http.get('/account', { config: { access: 'user' } }, async (request) => callerOf(request))
  const call = async (url: string, token: string) => {
    const answer = await http.inject({ url, headers: { authorization: `Bearer ${token}` } })
    return answer.statusCode === 200 ? answer.json() : [answer.statusCode, answer.json().code]
  }
  const caller = { userId: 'owner', role: 'user', businessId: 'shop' }
  assert.deepEqual(await call('/theirs', 'tgp_good'), caller)
  assert.deepEqual(await call('/both', 'tgp_good'), caller)
  assert.deepEqual(await call('/both', 'good'), { userId: 'somebody', role: 'user' })
  assert.deepEqual(await call('/account', 'tgp_good'), [401, 'unauthorized'])
  for (const token of ['tgp_bad', 'good', ''])
    assert.deepEqual(await call('/theirs', token), [401, 'invalid_personal_key'])
  assert.deepEqual(await call('/both', 'tgp_bad'), [401, 'invalid_personal_key'])
  await close()
})

test('a route that asks for a scope that does not exist, or for keys without a scope, stops the start', async () => {
  const mistaken: FastifyContextConfig[] = [{ access: 'user', keyScope: 'all' }, { access: 'key' }]
  for (const config of mistaken) {
    const { http, close } = await guardedServer()
    http.get('/open', { config: { access: 'user', keyScope: 'events:write' } }, async () => 'open')
    http.get('/mistaken', { config }, async () => 'secret')
    await assert.rejects(
      async () => http.ready(),
      (error) => error instanceof Error && /GET \/mistaken/.test(error.message) && !/\/open/.test(error.message),
    )
    await close()
  }
})

test('a key calls where its scope is asked for, and decides there over a token', async () => {
  const { http, close } = await guardedServer()
  http.get('/shared', { config: { access: 'user', keyScope: 'events:write' } }, async (request) => actorOf(request))
  http.get('/other', { config: { access: 'user', keyScope: 'feed:read' } }, async () => 'secret')
  http.get('/people', { config: { access: 'user' } }, async (request) => actorOf(request))
  http.get('/keys', { config: { access: 'key', keyScope: 'events:write' } }, async (request) => keyOf(request))
  const person = { authorization: 'Bearer good' }
  const key = { 'x-api-key': 'tgk_good' }
  const asPerson = { kind: 'user', userId: 'somebody', role: 'user' }
  const asKey = { kind: 'key', keyId: 'a-key' }
  const get = async (url: string, headers: Record<string, string>) => {
    const answer = await http.inject({ url, headers })
    return answer.statusCode === 200 ? answer.json() : answer.statusCode
  }
  assert.deepEqual(await get('/shared', person), asPerson)
  assert.deepEqual(await get('/shared', key), asKey)
  assert.deepEqual(await get('/shared', { ...person, ...key }), asKey)
  assert.equal(await get('/shared', { ...person, 'x-api-key': 'tgk_bad' }), 401)
  assert.equal(await get('/other', key), 403)
  assert.deepEqual(await get('/people', { ...person, ...key }), asPerson)
  assert.equal(await get('/people', key), 401)
  assert.deepEqual(await get('/keys', key), { keyId: 'a-key' })
  assert.equal(await get('/keys', person), 401)
  await close()
})

describe('a guarded route', () => {
  let guarded: Awaited<ReturnType<typeof guardedServer>>
  let ran = 0
  before(async () => {
    guarded = await guardedServer()
    guarded.http.get('/mine', { config: { access: 'user' } }, async () => ran++)
  })
  after(() => guarded.close())

  const refused: [what: string, request: { url?: string; headers?: Record<string, string> }, code: string][] = [
    ['no token', {}, 'unauthorized'],
    ['a wrong token', { headers: { authorization: 'Bearer wrong' } }, 'unauthorized'],
    ['an old token', { headers: { authorization: 'Bearer old' } }, 'token_expired'],
    ['another scheme', { headers: { authorization: 'Basic good' } }, 'unauthorized'],
    ['a bare token', { headers: { authorization: 'good' } }, 'unauthorized'],
    ['two tokens', { headers: { authorization: 'Bearer good good' } }, 'unauthorized'],
    ['a token in the query', { url: '/mine?access_token=good&token=good' }, 'unauthorized'],
    [
      'a token in a cookie',
      { headers: { cookie: 'access_token=good; token=good; refresh_token=good' } },
      'unauthorized',
    ],
  ]
  for (const [what, request, code] of refused) {
    test(`refuses ${what} with 401 and does not run`, async () => {
      for (const method of ['GET', 'HEAD'] as const) {
        const answer = await guarded.http.inject({ method, url: '/mine', ...request })
        assert.equal(answer.statusCode, 401)
        assert.equal(answer.headers['www-authenticate'], 'Bearer')
        if (method === 'GET') assert.equal(answer.json().code, code)
      }
      assert.equal(ran, 0)
    })
  }
})

describe('the whole service', () => {
  let server: TestServer
  before(async () => {
    server = await startTestServer()
  })
  after(() => server.close())

  test('answers every documented route that is not public with 401 when nobody is signed in', async () => {
    const { json } = await server.api('GET', '/api/v1/openapi.json')
    let asked = 0
    for (const [path, methods] of Object.entries<Record<string, { security?: unknown[] }>>(json.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.security?.length === 0) continue
        const url = `${server.url}${path.replace(/\{[^}]+\}/g, '0199e8a0-0000-7000-8000-000000000000')}`
        const answer = await fetch(url, { method: method.toUpperCase() })
        assert.equal(answer.status, 401, `${method} ${path}`)
        asked++
      }
    }
    assert.ok(asked >= 10)
  })

  test('answers admin routes with 403 to an owner', async () => {
    const { token } = await server.owner({ business: false })
    const { json } = await server.api('GET', '/api/v1/openapi.json')
    for (const [path, methods] of Object.entries<Record<string, unknown>>(json.paths)) {
      if (!path.includes('/admin/')) continue
      for (const method of Object.keys(methods)) {
        const url = path.replace(/\{[^}]+\}/g, '0199e8a0-0000-7000-8000-000000000000')
        const answer = await server.api(method.toUpperCase(), url, { token })
        assert.equal(answer.status, 403, `${method} ${path}`)
      }
    }
  })

  test('serves its public pages without a token', async () => {
    for (const path of ['/health', '/ready', '/docs', '/', '/api/v1/openapi.json'])
      assert.ok((await fetch(`${server.url}${path}`)).status < 400, path)
    assert.equal((await server.api('GET', '/nothing-here')).status, 404)
  })
})
