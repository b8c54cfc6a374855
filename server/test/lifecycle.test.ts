import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { makeTemporaryPlace, type TemporaryPlace } from '../src/platform/db/embedded/testing/temporary-place.ts'
import { testPassword } from './harness.ts'
import { startModelServer } from './model-server.ts'
import { freePort, refusedStart, type ServerProcess, startServerProcess } from './server-process.ts'

const DRAIN_MS = 10_000

type Call = { token?: string; body?: unknown; headers?: Record<string, string> }

async function call(server: ServerProcess, method: string, path: string, { token, body, headers }: Call = {}) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined,
  }
}

async function signUp(server: ServerProcess, email: string): Promise<string> {
  await call(server, 'POST', '/auth/register', { body: { email, password: testPassword, name: 'Sari' } })
  const { json } = await call(server, 'POST', '/auth/login', { body: { email, password: testPassword } })
  const business = { business_name: 'Warung', business_category: 'Food', business_stage: 'Idea' }
  assert.equal(
    (await call(server, 'POST', '/business/profile', { token: json.access_token, body: business })).status,
    201,
  )
  return json.access_token
}

describe('the process', () => {
  let place: TemporaryPlace
  let port: number
  before(async () => {
    place = await makeTemporaryPlace()
    port = await freePort()
  })
  after(() => place.remove())

  test('told to stop, ends its streams in good order, whoever holds on to it, and exits 0 in time', async () => {
    const model = await startModelServer()
    const never = Promise.withResolvers<void>()
    model.always({ steps: [{ text: 'Let me ' }, { until: never.promise }] })
    const env = { LLM_BASE_URL: model.url, LLM_MODEL_NAME: 'slow' }
    let server = await startServerProcess({ dataDir: place.dataDir, port, env })
    try {
      const token = await signUp(server, 'sari@example.org')
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ content: 'hello' })
      const stream = await fetch(`${server.url}/api/v1/chat/completion`, { method: 'POST', headers, body })
      assert.ok(stream.body)
      const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (!text.includes('Let me')) text += (await reader.read()).value ?? ''
      // Who is connected and silent, and who has sent half a request.
      const idle = connect(port, '127.0.0.1')
      const half = connect(port, '127.0.0.1')
      for (const socket of [idle, half]) socket.on('error', () => {})
      half.write('POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{')
      await Promise.all([once(half, 'connect'), call(server, 'GET', '/openapi.json')])

      const began = Date.now()
      server.send('SIGTERM')
      server.send('SIGTERM')
      for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value
      const last = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data)).at(-1)
      assert.deepEqual([last.type, last.data.code], ['error', 'server_stopping'])
      server.send('SIGINT')
      assert.deepEqual(await server.ended, { code: 0, signal: null })
      assert.ok(Date.now() - began < DRAIN_MS, `it took ${Date.now() - began} ms`)
      assert.equal(await place.postmaster(), undefined, 'the database is closed')
      idle.destroy()
      half.destroy()

      server = await startServerProcess({ dataDir: place.dataDir, port, env })
      const sessions = await call(server, 'GET', '/chat/sessions', { token })
      const id = sessions.json[0].id
      const messages = await call(server, 'GET', `/chat/sessions/${id}`, { token })
      assert.deepEqual(
        messages.json.map(({ content, status }: { content: string; status: string }) => [content, status]),
        [
          ['hello', 'complete'],
          ['Let me ', 'interrupted'],
        ],
      )
      model.always({ steps: [{ text: 'Hello again' }, { finish: 'stop' }] })
      const again = await call(server, 'POST', '/chat/completion', {
        token,
        body: { content: 'hello', session_id: id },
      })
      assert.match(again.text, /"full_text":"Hello again"/)
    } finally {
      await server.end('SIGTERM')
      await model.close()
    }
  })

  test('that cannot have its port says so in one line, exits 1 and leaves no database behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    assert.ok(address && typeof address === 'object')
    try {
      const { code, said } = await refusedStart({ dataDir: place.dataDir, port: address.port })
      assert.equal(code, 1)
      assert.match(said, new RegExp(`^Port ${address.port} on 127\\.0\\.0\\.1 is in use\\..*PORT.*\\n$`))
      assert.equal(await place.postmaster(), undefined)
    } finally {
      other.close()
    }
  })

  test('with settings that are refused names them in one line, exits 1 and begins nothing', async () => {
    const env = { LOG_LEVEL: 'loud', TRUST_PROXY: '1.2.3.4/99', REDIS_URL: 'redis://127.0.0.1' }
    const { code, said } = await refusedStart({ dataDir: `${place.root}/untouched`, port, env })
    assert.equal(code, 1)
    assert.match(said, /^Settings refused\. .*\n$/)
    for (const name of ['LOG_LEVEL', 'TRUST_PROXY']) assert.ok(said.includes(`${name}: `), said)
    assert.equal(await place.postmaster(`${place.root}/untouched`), undefined)
  })

  test('logs lines of JSON that hold no secret and no address of a person, whatever happens', async () => {
    const server = await startServerProcess({ dataDir: place.dataDir, port, env: { LOG_LEVEL: 'trace' } })
    const secrets: string[] = [testPassword]
    try {
      const email = 'needle@haystack.example'
      const token = await signUp(server, email)
      const login = await call(server, 'POST', '/auth/login', { body: { email, password: testPassword } })
      const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const admin = await call(server, 'POST', '/auth/login', {
        body: { email: 'admin@example.org', password: testPassword },
      })
      const asAdmin = { token: admin.json.access_token }
      const reset = await call(server, 'POST', `/admin/users/${login.json.user.id}/reset-link`, asAdmin)
      const resetToken = new URL(reset.json.url).searchParams.get('token') ?? ''
      const key = await call(server, 'POST', '/admin/api-keys', {
        ...asAdmin,
        body: { name: 'Till', scopes: ['events:write'] },
      })
      secrets.push(
        email,
        token,
        login.json.access_token,
        asAdmin.token,
        cookie.split('=')[1] ?? '',
        resetToken,
        key.json.key,
      )
      assert.ok(
        secrets.every((secret) => secret.length > 10),
        'all of them are there',
      )

      await call(server, 'GET', `/admin/users?q=${encodeURIComponent(email)}`, asAdmin)
      await fetch(`${server.url}/reset?token=${resetToken}`, { headers: { accept: 'text/html' } })
      await call(server, 'POST', '/auth/register', { body: { email, password: testPassword, name: 'Again' } })
      await call(server, 'POST', '/auth/login', { body: { email, password: 'a wrong password of mine' } })
      await call(server, 'POST', '/auth/login', { headers: { authorization: `Bearer ${token}` }, body: '{' })
      await call(server, 'POST', '/auth/refresh', { headers: { cookie } })
      await call(server, 'POST', '/gamification/events', { headers: { 'x-api-key': key.json.key }, body: {} })
      await call(server, 'POST', '/chat/completion', { token, body: { content: 'my secret recipe' } })
      // The database goes in the middle of it, so that statements fail with what they were about.
      const postmaster = await place.postmaster()
      assert.ok(postmaster)
      process.kill(postmaster, 'SIGKILL')
      await Promise.all(
        Array.from({ length: 10 }, async (_, nth) => {
          await call(server, 'POST', '/auth/register', {
            body: { email: `${nth}${email}`, password: testPassword, name: 'x' },
          })
          await call(server, 'PATCH', '/auth/me', { token, body: { name: 'a name nobody may read' } })
        }),
      )
    } finally {
      await server.end('SIGTERM')
    }
    const { logged } = server.output
    const lines = logged.trimEnd().split('\n')
    assert.ok(lines.length > 20, `only ${lines.length} lines`)
    for (const line of lines) {
      const { level, time, req, res, reqId } = JSON.parse(line)
      assert.ok(typeof level === 'number' && typeof time === 'string', line)
      if (req) assert.ok(reqId && typeof res.status === 'number', line)
    }
    assert.ok(
      lines.some((line) => JSON.parse(line).level >= 40),
      'the trouble with the database was logged',
    )
    for (const secret of [
      ...secrets,
      'a wrong password of mine',
      'my secret recipe',
      'a name nobody may read',
      '$argon2',
    ])
      assert.ok(
        !logged.includes(secret),
        lines.find((line) => line.includes(secret)),
      )
  })
})
