import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Answer, startTestServer, testPassword, type TestServer } from './harness.ts'

function assertTooMany(answer: Answer): void {
  assert.equal(answer.status, 429, answer.text)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(answer.json.code, 'too_many_requests')
  const seconds = Number(answer.headers.get('retry-after'))
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After is ${seconds}`)
}

/** from is a request that came through a proxy, as it says for whom. */
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

async function register(server: TestServer, options: { headers?: Record<string, string> } = {}): Promise<Answer> {
  const body = { email: `${randomUUID()}@example.org`, password: testPassword, name: 'Sari' }
  return server.api('POST', '/auth/register', { body, ...options })
}

describe('calls of one caller in a minute', () => {
  let server: TestServer
  before(async () => {
    server = await startTestServer({ env: { API_LIMIT_PER_MINUTE: '12', TRUST_PROXY: '1' } })
  })
  after(() => server.close())

  /** person is somebody who signed up from an address that nobody else uses. */
  async function person(address: string): Promise<string> {
    const email = `${randomUUID()}@example.org`
    const options = from(address)
    await server.api('POST', '/auth/register', { body: { email, password: testPassword, name: 'x' }, ...options })
    const { json } = await server.api('POST', '/auth/login', { body: { email, password: testPassword }, ...options })
    return json.access_token
  }
  const me = (token: string, address: string) => server.api('GET', '/auth/me', { token, ...from(address) })

  test('are bounded for each person, wherever they are, and not for others at the same address', async () => {
    const [one, other] = [await person('10.0.0.1'), await person('10.0.0.2')]
    for (let nth = 0; nth < 12; nth++) assert.equal((await me(one, `10.1.0.${nth}`)).status, 200)
    assertTooMany(await me(one, '10.1.0.0'))
    assertTooMany(await me(one, '10.1.0.99'))
    for (let nth = 0; nth < 12; nth++) assert.equal((await me(other, '10.1.0.0')).status, 200)
    assertTooMany(await me(other, '10.1.0.0'))
  })

  test('are bounded for an address where nobody is signed in, and each counts once', async () => {
    const body = { email: 'nobody@example.org', password: 'wrong' }
    for (let nth = 0; nth < 12; nth++)
      assert.equal((await server.api('POST', '/auth/login', { body, ...from('10.0.0.3') })).status, 401)
    assertTooMany(await server.api('POST', '/auth/login', { body, ...from('10.0.0.3') }))
    assert.equal((await server.api('POST', '/auth/logout', from('10.0.0.4'))).status, 200)
  })

  test('with a refused token count for the address', async () => {
    for (let nth = 0; nth < 12; nth++) assert.equal((await me('x.y.z', '10.0.0.5')).status, 401)
    assertTooMany(await server.api('POST', '/auth/logout', from('10.0.0.5')))
  })

  test('are refused before the body is read, and change nothing', async () => {
    const token = await person('10.0.0.6')
    for (let nth = 0; nth < 12; nth++) await me(token, '10.0.0.6')
    assertTooMany(await server.api('PATCH', '/auth/me', { token, body: '{' }))
    assertTooMany(await server.api('PATCH', '/auth/me', { token, body: { name: 'changed' } }))
  })

  test('leave probes, documents and the web app alone', async () => {
    for (const path of ['/health', '/ready', '/api/v1/openapi.json', '/'])
      for (let nth = 0; nth < 15; nth++) {
        const response = await fetch(`${server.url}${path}`, from('10.0.0.7'))
        await response.arrayBuffer()
        assert.equal(response.status, 200, path)
      }
  })
})

describe('the address of a caller', () => {
  test('is that of the connection, whatever a header says, where no proxy is trusted', async () => {
    const server = await startTestServer({ env: { REGISTER_LIMIT_PER_MINUTE: '2' } })
    try {
      assert.equal((await register(server, from('10.0.0.1'))).status, 201)
      assert.equal((await register(server, from('10.0.0.2'))).status, 201)
      assertTooMany(await register(server, from('10.0.0.3')))
    } finally {
      await server.close()
    }
  })

  for (const [what, trust] of [
    ['a hop', '1'],
    ['a range', '127.0.0.0/8,::1'],
    ['a name', 'loopback'],
  ] as const) {
    test(`is what the last trusted proxy saw, where ${what} is trusted`, async () => {
      const server = await startTestServer({ env: { REGISTER_LIMIT_PER_MINUTE: '1', TRUST_PROXY: trust } })
      try {
        assert.equal((await register(server, from('203.0.113.1'))).status, 201)
        assert.equal((await register(server, from('203.0.113.2'))).status, 201)
        assertTooMany(await register(server, from('203.0.113.1')))
        // What stands before it, the caller has written.
        assertTooMany(await register(server, from('198.51.100.9, 203.0.113.1')))
        assert.equal((await register(server, from('203.0.113.1, 198.51.100.9'))).status, 201)
      } finally {
        await server.close()
      }
    })
  }

  test('from a proxy that is not trusted is that of the proxy', async () => {
    const server = await startTestServer({ env: { REGISTER_LIMIT_PER_MINUTE: '1', TRUST_PROXY: '10.0.0.0/8' } })
    try {
      assert.equal((await register(server, from('203.0.113.1'))).status, 201)
      assertTooMany(await register(server, from('203.0.113.2')))
    } finally {
      await server.close()
    }
  })

  test('behind a trusted proxy that ends TLS, cookies are Secure and links lead to where people are', async () => {
    const server = await startTestServer({ env: { TRUST_PROXY: '1' } })
    try {
      const { email, user } = await server.owner()
      const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'tangga.example.org' }
      const body = { email, password: testPassword }
      const secure = await server.api('POST', '/auth/login', { body, headers })
      assert.match(secure.headers.getSetCookie()[0] ?? '', /; Secure/)
      const plain = await server.api('POST', '/auth/login', { body })
      assert.doesNotMatch(plain.headers.getSetCookie()[0] ?? '', /Secure/)
      const token = await server.adminToken()
      const link = await server.api('POST', `/admin/users/${user.id}/reset-link`, { token, headers })
      assert.match(link.json.url, /^https:\/\/tangga\.example\.org\/reset\?token=/)
    } finally {
      await server.close()
    }
  })
})

test('failed logins of one e-mail are bounded, and those of one address at ten times as many', async () => {
  const server = await startTestServer({ env: { LOGIN_LIMIT_PER_MINUTE: '2', TRUST_PROXY: '1' } })
  try {
    const { email } = await server.owner()
    const login = (address: string, body: object) => server.api('POST', '/auth/login', { body, ...from(address) })
    for (let nth = 0; nth < 2; nth++)
      assert.equal((await login(`10.0.0.${nth}`, { email, password: 'wrong' })).status, 401)
    assertTooMany(await login('10.0.0.9', { email, password: testPassword }))

    for (let nth = 0; nth < 20; nth++)
      assert.equal((await login('10.0.1.1', { email: `nobody-${nth}@example.org`, password: 'wrong' })).status, 401)
    assertTooMany(await login('10.0.1.1', { email: 'somebody@example.org', password: 'wrong' }))
    assert.equal((await login('10.0.1.2', { email: 'somebody@example.org', password: 'wrong' })).status, 401)
  } finally {
    await server.close()
  }
})

describe('values at their edges', () => {
  let server: TestServer
  let owner: Awaited<ReturnType<TestServer['owner']>>
  let admin: string
  before(async () => {
    server = await startTestServer()
    owner = await server.owner()
    admin = await server.adminToken()
  })
  after(() => server.close())

  const emoji = (count: number) => '👩'.repeat(count)
  const empty = ['', ' ', '\n\t', '\0', '\u200b\ufeff', '\u202e\u2066', '\u2028', '\u200d']
  let nth = 0

  /** places are where a field can be sent, each with what must stand beside it. */
  function places(): Record<string, (field: string, value: unknown) => Promise<Answer>> {
    const post = (path: string, body: () => object) => (field: string, value: unknown) =>
      server.api('POST', path, {
        token: path.startsWith('/admin') ? admin : owner.token,
        body: { ...body(), [field]: value },
      })
    const patch = (path: string) => (field: string, value: unknown) =>
      server.api('PATCH', path, { token: owner.token, body: { [field]: value } })
    return {
      me: patch('/auth/me'),
      profile: patch('/business/profile'),
      registration: post('/auth/register', () => ({
        email: `edge-${nth++}@example.org`,
        password: testPassword,
        name: 'x',
      })),
      achievement: post('/admin/gamification/achievements', () => ({
        title: 'x',
        description: 'x',
        required_points: 5,
      })),
      level: post('/admin/business/levels', () => ({ name: 'x', required_points: 1_000_000 + nth++ })),
      rule: post('/admin/gamification/rules', () => ({ type: `edge_${nth++}`, points: 5 })),
      adjustment: post('/admin/gamification/adjustments', () => ({
        business_id: owner.business.id,
        points: 1,
        reason: 'x',
        idempotency_key: `edge ${nth++}`,
      })),
      event: post('/gamification/events', () => ({ type: 'daily_check_in', idempotency_key: `edge ${nth++}` })),
    }
  }

  async function takes(place: string, field: string, value: unknown): Promise<Answer> {
    const answer = await places()[place]?.(field, value)
    assert.ok(
      answer && answer.status < 300,
      `${place}.${field} refused ${JSON.stringify(value)?.slice(0, 40)}: ${answer?.text}`,
    )
    return answer
  }
  async function refuses(place: string, field: string, value: unknown): Promise<void> {
    const answer = await places()[place]?.(field, value)
    assert.equal(answer?.status, 422, `${place}.${field} with ${JSON.stringify(value)?.slice(0, 40)}: ${answer?.text}`)
    assert.equal(answer.json.errors?.[0].path.split('.')[0], field)
  }

  for (const [place, field, most] of [
    ['me', 'name', 200],
    ['registration', 'name', 200],
    ['profile', 'business_name', 200],
    ['profile', 'business_category', 100],
    ['profile', 'business_stage', 100],
    ['achievement', 'title', 200],
    ['level', 'name', 200],
  ] as const) {
    test(`${field} of a ${place} is a line of 1 to ${most} characters`, async () => {
      for (const value of ['x', emoji(most), `  ${'x'.repeat(most)}\n`]) await takes(place, field, value)
      for (const value of ['x'.repeat(most + 1), emoji(most + 1), ...empty, null, 5, [], {}])
        await refuses(place, field, value)
      const { json } = await takes(place, field, 'a\0b\u202ec\u200bd\r\ne👩‍🍳')
      assert.equal(json[field], 'a b c d e👩‍🍳')
      assert.equal((await takes(place, field, 'a\ud800b')).json[field], 'a\ufffdb')
    })
  }

  for (const field of ['business_description', 'target_market', 'primary_goal']) {
    test(`${field} has up to 5,000 characters, in lines, and can be taken away`, async () => {
      await takes('profile', field, emoji(5_000))
      for (const value of ['x'.repeat(5_001), emoji(5_001), 5, {}]) await refuses('profile', field, value)
      assert.equal((await takes('profile', field, 'a\0b\nc\td')).json[field], 'ab\nc\td')
      for (const value of ['', null]) assert.equal((await takes('profile', field, value)).json[field], null)
    })
  }

  test('each part of an address has up to 200 characters', async () => {
    for (const part of ['street', 'city', 'state', 'zip_code', 'country']) {
      assert.equal((await takes('profile', 'address', { [part]: emoji(200) })).json.address[part], emoji(200))
      await refuses('profile', 'address', { [part]: 'x'.repeat(201) })
      await refuses('profile', 'address', { [part]: 5 })
    }
    for (const value of ['x', 5, []]) await refuses('profile', 'address', value)
    assert.equal((await takes('profile', 'address', { city: '\0' })).json.address, null)
  })

  for (const [place, field] of [
    ['achievement', 'description'],
    ['adjustment', 'reason'],
  ] as const) {
    test(`${field} of an ${place} has 1 to 5,000 characters`, async () => {
      for (const value of ['x', emoji(5_000), 'a\nb']) await takes(place, field, value)
      for (const value of ['x'.repeat(5_001), ...empty, null, 5]) await refuses(place, field, value)
    })
  }

  test('an icon is an emoji or a short name, and never an address', async () => {
    for (const [place, field] of [
      ['achievement', 'badge_icon'],
      ['level', 'icon'],
    ] as const) {
      for (const value of ['👩‍🍳', 'trophy', ':trophy:', emoji(32)])
        assert.equal((await takes(place, field, value)).json[field], value)
      for (const value of ['', null, ' ']) assert.equal((await takes(place, field, value)).json[field], null)
      for (const value of [
        'x'.repeat(33),
        'https://x.org/a.png',
        '//x.org/a',
        'javascript:alert(1)',
        'data:,x',
        '/a.png',
        5,
      ])
        await refuses(place, field, value)
    }
  })

  test('points are whole numbers up to 1,000,000,000', async () => {
    for (const [place, field] of [
      ['achievement', 'required_points'],
      ['level', 'required_points'],
      ['rule', 'points'],
      ['rule', 'daily_cap'],
    ] as const) {
      // There is a level at 0 from the start, and two may not ask for the same.
      for (const value of [place === 'level' ? 1 : 0, 1_000_000_000]) await takes(place, field, value)
      for (const value of [-1, 0.5, 1_000_000_001, 1e300, '5', true, []]) await refuses(place, field, value)
    }
    for (const value of [1, -1, 1_000_000_000, -1_000_000_000]) await takes('adjustment', 'points', value)
    for (const value of [0, 0.5, 1_000_000_001, -1_000_000_001, '5', null]) await refuses('adjustment', 'points', value)
    await refuses('rule', 'cooldown_seconds', -1)
    await refuses('level', 'order', 1e10)
  })

  test('an event type and a key have 1 to 200 characters', async () => {
    for (const value of ['', 'a b', 'ü', '\0', 'x'.repeat(201), null, 5]) await refuses('rule', 'type', value)
    await takes('rule', 'type', 'x'.repeat(200))
    for (const value of ['', '\0', 'a\0', '\ud800', 'x'.repeat(201), null, 5]) {
      await refuses('event', 'idempotency_key', value)
      await refuses('adjustment', 'idempotency_key', value)
    }
    await takes('event', 'idempotency_key', emoji(200))
    for (const value of ['', '\0', '\ud800', 'nothing_by_that_name', 'x'.repeat(201), null, 5])
      await refuses('event', 'type', value)
  })

  test('a time that is none, or none that can be stored, is refused, and fails nobody beside it', async () => {
    const bad = [
      '',
      'x',
      5,
      null,
      '2026-11-22',
      '2026-02-30T00:00:00Z',
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59-23:59',
      '0001-01-01T00:00:00+23:59',
    ]
    const answers = await Promise.all([
      ...bad.map((value) => refuses('event', 'occurred_at', value)),
      ...bad.map(() => takes('event', 'occurred_at', new Date().toISOString())),
    ])
    assert.equal(answers.length, 2 * bad.length)
    const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()
    for (const value of [hours(-47), hours(0.05)]) await takes('event', 'occurred_at', value)
    for (const value of [hours(-49), hours(0.2), '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])
      await refuses('event', 'occurred_at', value)
  })

  test('metadata is an object that can be stored', async () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) })
    for (const value of [{}, { a: [1, 'x', null, { b: true }] }, nested(20)]) await takes('event', 'metadata', value)
    for (const value of [
      'x',
      5,
      [],
      null,
      { a: '\0' },
      { 'a\0': 1 },
      { a: '\ud800' },
      { a: 'x'.repeat(20_000) },
      nested(21),
    ])
      await refuses('event', 'metadata', value)
    const token = owner.token
    for (const value of [
      '['.repeat(100_000) + ']'.repeat(100_000),
      '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000),
    ]) {
      const body = `{"type":"daily_check_in","idempotency_key":"deep ${nth++}","metadata":{"a":${value}}}`
      assert.equal((await server.api('POST', '/gamification/events', { token, body })).status, 422)
    }
  })

  test('a message has 1 to 8,000 characters, a title 1 to 200', async () => {
    const { token } = owner
    const say = (content: unknown) => server.api('POST', '/chat/completion', { token, body: { content } })
    for (const value of ['x'.repeat(8_001), emoji(8_001), ...empty, null, 5]) {
      const answer = await say(value)
      assert.deepEqual([answer.status, answer.json.errors?.[0].path], [422, 'content'])
    }
    const answer = await say(`${emoji(7_998)}\0\n!`)
    assert.equal(answer.status, 200)
    const [, session] = /"session_created".*?"data":"([^"]+)"/.exec(answer.text) ?? []
    const messages = await server.api('GET', `/chat/sessions/${session}`, { token })
    assert.equal(messages.json[0].content, `${emoji(7_998)}\n!`)
    const rename = (title: unknown) => server.api('PATCH', `/chat/sessions/${session}`, { token, body: { title } })
    for (const value of ['x'.repeat(201), ...empty, null, 5]) assert.equal((await rename(value)).status, 422)
    assert.equal((await rename(emoji(200))).json.title, emoji(200))
  })

  test('an e-mail has up to 254 characters and the form of one, a password 8 to 200', async () => {
    const long = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.`
    await takes('registration', 'email', long.padEnd(254, 'e'))
    for (const value of [long.padEnd(255, 'e'), '', 'x', 'a@', '@b', 'a b@c.de', 'a@b\0.de', 'a@b.de\u200b', null, 5])
      await refuses('registration', 'email', value)
    for (const value of ['x'.repeat(8), 'x'.repeat(200), emoji(8), emoji(200), '\0'.repeat(8)])
      await takes('registration', 'password', value)
    for (const value of ['x'.repeat(7), 'x'.repeat(201), emoji(7), emoji(201), '', null, 5])
      await refuses('registration', 'password', value)
  })

  test('a time zone is one that everything here knows, a currency an ISO code, a choice one of those named', async () => {
    for (const value of ['Asia/Jakarta', 'UTC', 'Etc/GMT+5']) await takes('profile', 'time_zone', value)
    for (const value of ['', 'Mars/Olympus', '+02:00', 'UTC\0', 'posixrules', 'x'.repeat(5_000), 5, null])
      await refuses('profile', 'time_zone', value)
    assert.equal((await takes('profile', 'currency', 'idr')).json.currency, 'IDR')
    for (const value of ['', 'XYZ', 'US', '\0', 5, null]) await refuses('profile', 'currency', value)
    for (const value of ['', 'x', null, 5]) {
      await refuses('profile', 'board_visibility', value)
      await refuses('me', 'locale', value)
    }
  })
})
