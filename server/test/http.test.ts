import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Answer, startTestServer, type TestServer } from './harness.ts'

const absent = '01900000-0000-7000-8000-0000000000ff'
const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

function assertProblem(answer: Answer, status: number, code?: string): void {
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(answer.json.status, status)
  for (const member of ['type', 'title', 'detail', 'code']) assert.equal(typeof answer.json[member], 'string', member)
  if (code !== undefined) assert.equal(answer.json.code, code)
}

function assertInvalid(answer: Answer, path: string): void {
  assertProblem(answer, 422, 'invalid')
  assert.equal(answer.json.errors[0].path, path)
  assert.equal(typeof answer.json.errors[0].message, 'string')
}

describe('over HTTP', () => {
  let server: TestServer
  let owner: Awaited<ReturnType<TestServer['owner']>>
  let admin: string
  before(async () => {
    server = await startTestServer()
    owner = await server.owner()
    admin = await server.adminToken()
  })
  after(() => server.close())

  /** sendRaw sends bytes and answers all that comes back until the server hangs up. */
  async function sendRaw(bytes: string): Promise<string> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.write(bytes)
    await once(socket, 'close')
    return answer
  }

  test('a trailing slash makes no difference', async () => {
    const { token } = owner
    for (const path of ['/auth/me', '/business/profile', '/gamification/achievements', '/chat/sessions']) {
      const [plain, slashed] = [
        await server.api('GET', path, { token }),
        await server.api('GET', `${path}/`, { token }),
      ]
      assert.equal(slashed.status, 200)
      assert.deepEqual(slashed.json, plain.json)
    }
    assert.equal((await server.api('GET', '/gamification/leaderboard/?limit=1', { token })).status, 200)
    assert.equal((await server.api('PATCH', '/auth/me/', { token, body: {} })).status, 200)
    assertProblem(await server.api('GET', `/chat/sessions/${absent}/`, { token }), 404)
  })

  test('every answer has a request id of its own and the headers that keep browsers safe', async () => {
    const { token } = owner
    const answers = [
      await server.api('GET', '/auth/me', { token }),
      await server.api('GET', '/auth/me'),
      await server.api('GET', '/nothing/here'),
      await server.api('POST', '/auth/login', { body: '{' }),
      await server.api('POST', '/auth/login', { body: {} }),
      await server.api('POST', '/chat/completion', { token, body: { content: 'hello' } }),
      await server.api('DELETE', `/chat/sessions/${absent}`, { token }),
    ]
    for (const { headers } of answers) {
      assert.equal(headers.get('content-security-policy'), policy)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('strict-transport-security'), null, 'only where people use https')
      assert.equal(headers.get('x-powered-by'), null)
    }
    const ids = answers.map(({ headers }) => headers.get('x-request-id'))
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id ?? '', /^[0-9a-f-]{36}$/)
    const chosen = await server.api('GET', '/auth/me', { token, headers: { 'x-request-id': 'mine' } })
    assert.notEqual(chosen.headers.get('x-request-id'), 'mine', 'nobody outside chooses what log lines are called by')
  })

  test('what is not JSON is 400, and what is not meant to be is 415', async () => {
    for (const body of ['{', '{"email":', 'x', '[1,]', "{'a':1}", '   '])
      assertProblem(await server.api('POST', '/auth/login', { body }), 400, 'malformed_json')
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense'])
      assertProblem(
        await server.api('POST', '/auth/login', { body: '{}', headers: { 'content-type': type } }),
        415,
        'unsupported_media_type',
      )
    for (const body of ['null', '[]', '"x"', '5', 'true'])
      assertInvalid(await server.api('POST', '/auth/login', { body }), 'body')
  })

  test('no body is none, whatever its type is said to be', async () => {
    const { email, token } = await server.owner()
    const signedIn = await server.api('POST', '/auth/login', { body: { email, password: 'a-long-enough-password' } })
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const headers = { 'content-type': type }
      assert.equal((await server.api('POST', '/auth/logout', { body: '', headers })).status, 200)
      assertInvalid(await server.api('POST', '/auth/login', { body: '', headers }), 'body')
      assertProblem(await server.api('DELETE', `/chat/sessions/${absent}`, { token, body: '', headers }), 404)
      assertProblem(await server.api('POST', `/chat/runs/${absent}/stop`, { token, body: '', headers }), 404)
    }
    const headers = { 'content-type': 'application/json', cookie }
    assert.equal((await server.api('POST', '/auth/refresh', { body: '', headers })).status, 200)
    assertInvalid(await server.api('POST', '/auth/login'), 'body')
  })

  test('a body of 1 MiB is read, and a larger one is refused in a way that its sender can read', async () => {
    const { token } = owner
    const bodyOf = (bytes: number) => `{"unknown":"${'a'.repeat(bytes - 14)}"}`
    assert.equal(bodyOf(1024).length, 1024)
    assert.equal((await server.api('PATCH', '/auth/me', { token, body: bodyOf(1024 * 1024) })).status, 200)
    for (const bytes of [1024 * 1024 + 1, 8 * 1024 * 1024])
      assertProblem(await server.api('PATCH', '/auth/me', { token, body: bodyOf(bytes) }), 413, 'body_too_large')
    // In pieces, without a length said beforehand.
    const response = await fetch(`${server.url}/api/v1/auth/me`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: new Blob([bodyOf(4 * 1024 * 1024)]).stream(),
      duplex: 'half',
    })
    assert.equal(response.status, 413)
    // By one who hangs up as soon as the answer is there.
    const head = ['PATCH /api/v1/auth/me HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`, 'Connection: close']
    const body = bodyOf(3 * 1024 * 1024)
    const type = ['Content-Type: application/json', `Content-Length: ${body.length}`]
    assert.match(await sendRaw(`${[...head, ...type].join('\r\n')}\r\n\r\n${body}`), /^HTTP\/1\.1 413 /)
  })

  test('an address that cannot be read is a problem, and never a 5xx', async () => {
    const { token } = owner
    for (const path of ['/%zz', '/chat/sessions/%E0%A4%A', '/chat/sessions/%']) {
      const answer = await server.api('GET', path, { token })
      assertProblem(answer, 400, 'malformed_address')
      assert.ok(answer.headers.get('x-request-id'))
    }
    for (const id of ['x', '%00', 'a'.repeat(2_000)])
      assertInvalid(await server.api('GET', `/chat/sessions/${id}`, { token }), 'id')
    assertProblem(await server.api('GET', `/chat/sessions/${'a'.repeat(5_000)}`, { token }), 404)
    for (const path of ['/nothing', '//auth/me', '/auth//me', '/AUTH/me'])
      assertProblem(await server.api('GET', path, { token }), 404, 'no_such_address')
  })

  test('a Host that is none is refused where a link would lead there', async () => {
    const path = `/api/v1/admin/users/${owner.user.id}/reset-link`
    const head = [`POST ${path} HTTP/1.1`, `Authorization: Bearer ${admin}`, 'Connection: close', 'Content-Length: 0']
    assert.match(await sendRaw(`${[...head, 'Host: <x>'].join('\r\n')}\r\n\r\n`), /^HTTP\/1\.1 400 .*malformed_host/s)
    assert.match(await sendRaw(`${[...head, 'Host: a.example'].join('\r\n')}\r\n\r\n`), /"http:\/\/a\.example\/reset/)
  })

  test('bytes that are no request are answered with a problem', async () => {
    const garbage = await sendRaw('hello there\r\n\r\n')
    assert.match(garbage, /^HTTP\/1\.1 400 /)
    assert.match(garbage, /application\/problem\+json/)
    assert.match(garbage, /x-request-id: [0-9a-f-]{36}/i)
    assert.match(garbage, /"code":"malformed_request"/)
    assert.match(await sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
    const both = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    assert.match(await sendRaw(both), /^HTTP\/1\.1 400 /)
  })

  test('who is not signed in is told how to be', async () => {
    const attempts: Record<string, string>[] = [
      {},
      { authorization: 'Basic YTpi' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer x.y.z' },
    ]
    for (const headers of attempts) {
      const answer = await server.api('GET', '/business/profile', { headers })
      assertProblem(answer, 401)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
    }
    const inAddress = await server.api('GET', `/business/profile?access_token=${owner.token}`)
    assertProblem(inAddress, 401)
    assert.equal(
      (await server.api('GET', '/auth/me', { headers: { authorization: `bearer ${owner.token}` } })).status,
      200,
    )
  })

  test('fields that nobody knows are ignored and never applied', async () => {
    const { token, user } = owner
    const forged = { role: 'admin', id: absent, user_id: absent, total_points: 999, level_id: absent, disabled: false }
    const registered = await server.api('POST', '/auth/register', {
      body: { email: 'forged@example.org', password: 'long enough', name: 'x', ...forged },
    })
    assert.equal(registered.json.role, 'user')
    const profile = await server.api('PATCH', '/business/profile', { token, body: { ...forged, created_at: 'x' } })
    assert.deepEqual([profile.json.total_points, profile.json.user_id], [0, user.id])
    const me = await server.api('PATCH', '/auth/me', { token, body: { ...forged, email: 'x@example.org' } })
    assert.deepEqual([me.json.role, me.json.email, me.json.id], ['user', owner.email, user.id])
    for (const hidden of ['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{"role":"admin"}}}'])
      assert.equal((await server.api('PATCH', '/auth/me', { token, body: hidden })).json.role, 'user')
  })

  test('lists refuse limits and cursors that are none, by their name', async () => {
    const session = await server.api('POST', '/chat/completion', { token: owner.token, body: { content: 'hello' } })
    const [, sessionId] = /"session_created".*?"data":"([^"]+)"/.exec(session.text) ?? []
    const lists: [string, string][] = [
      ['/gamification/points', owner.token],
      ['/chat/sessions', owner.token],
      [`/chat/sessions/${sessionId}`, owner.token],
      ['/business/profiles', owner.token],
      ['/business/levels', owner.token],
      ['/admin/users', admin],
      ['/admin/businesses', admin],
      ['/admin/gamification/achievements', admin],
      ['/admin/gamification/rules', admin],
      ['/admin/business/levels', admin],
    ]
    const cursorOf = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
    const id = absent
    const cursors = [
      '',
      'x',
      '🍳',
      '%',
      'a'.repeat(501),
      cursorOf(null),
      cursorOf([]),
      cursorOf({ id: 'x' }),
      cursorOf({}),
    ]
    // Forged, but of the right form: whatever they lead to, it is no error of ours.
    const forged = [
      ...[Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0].flatMap((n) => [{ points: n }, { sequence: n }]),
      ...['0000-01-01', '0001-01-01', '9999-12-31'].map((day) => ({ at: `${day}T23:59:59.999999999Z`, id })),
      { id: '00000000-0000-0000-0000-000000000000' },
    ]
    for (const [path, token] of lists) {
      for (const limit of ['0', '201', '-1', '1.5', 'abc', ''])
        assertInvalid(await server.api('GET', `${path}?limit=${limit}`, { token }), 'limit')
      for (const cursor of cursors)
        assertInvalid(await server.api('GET', `${path}?cursor=${encodeURIComponent(cursor)}`, { token }), 'cursor')
      for (const key of forged) {
        const { status } = await server.api('GET', `${path}?cursor=${cursorOf(key)}`, { token })
        assert.ok(status === 200 || status === 422, `${path} ${JSON.stringify(key)} answered ${status}`)
      }
      for (const limit of [1, 200]) {
        const answer = await server.api('GET', `${path}?limit=${limit}`, { token })
        assert.equal(answer.status, 200)
        assert.ok(Array.isArray(answer.json) && answer.json.length <= limit)
      }
    }
    for (const limit of ['0', '101', 'abc'])
      assertInvalid(
        await server.api('GET', `/gamification/leaderboard?limit=${limit}`, { token: owner.token }),
        'limit',
      )
  })

  test('the Link header leads through a list once, keeps what was asked for, and is missing on the last page', async () => {
    const names = new Set<string>()
    for (let nth = 0; nth < 5; nth++) {
      const { user } = await server.owner({ email: `page-${nth}@pages.example`, business: false })
      names.add(user.id)
    }
    const seen: string[] = []
    const addresses: string[] = []
    for (let path: string | undefined = '/api/v1/admin/users/?q=%40pages.example&limit=2'; path;) {
      const answer: Answer = await server.api('GET', path, { token: admin })
      seen.push(...answer.json.map((user: { id: string }) => user.id))
      const link = answer.headers.get('link')
      path =
        link === null
          ? undefined
          : new URL(/^<([^>]+)>; rel="next"$/.exec(link)?.[1] ?? '', server.url).href.replace(server.url, '')
      if (path) addresses.push(path)
    }
    assert.deepEqual(new Set(seen), names)
    assert.equal(seen.length, 5)
    assert.deepEqual(seen, seen.toSorted().toReversed(), 'newest first')
    assert.equal(addresses.length, 2)
    for (const address of addresses) {
      const { searchParams } = new URL(address, server.url)
      assert.deepEqual([searchParams.get('q'), searchParams.get('limit')], ['@pages.example', '2'])
    }
  })

  test('HEAD answers like GET without a body, and an unknown method is 404', async () => {
    const head = await server.api('HEAD', '/auth/me', { token: owner.token })
    assert.deepEqual([head.status, head.text], [200, ''])
    assert.equal((await server.api('HEAD', '/auth/me')).status, 401)
    assertProblem(await server.api('PUT', '/auth/me', { token: owner.token, body: {} }), 404, 'no_such_address')
    assertProblem(await server.api('OPTIONS', '/auth/me'), 404)
  })

  test('large answers are compressed for who asks for it, and streams never are', async () => {
    const headers = { 'accept-encoding': 'gzip' }
    const list = await server.api('GET', '/gamification/achievements', { token: owner.token, headers })
    assert.equal(list.headers.get('content-encoding'), 'gzip')
    assert.ok(list.json.length > 1)
    const stream = await server.api('POST', '/chat/completion', {
      token: owner.token,
      headers,
      body: { content: 'hi' },
    })
    assert.equal(stream.headers.get('content-encoding'), null)
    assert.equal(stream.headers.get('cache-control'), 'no-cache, no-transform')
  })
})

