import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { openRunStream } from '../src/modules/chat/testing/run-stream.ts'
import { type Answer, startTestServer, testPassword, type TestServer } from './harness.ts'
import { type OpenApiDocument, type Operation, readOpenApi } from './openapi-document.ts'

const absent = '01900000-0000-7000-8000-0000000000ff'

type Call = {
  /** What stands for the parts in braces, in order. */
  ids?: string[]
  query?: string
  token?: string
  headers?: Record<string, string>
  body?: unknown
}

describe('the OpenAPI document', () => {
  let server: TestServer
  let document: OpenApiDocument
  const driven = new Map<string, Set<number>>()
  /** Of answers that were driven, the documented types that none of them has had. */
  const typesLeft = new Map<string, string[]>()
  before(async () => {
    server = await startTestServer({ env: { WEBHOOK_ALLOW_PRIVATE: '1' } })
    document = readOpenApi((await server.api('GET', '/openapi.json')).json)
  })
  after(() => server.close())

  /** holds checks an answer against what the document says of it. */
  function holds(operation: Operation, answer: Pick<Answer, 'status' | 'headers' | 'text' | 'json'>): void {
    const name = `${operation.method} ${operation.path} ${answer.status}`
    const documented = operation.responses[answer.status]
    assert.ok(documented, `${name} is not documented: ${answer.text}`)
    const statuses = driven.get(operation.operationId) ?? new Set()
    driven.set(operation.operationId, statuses.add(answer.status))

    const type = answer.headers.get('content-type')?.split(';')[0]
    if (!documented.content) {
      assert.deepEqual([type, answer.text], [undefined, ''], `${name} says more than is documented`)
      return
    }
    // A success may be of either type where the caller chooses one.
    const types = Object.keys(documented.content)
    if (types.length === 1) assert.deepEqual(types, [type], `${name} is of another type`)
    else assert.ok(answer.status < 300 && types.includes(type ?? ''), `${name} is of another type`)
    const schema = document.schemaOf(documented.content[type ?? '']?.schema ?? {})
    typesLeft.set(
      name,
      (typesLeft.get(name) ?? types).filter((other) => other !== type),
    )
    const values = type === 'text/event-stream' ? eventsOf(answer.text) : [answer.json]
    for (const value of values) {
      const { error } = schema.safeParse(value)
      assert.ok(!error, `${name} is not as documented: ${error?.message}\n${JSON.stringify(value)}`)
    }
  }

  const eventsOf = (text: string): unknown[] =>
    [...text.matchAll(/^data: (?!\[DONE\]$)(.*)$/gm)].map(([, data = '']) => JSON.parse(data))

  function addressOf({ path }: Operation, { ids = [], query = '' }: Call): string {
    const left = [...ids]
    return `${server.url}${path.replaceAll(/\{[^}]+\}/g, () => encodeURIComponent(left.shift() ?? absent))}${query}`
  }

  /** drive calls an operation and holds its answer to the document, and what it was sent with, too, where it was taken. */
  async function drive(method: string, path: string, status: number, call: Call = {}): Promise<Answer> {
    const operation = document.find(method, path)
    const address = addressOf(operation, call)
    const answer = await server.api(method, address, call)
    assert.equal(answer.status, status, `${method} ${address} answered ${answer.status}: ${answer.text}`)
    holds(operation, answer)
    if (status < 300 && call.body !== undefined) {
      const described = operation.requestBody?.content['application/json']?.schema
      assert.ok(described, `${method} ${path} takes a body that is not documented`)
      const { error } = document.schemaOf(described).safeParse(call.body)
      assert.ok(!error, `${method} ${path} took what is not documented: ${error?.message}`)
    }
    return answer
  }

  test('has a form that tools can read', () => {
    const names = document.operations.map(({ operationId }) => operationId)
    assert.equal(new Set(names).size, names.length, 'operationIds are unique')
    for (const reference of document.references) {
      const name = reference.replace('#/components/schemas/', '')
      assert.ok(name in document.components.schemas, `${reference} leads nowhere`)
      document.schemaOf({ $ref: reference })
    }
    for (const operation of document.operations) {
      const { method, path, parameters, security, responses, requestBody } = operation
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)
      const declared = parameters.filter((parameter) => parameter.in === 'path')
      assert.deepEqual(declared.map(({ name }) => name).toSorted(), inPath.toSorted(), path)
      assert.ok(
        declared.every(({ required }) => required),
        path,
      )
      assert.equal(new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size, parameters.length)
      for (const scheme of security.flatMap((way) => Object.keys(way)))
        assert.ok(scheme in document.components.securitySchemes, `${path} asks for ${scheme}`)
      assert.ok(
        Object.keys(responses).some((status) => status.startsWith('2')),
        `${method} ${path} never succeeds`,
      )
      if (path.includes('/admin/')) assert.deepEqual(security, [{ bearer: [] }], path)
      if (method === 'GET') assert.equal(requestBody, undefined, path)
      for (const [status, { content }] of Object.entries(responses)) {
        assert.equal(content === undefined, status === '204', `${method} ${path} ${status}`)
        for (const media of Object.values(content ?? {})) document.schemaOf(media.schema)
        const errorType = path.startsWith('/openai/') ? 'application/json' : 'application/problem+json'
        if (Number(status) >= 400) assert.deepEqual(Object.keys(content ?? {}), [errorType], `${path} ${status}`)
      }
    }
  })

  test('is held to: a field that it does not know, or that is missing, would be noticed', () => {
    const message = document.schemaOf({ $ref: '#/components/schemas/Message' })
    assert.ok(message.safeParse({ message: 'x' }).success)
    assert.ok(!message.safeParse({ message: 'x', more: 1 }).success)
    assert.ok(!message.safeParse({}).success)
    const operation = document.find('GET', '/health')
    const answer = { headers: new Headers({ 'content-type': 'application/json' }), text: '{}', json: {} }
    assert.throws(() => holds(operation, { ...answer, status: 200 }), /not as documented/)
    assert.throws(() => holds(operation, { ...answer, status: 418 }), /is not documented/)
  })

  test('tells what every operation answers to who may not, and to what nobody can mean', async () => {
    const owner = await server.owner()
    const admin = await server.adminToken()
    const scopes = ['events:write', 'links:write', 'feed:read']
    const made = await server.api('POST', '/admin/api-keys', { token: admin, body: { name: 'Till', scopes } })
    const key: Record<string, string> = { 'x-api-key': made.json.key }
    const personal = await server.api('POST', '/personal-keys', { token: owner.token, body: { name: 'Chat' } })

    for (const operation of document.operations) {
      const { method, path, security, responses, requestBody, parameters } = operation
      const says = async (status: number, call: Call) => drive(method, path, status, call)
      const isFor = (scheme: string) => security.some((way) => scheme in way)
      const isForAdmins = path.includes('/admin/')
      const may: Call = isForAdmins
        ? { token: admin }
        : isFor('bearer')
          ? { token: owner.token }
          : isFor('personalKey')
            ? { token: personal.json.key }
            : { headers: key }
      if (security.length > 0) {
        await says(401, {})
        await says(401, { token: 'x.y.z' })
        if (isFor('apiKey')) await says(401, { headers: { 'x-api-key': 'tgk_nothing' } })
        if (isFor('personalKey')) await says(401, { token: 'tgp_nothing' })
      }
      if (isForAdmins) await says(403, { token: owner.token })
      if ('422' in responses && parameters.some(({ name }) => name === 'limit'))
        await says(422, { ...may, query: '?limit=0' })
      const ids = parameters.filter((parameter) => parameter.in === 'path')
      if (ids.some(({ schema }) => schema['format'] === 'uuid')) await says(422, { ...may, ids: ['x'] })
      if (method === 'GET') continue

      await says(400, { ...may, body: '{' })
      await says(413, { ...may, body: `"${'x'.repeat(1024 * 1024)}"` })
      const text = { ...may, headers: { ...may.headers, 'content-type': 'text/plain' }, body: 'x' }
      await says(415, text)
      if (!requestBody) continue
      await says(422, { ...may, body: [] })
      if (requestBody.required) await says(422, { ...may })
    }
  })

  test('tells what every operation answers when it goes well', async () => {
    const email = 'sari@example.org'
    const person = { email, password: testPassword }
    const auth = '/api/v1/auth'
    await drive('POST', `${auth}/register`, 201, { body: { ...person, name: 'Sari Dewi', locale: 'id' } })
    await drive('POST', `${auth}/register`, 409, { body: { ...person, name: 'Sari Dewi' } })
    await drive('POST', `${auth}/login`, 401, { body: { ...person, password: 'wrong' } })
    const login = await drive('POST', `${auth}/login`, 200, { body: person })
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const refreshed = await drive('POST', `${auth}/refresh`, 200, { headers: { cookie } })
    await drive('POST', `${auth}/refresh`, 401, { headers: { cookie } })
    const foreign = { headers: { origin: 'https://evil.example' } }
    await drive('POST', `${auth}/refresh`, 403, foreign)
    await drive('POST', `${auth}/logout`, 403, foreign)
    await drive('POST', `${auth}/logout`, 200)
    const { access_token: token } = refreshed.json
    await drive('GET', `${auth}/me`, 200, { token })
    await drive('PATCH', `${auth}/me`, 200, { token, body: { name: 'Sari' } })

    const profile = '/api/v1/business/profile'
    await drive('GET', profile, 404, { token })
    const described = {
      business_name: 'Warung Sari',
      business_category: 'Food & Beverage',
      business_description: 'Noodles\nand more',
      address: { city: 'Bandung', country: 'Indonesia' },
      business_stage: 'Operational',
      target_market: 'Students',
      primary_goal: 'A second place',
      time_zone: 'Asia/Jakarta',
      currency: 'IDR',
    }
    const business = (await drive('POST', profile, 201, { token, body: described })).json
    await drive('GET', profile, 200, { token })
    await drive('GET', profile, 404, { token, query: `?business_id=${absent}` })
    await drive('PATCH', profile, 200, { token, body: { address: null, board_visibility: 'alias' } })
    await drive('GET', '/api/v1/business/profiles', 200, { token })
    await drive('GET', '/api/v1/business/levels', 200, { token })

    const game = '/api/v1/gamification'
    await drive('GET', `${game}/rules`, 200, { token })
    const event = { type: 'daily_check_in', idempotency_key: randomUUID(), metadata: { note: 'x' } }
    await drive('POST', `${game}/events`, 201, { token, body: event })
    await drive('POST', `${game}/events`, 200, { token, body: event })
    await drive('POST', `${game}/events`, 409, { token, body: { ...event, metadata: {} } })
    await drive('POST', `${game}/events`, 404, { token, body: { ...event, business_id: absent } })
    await drive('GET', `${game}/achievements`, 200, { token })
    await drive('GET', `${game}/leaderboard`, 200, { token })
    const points = await drive('GET', `${game}/points`, 200, { token })
    await drive('GET', `${game}/points/{id}`, 200, { token, ids: [points.json[0].id] })
    await drive('GET', `${game}/points/{id}`, 404, { token })

    const personal = '/api/v1/personal-keys'
    const key = await drive('POST', personal, 201, { token, body: { name: 'Chat', business_id: business.id } })
    await drive('POST', personal, 404, { token, body: { name: 'Chat', business_id: absent } })
    await drive('GET', personal, 200, { token })

    const chat = '/api/v1/chat'
    const said = await drive('POST', `${chat}/completion`, 200, {
      token,
      body: { content: 'How many points do I have?' },
    })
    const [started] = eventsOf(said.text).filter((sent) => JSON.stringify(sent).includes('"run_started"'))
    const { session_id: session, run_id: run } = Object(Object(started).data)
    await drive('POST', `${chat}/completion`, 404, { token, body: { content: 'x', session_id: absent } })
    await drive('GET', `${chat}/sessions`, 200, { token })
    const messages = await drive('GET', `${chat}/sessions/{id}`, 200, { token, ids: [session] })
    assert.ok(messages.json[1].tool_calls.length > 0, 'an answer with tool calls is among what is checked')
    await drive('GET', `${chat}/sessions/{id}`, 404, { token })
    await drive('PATCH', `${chat}/sessions/{id}`, 200, { token, ids: [session], body: { title: 'Points' } })
    await drive('PATCH', `${chat}/sessions/{id}`, 404, { token, body: { title: 'Points' } })
    await drive('GET', `${chat}/runs/{run_id}/events`, 200, { token, ids: [run] })
    await drive('GET', `${chat}/runs/{run_id}/events`, 404, { token })
    await drive('POST', `${chat}/runs/{run_id}/stop`, 200, { token, ids: [run] })
    await drive('POST', `${chat}/runs/{run_id}/stop`, 404, { token })
    const [asked, answered] = messages.json
    await drive('POST', `${chat}/messages/{id}/regenerate`, 200, { token, ids: [answered.id] })
    await drive('POST', `${chat}/messages/{id}/regenerate`, 404, { token })
    const otherWords = { content: 'How many points have I got?' }
    await drive('POST', `${chat}/messages/{id}/edit`, 200, { token, ids: [asked.id], body: otherWords })
    await drive('POST', `${chat}/messages/{id}/edit`, 404, { token, body: otherWords })
    await drive('POST', `${chat}/messages/{id}/edit`, 409, { token, ids: [answered.id], body: otherWords })
    await drive('GET', `${chat}/messages/{id}/versions`, 200, { token, ids: [asked.id] })
    await drive('GET', `${chat}/messages/{id}/versions`, 404, { token })
    await drive('POST', `${chat}/messages/{id}/show`, 200, { token, ids: [answered.id] })
    await drive('POST', `${chat}/messages/{id}/show`, 404, { token })
    const typed = { id: 'a-chat', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'My points?' }] }] }
    await drive('POST', `${chat}/ui`, 200, { token, body: typed })
    await drive('POST', `${chat}/ui`, 404, { token, body: { ...typed, business_id: absent } })
    await drive('GET', `${chat}/ui/{session_id}/stream`, 204, { token, ids: ['a-chat'] })
    const asks = await openRunStream(`${server.url}${chat}/completion`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content: 'catat penjualan hari ini' }),
    })
    const question = (await asks.until('approval_required')).at(-1)?.event
    assert.ok(question?.type === 'approval_required')
    const decision = `${chat}/runs/{run_id}/approvals/{approval_id}`
    const approval = [asks.runId, question.data.approval_id]
    const yes = { decision: 'approve', token: question.data.token }
    await drive('POST', decision, 404, { token, body: yes })
    await drive('POST', decision, 403, { token, ids: approval, body: { ...yes, token: 'forged' } })
    await drive('POST', decision, 200, { token, ids: approval, body: yes })
    await asks.rest()
    await drive('POST', decision, 409, { token, ids: approval, body: yes })
    const heard = await drive('GET', `${chat}/runs/{run_id}/events`, 200, { token, ids: [asks.runId] })
    assert.match(heard.text, /"type":"approval_decided"[^]*"type":"points"/)
    const openai = '/openai/v1'
    const byKey = { token: key.json.key }
    await drive('GET', `${openai}/models`, 200, byKey)
    const spoken = { model: 'tangga', messages: [{ role: 'user', content: 'How many points do I have?' }] }
    await drive('POST', `${openai}/chat/completions`, 200, { ...byKey, body: spoken })
    const streamed = { ...spoken, stream: true, stream_options: { include_usage: true } }
    await drive('POST', `${openai}/chat/completions`, 200, { ...byKey, body: streamed })
    await drive('GET', `${chat}/usage`, 200, { token, query: '?from=2026-01-01&to=2026-01-31' })
    await drive('GET', `${chat}/usage`, 422, { token, query: '?from=2026-01-01&to=2027-01-31' })
    await driveSessions({ token, sessionId: session, questionId: asked.id, answerId: answered.id })
    await drive('DELETE', `${personal}/{id}`, 204, { token, ids: [key.json.id] })
    await drive('DELETE', `${personal}/{id}`, 404, { token, ids: [key.json.id] })

    const facts = '/api/v1/advisor/facts'
    const told = { content: 'We close on Mondays', kind: 'business', business_id: business.id }
    const fact = await drive('POST', facts, 201, { token, body: told })
    await drive('POST', facts, 200, { token, body: told })
    await drive('POST', facts, 404, { token, body: { ...told, business_id: absent } })
    await drive('GET', facts, 200, { token })
    const other = await drive('POST', facts, 201, { token, body: { content: 'We open at 8' } })
    await drive('PATCH', `${facts}/{id}`, 409, { token, ids: [other.json.id], body: { content: told.content } })
    await drive('PATCH', `${facts}/{id}`, 200, { token, ids: [other.json.id], body: { kind: 'owner' } })
    await drive('PATCH', `${facts}/{id}`, 404, { token, body: {} })
    await drive('DELETE', `${facts}/{id}`, 204, { token, ids: [fact.json.id] })
    await drive('DELETE', `${facts}/{id}`, 404, { token })

    const admin = await server.adminToken()
    const admins = '/api/v1/admin'
    await drive('GET', `${admins}/users`, 200, { token: admin, query: '?q=sari&limit=1' })
    const { id: userId } = login.json.user
    await drive('PATCH', `${admins}/users/{id}`, 200, { token: admin, ids: [userId], body: { disabled: false } })
    await drive('PATCH', `${admins}/users/{id}`, 404, { token: admin, body: {} })
    const me = await server.api('GET', '/auth/me', { token: admin })
    await drive('PATCH', `${admins}/users/{id}`, 409, { token: admin, ids: [me.json.id], body: { role: 'user' } })
    const link = await drive('POST', `${admins}/users/{id}/reset-link`, 201, { token: admin, ids: [userId] })
    await drive('POST', `${admins}/users/{id}/reset-link`, 404, { token: admin })
    const reset = { token: new URL(link.json.url).searchParams.get('token'), new_password: testPassword }
    await drive('POST', `${auth}/reset`, 200, { body: reset })
    await drive('POST', `${auth}/reset`, 422, { body: reset })
    await drive('GET', `${admins}/chat/usage`, 200, { token: admin })
    const allowance = { tokens_per_day: 100_000, runs_per_day: null }
    await drive('PUT', `${admins}/chat/budgets`, 200, { token: admin, body: allowance })
    await drive('GET', `${admins}/chat/budgets`, 200, { token: admin })
    const ofOwner = `${admins}/chat/budgets/users`
    await drive('PUT', `${ofOwner}/{id}`, 200, { token: admin, ids: [userId], body: { runs_per_day: 20 } })
    await drive('GET', ofOwner, 200, { token: admin })
    await drive('GET', `${ofOwner}/{id}`, 200, { token: admin, ids: [userId] })
    await drive('DELETE', `${ofOwner}/{id}`, 204, { token: admin, ids: [userId] })
    await drive('PUT', `${ofOwner}/{id}`, 404, { token: admin, body: allowance })
    await drive('GET', `${ofOwner}/{id}`, 404, { token: admin })
    await drive('DELETE', `${ofOwner}/{id}`, 404, { token: admin })
    await drive('GET', `${admins}/businesses`, 200, { token: admin })
    const shown = { board_visibility: 'shown' }
    await drive('PATCH', `${admins}/businesses/{id}`, 200, { token: admin, ids: [business.id], body: shown })
    await drive('PATCH', `${admins}/businesses/{id}`, 404, { token: admin, body: shown })

    for (const [path, body, taken] of [
      [
        'gamification/achievements',
        { title: 'Hundred', description: 'Points', required_points: 100, badge_icon: '💯' },
        false,
      ],
      ['business/levels', { name: 'Oak', required_points: 123_456, order: 9, icon: '🌳' }, true],
      [
        'gamification/rules',
        { type: 'sale', points: 5, daily_cap: 50, cooldown_seconds: 1, sources: ['api_key'] },
        true,
      ],
    ] as const) {
      const definition = await drive('POST', `${admins}/${path}`, 201, { token: admin, body })
      if (taken) await drive('POST', `${admins}/${path}`, 409, { token: admin, body })
      await drive('GET', `${admins}/${path}`, 200, { token: admin })
      const ids = [definition.json.id]
      await drive('PUT', `${admins}/${path}/{id}`, 200, { token: admin, ids, body })
      await drive('PUT', `${admins}/${path}/{id}`, 404, { token: admin, body })
      if (path !== 'gamification/rules') await drive('DELETE', `${admins}/${path}/{id}`, 204, { token: admin, ids })
      await drive('DELETE', `${admins}/${path}/{id}`, 404, { token: admin })
    }
    await drive('POST', `${game}/events`, 403, { token, body: { type: 'sale', idempotency_key: 'closed' } })
    const adjustment = { business_id: business.id, points: 5, reason: 'A gift', idempotency_key: 'gift' }
    await drive('POST', `${admins}/gamification/adjustments`, 201, { token: admin, body: adjustment })
    await drive('POST', `${admins}/gamification/adjustments`, 200, { token: admin, body: adjustment })
    const tooMuch = { ...adjustment, points: -1_000, idempotency_key: 'fine' }
    await drive('POST', `${admins}/gamification/adjustments`, 409, { token: admin, body: tooMuch })
    const elsewhere = { ...adjustment, business_id: absent }
    await drive('POST', `${admins}/gamification/adjustments`, 404, { token: admin, body: elsewhere })

    const entries = await server.api('GET', '/gamification/points', { token })
    const ids = [entries.json[0].id]
    await drive('GET', `${admins}/gamification/points/{id}`, 200, { token: admin, ids })
    await drive('GET', `${admins}/gamification/points/{id}`, 404, { token: admin })
    const audit = await drive('GET', `${admins}/audit`, 200, { token: admin })
    assert.ok(audit.json.length > 5)

    await driveIntegrator({ token, admin, businessId: business.id })
    await driveWebhooks({ admin, businessId: business.id })

    const rules = await server.api('GET', '/admin/gamification/rules', { token: admin })
    const sale = rules.json.find((rule: { type: string }) => rule.type === 'sale')
    await drive('DELETE', `${admins}/gamification/rules/{id}`, 204, { token: admin, ids: [sale.id] })
    const passwords = { current_password: testPassword, new_password: testPassword }
    await drive('POST', `${auth}/password`, 403, { token, body: { ...passwords, current_password: 'wrong' } })
    await drive('POST', `${auth}/password`, 200, { token, body: passwords })
    await drive('DELETE', `${auth}/me`, 403, { token, body: { password: 'wrong' } })
    await drive('DELETE', `${auth}/me`, 204, { token, body: { password: testPassword } })
    await drive('DELETE', `${auth}/me`, 409, { token: admin, body: { password: testPassword } })
    await drive('GET', `${auth}/me`, 401, { token })
    await drive('GET', '/health', 200)
    await drive('GET', '/ready', 200)
  })

  async function driveSessions(about: {
    token: string
    sessionId: string
    questionId: string
    answerId: string
  }): Promise<void> {
    const { token } = about
    const chat = '/api/v1/chat'
    const own = { token, ids: [about.sessionId] }
    await drive('PATCH', `${chat}/sessions/{id}`, 200, { ...own, body: { pinned: true } })
    await drive('GET', `${chat}/sessions`, 200, { token, query: '?pinned=true' })
    const results = await drive('GET', `${chat}/search`, 200, { token, query: '?q=points' })
    assert.ok(results.json[0].message.highlights.length > 0, 'a result with an excerpt is among what is checked')
    await drive('GET', `${chat}/search`, 422, { token })
    await drive('GET', `${chat}/sessions/{id}/export`, 200, own)
    await drive('GET', `${chat}/sessions/{id}/export`, 200, { ...own, query: '?format=json' })
    await drive('GET', `${chat}/sessions/{id}/export`, 404, { token })
    const rating = { body: { rating: 'down', note: 'Not my points' } }
    const feedback = `${chat}/messages/{id}/feedback`
    await drive('PUT', feedback, 200, { token, ids: [about.answerId], ...rating })
    await drive('PUT', feedback, 409, { token, ids: [about.questionId], ...rating })
    await drive('PUT', feedback, 404, { token, ...rating })
    const rated = await drive('GET', `${chat}/sessions/{id}`, 200, own)
    assert.ok(rated.json[1].feedback, 'an answer with feedback is among what is checked')
    const given = await drive('GET', '/api/v1/admin/chat/feedback', 200, { token: await server.adminToken() })
    assert.equal(given.json.length, 1)
    await drive('DELETE', feedback, 204, { token, ids: [about.answerId] })
    await drive('DELETE', feedback, 404, { token })
    await drive('DELETE', `${chat}/sessions/{id}`, 204, own)
    await drive('DELETE', `${chat}/sessions/{id}`, 404, own)
    await drive('GET', `${chat}/sessions`, 200, { token, query: '?deleted=true' })
    await drive('POST', `${chat}/sessions/{id}/restore`, 200, own)
    await drive('POST', `${chat}/sessions/{id}/restore`, 404, { token })
  }

  async function driveIntegrator(about: { token: string; admin: string; businessId: string }): Promise<void> {
    const { token, admin, businessId } = about
    const keys = '/api/v1/admin/api-keys'
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    const scopes = ['events:write', 'links:write', 'feed:read']
    const made = await drive('POST', keys, 201, { token: admin, body: { name: 'Till', scopes, expires_at } })
    const poor = await drive('POST', keys, 201, { token: admin, body: { name: 'Reader', scopes: ['feed:read'] } })
    await drive('GET', keys, 200, { token: admin })
    const headers = { 'x-api-key': made.json.key }
    const event = { type: 'sale', business_id: businessId, idempotency_key: 'one' }
    const events = '/api/v1/gamification/events'
    await drive('POST', events, 201, { headers, body: event })
    await drive('POST', events, 403, { headers: { 'x-api-key': poor.json.key }, body: event })
    const batch = { events: [event, { ...event, type: 'nothing_by_that_name', idempotency_key: 'two' }] }
    await drive('POST', `${events}/batch`, 200, { headers, body: batch })
    const links = '/api/v1/business-links/{external_id}'
    const ids = ['till 1/2']
    await drive('PUT', links, 200, { headers, ids, body: { business_id: businessId } })
    await drive('PUT', links, 404, { headers, ids: ['other'], body: { business_id: absent } })
    await drive('GET', links, 200, { headers, ids })
    await drive('GET', links, 404, { headers })
    await drive('DELETE', links, 204, { headers, ids })
    await drive('DELETE', links, 404, { headers, ids })

    const operation = document.find('GET', '/api/v1/gamification/stream')
    const connection = new AbortController()
    const response = await fetch(addressOf(operation, {}), {
      headers: { authorization: `Bearer ${token}` },
      signal: connection.signal,
    })
    const live = { business_id: businessId, points: 7, reason: 'Live', idempotency_key: 'live' }
    await drive('POST', '/api/v1/admin/gamification/adjustments', 201, { token: admin, body: live })
    const text = await untilEvent(response)
    connection.abort()
    holds(operation, { status: response.status, headers: response.headers, text, json: undefined })
    assert.equal(eventsOf(text).length, 1)

    await drive('DELETE', `${keys}/{id}`, 204, { token: admin, ids: [made.json.id] })
    await drive('DELETE', `${keys}/{id}`, 404, { token: admin })
  }

  /** untilEvent reads a stream up to and with its first event. */
  async function untilEvent(response: Response): Promise<string> {
    let text = ''
    assert.ok(response.body)
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece
      if (/^data: .*\n\n/m.test(text)) break
    }
    return text.slice(0, text.indexOf('\n\n', text.indexOf('data: ')) + 2)
  }

  async function driveWebhooks({ admin: token, businessId }: { admin: string; businessId: string }): Promise<void> {
    const hooks = '/api/v1/admin/webhooks'
    const url = 'http://127.0.0.1:9/hook'
    const hook = await drive('POST', hooks, 201, { token, body: { url } })
    const ids = [hook.json.id]
    await drive('GET', hooks, 200, { token })
    await drive('PUT', `${hooks}/{id}`, 200, { token, ids, body: { url } })
    await drive('POST', `${hooks}/{id}/rotate-secret`, 200, { token, ids })
    await drive('POST', `${hooks}/{id}/test`, 200, { token, ids })
    const points = { business_id: businessId, points: 1, reason: 'x', idempotency_key: 'hooked' }
    await drive('POST', '/api/v1/admin/gamification/adjustments', 201, { token, body: points })
    await server.app.webhooks.courier.settled()
    const deliveries = await drive('GET', `${hooks}/{id}/deliveries`, 200, { token, ids })
    const sent = deliveries.json.find((delivery: { type: string }) => delivery.type === 'points')
    assert.ok(sent, JSON.stringify(deliveries.json))
    await drive('POST', `${hooks}/deliveries/{id}/redeliver`, 202, { token, ids: [sent.id] })
    await drive('DELETE', `${hooks}/{id}`, 204, { token, ids })
    for (const [method, path, body] of [
      ['PUT', `${hooks}/{id}`, {}],
      ['DELETE', `${hooks}/{id}`],
      ['POST', `${hooks}/{id}/rotate-secret`],
      ['POST', `${hooks}/{id}/test`],
      ['GET', `${hooks}/{id}/deliveries`],
      ['POST', `${hooks}/deliveries/{id}/redeliver`],
    ] as const)
      await drive(method, path, 404, { token, ...(body ? { body } : {}) })
  }

  test('has no operation that was not driven, to success and, where it takes anything, to an error', () => {
    const left = document.operations.flatMap(({ operationId, method, path, parameters, security }) => {
      const statuses = [...(driven.get(operationId) ?? [])]
      const name = `${method} ${path}`
      const takesAnything = parameters.length > 0 || security.length > 0
      return [
        ...(statuses.some((status) => status < 300) ? [] : [`${name} to success`]),
        ...(statuses.some((status) => status >= 400) || !takesAnything ? [] : [`${name} to an error`]),
      ]
    })
    assert.deepEqual(left, [], 'drive these, too')
    const typesNotDriven = [...typesLeft].flatMap(([name, rest]) => rest.map((type) => `${name} as ${type}`))
    assert.deepEqual(typesNotDriven, [], 'drive these types, too')
  })
})
