import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { startTestServer, testPassword, type TestServer } from '../../../../test/harness.ts'

type Owner = Awaited<ReturnType<TestServer['owner']>>

describe("the MCP SDK's client", () => {
  let server: TestServer
  let owner: Owner
  let key: string
  before(async () => {
    server = await startTestServer({ env: { CORS_ORIGINS: 'https://inspector.example' } })
    owner = await server.owner()
    key = (await keyOf(owner)).key
  })
  after(() => server.close())

  const keyOf = async ({ token }: Owner): Promise<{ id: string; key: string }> =>
    (await server.api('POST', '/personal-keys', { token, body: { name: 'Agent' } })).json

  async function connect(token: string): Promise<Client> {
    const client = new Client({ name: 'test', version: '1.0.0' })
    const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    })
    // Its sessionId may be undefined, which the interface that it implements does not say.
    await client.connect(transport as Parameters<Client['connect']>[0])
    return client
  }

  async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
    const result = CallToolResultSchema.parse(await client.callTool({ name, arguments: args }))
    const [content] = result.content
    assert.ok(content?.type === 'text' && result.content.length === 1)
    return { isError: result.isError ?? false, output: JSON.parse(content.text) }
  }

  const post = (body: unknown, more: { token?: string; headers?: Record<string, string> } = {}) =>
    server.api('POST', `${server.url}/mcp`, {
      token: more.token ?? key,
      body,
      headers: { accept: 'application/json, text/event-stream', ...more.headers },
    })
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }

  test('connects and finds the tools, with what they take', async () => {
    const client = await connect(key)
    assert.equal(client.getServerVersion()?.name, 'tangga')
    const { tools } = await client.listTools()
    const names = tools.map(({ name }) => name)
    for (const name of ['get_business_summary', 'what_if', 'remember_fact', 'list_facts'])
      assert.ok(names.includes(name))
    for (const { description, inputSchema } of tools) {
      assert.ok(description)
      assert.equal(inputSchema.type, 'object')
      // Neither users nor businesses can be named.
      const takes = Object.keys(inputSchema.properties ?? {})
      assert.ok(
        takes.every((field) => !/user|business|owner/.test(field)),
        takes.join(),
      )
    }
    await client.close()
  })

  test('calls tools for the business of the key, and no argument leads to another', async () => {
    const other = await server.owner({ business: { business_name: 'Somebody elses' } })
    const client = await connect(key)
    const event = { type: 'daily_check_in', idempotency_key: 'one' }
    const receipt = await server.api('POST', '/gamification/events', { token: owner.token, body: event })
    const foreign = { business_id: other.business.id, user_id: other.user.id, userId: other.user.id }
    const summary = await call(client, 'get_business_summary', foreign)
    assert.ok(!summary.isError)
    assert.equal(summary.output.total_points, receipt.json.total_points)

    const fact = await call(client, 'remember_fact', { fact: 'We close on Mondays.', ...foreign })
    assert.deepEqual(fact, { isError: false, output: { fact: 'We close on Mondays.', already_known: false } })
    const theirs = await connect((await keyOf(other)).key)
    assert.equal((await call(theirs, 'list_facts')).output.total, 0)
    assert.equal((await call(client, 'list_facts')).output.total, 1)
    await Promise.all([client.close(), theirs.close()])
  })

  test('is told what is wrong in a short safe sentence', async () => {
    const client = await connect(key)
    const wrong = await call(client, 'what_if', { points: 'many' })
    assert.ok(wrong.isError)
    assert.match(wrong.output.error, /^The arguments do not fit: points/)
    const unknown = await call(client, 'drop_tables')
    assert.ok(unknown.isError)
    assert.match(unknown.output.error, /^There is no such tool/)
    await client.close()
  })

  test('is not offered what needs the owner to agree, and cannot call it all the same', async () => {
    const client = await connect(key)
    const { tools } = await client.listTools()
    for (const name of ['record_event', 'update_business_profile']) {
      assert.ok(!tools.some((tool) => tool.name === name))
      const called = await call(client, name, { type: 'daily_check_in', business_name: 'Taken over' })
      assert.ok(called.isError)
      assert.match(called.output.error, /^There is no such tool/)
    }
    const profile = await server.api('GET', '/business/profile', { token: owner.token })
    assert.equal(profile.json.business_name, 'Warung Sari')
    await client.close()
  })

  test('is not let in without a key that holds, and not for longer than it does', async () => {
    await assert.rejects(connect('tgp_nothing'))
    await assert.rejects(connect(owner.token))
    assert.equal((await post(list, { token: 'tgp_nothing' })).json.code, 'invalid_personal_key')
    const leaving = await server.owner()
    const theirs = await keyOf(leaving)
    const client = await connect(theirs.key)
    await call(client, 'get_business_summary')
    await server.api('DELETE', `/personal-keys/${theirs.id}`, { token: leaving.token })
    await assert.rejects(client.listTools())
    const last = await keyOf(leaving)
    await server.api('DELETE', '/auth/me', { token: leaving.token, body: { password: testPassword } })
    assert.equal((await post(list, { token: last.key })).status, 401)
    await client.close()
  })

  test('may call from a page of an allowed origin alone, whatever host it names', async () => {
    for (const origin of ['https://evil.example', 'null', server.url, 'http://localhost:3000'])
      assert.equal((await post(list, { headers: { origin } })).json.code, 'origin_not_allowed', origin)
    assert.equal((await post(list, { headers: { origin: 'https://inspector.example' } })).status, 200)
  })

  test('has no sessions: nothing to open and nothing to end', async () => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await server.api(method, `${server.url}/mcp`, { token: key })
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST'])
      assert.equal(answer.json.jsonrpc, '2.0')
    }
    assert.equal((await post(list)).headers.get('mcp-session-id'), null)
  })

  test('cannot send many calls at once, too much, or nonsense', async () => {
    const batch = await post([list, { ...list, id: 2 }])
    assert.deepEqual([batch.status, batch.json.error.code], [400, -32_600])
    assert.equal((await post(`"${'x'.repeat(1024 * 1024)}"`)).status, 413)
    assert.equal((await post('{')).status, 400)
    assert.equal((await post({ hello: 'there' })).status, 400)
    assert.equal((await post(list, { headers: { accept: 'text/html' } })).status, 406)
    assert.equal((await post(list, { headers: { 'mcp-protocol-version': '1999-01-01' } })).status, 400)
    assert.equal((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202)
    const unknown = await post({ ...list, method: 'resources/list' })
    assert.equal(unknown.json.error.code, -32_601)
  })
})

test('calls over MCP are counted with all other calls of the owner', async () => {
  const server = await startTestServer({ env: { API_LIMIT_PER_MINUTE: '3' } })
  const owner = await server.owner()
  const { key } = (await server.api('POST', '/personal-keys', { token: owner.token, body: { name: 'Agent' } })).json
  const call = () =>
    server.api('POST', `${server.url}/mcp`, {
      token: key,
      headers: { accept: 'application/json, text/event-stream' },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    })
  assert.equal((await call()).status, 200)
  assert.equal((await call()).status, 429)
  await server.close()
})