describe('other origins', () => {
  const origin = 'https://app.example.org'
  const preflight = {
    origin,
    'access-control-request-method': 'PATCH',
    'access-control-request-headers': 'authorization',
  }

  test('are let in by nobody unless they are named', async () => {
    const server = await startTestServer()
    try {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await server.api(method, '/auth/me', { headers: preflight })
        for (const [name] of answer.headers) assert.ok(!name.startsWith('access-control-'), name)
      }
      for (const path of ['/auth/refresh', '/auth/logout'])
        assertProblem(await server.api('POST', path, { headers: { origin } }), 403, 'origin_not_allowed')
    } finally {
      await server.close()
    }
  })

  test('that are named may call, read errors and streams, and nobody else may', async () => {
    const server = await startTestServer({ env: { CORS_ORIGINS: `https://other.example.org,${origin}/` } })
    try {
      const allowed = await server.api('OPTIONS', '/auth/me', { headers: preflight })
      assert.equal(allowed.status, 204)
      assert.equal(allowed.headers.get('access-control-allow-origin'), origin)
      assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true')
      assert.match(allowed.headers.get('access-control-allow-methods') ?? '', /PATCH/)
      assert.equal(allowed.headers.get('access-control-allow-headers'), 'authorization')

      const { token } = await server.owner()
      const answers = [
        await server.api('GET', '/auth/me', { token, headers: { origin } }),
        await server.api('GET', '/auth/me', { headers: { origin } }),
        await server.api('GET', '/nothing', { headers: { origin } }),
        await server.api('POST', '/chat/completion', { token, body: { content: 'hi' }, headers: { origin } }),
      ]
      for (const { headers } of answers) {
        assert.equal(headers.get('access-control-allow-origin'), origin)
        assert.match(headers.get('access-control-expose-headers') ?? '', /link, retry-after, x-request-id, x-run-id/)
        assert.match(headers.get('vary') ?? '', /origin/i)
      }
      assert.equal((await server.api('POST', '/auth/logout', { headers: { origin } })).status, 200)

      const stranger = { ...preflight, origin: 'https://app.example.org.evil.example' }
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await server.api(method, '/auth/me', { headers: stranger })
        assert.notEqual(answer.headers.get('access-control-allow-origin'), stranger.origin)
        assert.notEqual(answer.headers.get('access-control-allow-origin'), '*')
      }
      assertProblem(await server.api('POST', '/auth/logout', { headers: stranger }), 403)
    } finally {
      await server.close()
    }
  })
})

test('under https, browsers are told to stay there', async () => {
  const server = await startTestServer({ env: { PUBLIC_URL: 'https://tangga.example.org' } })
  try {
    const answer = await server.api('GET', '/auth/me')
    assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=\d+/)
  } finally {
    await server.close()
  }
})
