import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { type ChatServer, startChatServer } from '../src/modules/chat/testing/chat-server.ts'
import { opened, say } from '../src/modules/chat/testing/scripted-engine.ts'

describe('/metrics', () => {
  let server: ChatServer

  before(async () => {
    server = await startChatServer({ env: { TRUST_PROXY: '1' } })
  })
  after(() => server.close())

  const metrics = (options: Parameters<ChatServer['api']>[2] = {}) =>
    server.api('GET', `${server.url}/metrics`, options)

  /** valueOf reads the number behind a name with its labels. */
  async function valueOf(series: string): Promise<number> {
    const line = (await metrics()).text.split('\n').find((one) => one.startsWith(`${series} `))
    return Number(line?.split(' ')[1] ?? 0)
  }

  /** statusWith asks with headers that fetch would not send, and answers the status. */
  function statusWith(headers: Record<string, string>): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    request(`${server.url}/metrics`, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
    return promise
  }

  test('is open to programs of this machine, and to admins from anywhere', async () => {
    const answer = await metrics()
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    assert.equal((await metrics({ headers: forwarded, token: await server.adminToken() })).status, 200)
  })

  test('is closed to who comes through a proxy of this machine, whomever it names, and to owners', async () => {
    const owner = await server.owner()
    for (const name of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via', 'X-Forwarded-Proto', 'X-Forwarded-Host'])
      for (const value of ['203.0.113.7', '127.0.0.1', ''])
        assert.equal((await metrics({ headers: { [name]: value } })).status, 401, `${name}: ${value}`)
    const headers = { 'x-forwarded-for': '127.0.0.1' }
    assert.equal((await metrics({ headers, token: owner.token })).status, 403)
    assert.equal((await metrics({ headers, token: 'x.y.z' })).status, 401)
  })

  test('is closed to a browser of this machine that was led here by another name', async () => {
    assert.equal(await statusWith({ host: 'evil.example' }), 401)
    assert.equal(await statusWith({ host: 'localhost.evil.example:8000' }), 401)
    assert.equal(await statusWith({ host: 'localhost:8000' }), 200)
    assert.equal(await statusWith({ host: '[::1]:8000' }), 200)
  })

  test('opens nothing else', async () => {
    assert.equal((await server.api('GET', '/admin/audit')).status, 401)
  })

  test('tells of calls by the pattern of their route, and of nobody', async () => {
    const owner = await server.owner()
    const { token } = owner
    const stream = await server.send(owner, 'How am I doing?')
    await stream.rest()
    await server.api('GET', `/chat/sessions/${stream.runId}`, { token })
    await server.api('GET', `${server.url}/no/such/place`)
    const { text } = await metrics()
    const route = 'route="/api/v1/chat/sessions/:id",status="4xx"'
    assert.match(text, new RegExp(`http_request_duration_seconds_count\\{method="GET",${route}\\} 1`))
    assert.doesNotMatch(text, /route="\/api\/v1\/chat\/completion"/, 'a stream lasts as long as its reader stays')
    for (const known of [stream.runId, owner.user.id, owner.business.id, owner.email, 'no/such'])
      assert.ok(!text.includes(known), known)
    assert.match(text, /^process_cpu_seconds_total /m)
    assert.match(text, /^nodejs_eventloop_lag_seconds /m)
  })

  test('counts runs, tokens and streams while they live and when they have ended', async () => {
    const owner = await server.owner()
    const tokens = 'tangga_tokens_total{model="scripted",direction="input"}'
    const [completeBefore, tokensBefore] = [
      await valueOf('tangga_runs_total{status="complete",code=""}'),
      await valueOf(tokens),
    ]
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Well. ' }
      await opened(gate.promise, signal)
      yield* say(input, 'Done.')
    }
    const stream = await server.send(owner, 'Hi')
    assert.equal(await valueOf('tangga_live_runs'), 1)
    assert.equal(await valueOf('tangga_open_streams'), 1)
    gate.resolve()
    await stream.rest()
    assert.equal(await valueOf('tangga_live_runs'), 0)
    assert.equal(await valueOf('tangga_runs_total{status="complete",code=""}'), completeBefore + 1)
    assert.equal(await valueOf(tokens), tokensBefore + 12)
    server.engine.script = async function* () {
      yield { type: 'AgentStream', delta: 'Well. ' }
      throw new Error('broken')
    }
    await (await server.send(owner, 'Hi')).rest()
    assert.equal(await valueOf('tangga_runs_total{status="interrupted",code="internal"}'), 1)
  })

  test('counts awards, and knows board and database', async () => {
    const { token } = await server.owner()
    const before = await valueOf('tangga_awards_total{outcome="awarded"}')
    const body = { type: 'daily_check_in', idempotency_key: 'once' }
    for (const _ of [1, 2]) await server.api('POST', '/gamification/events', { token, body })
    assert.equal(await valueOf('tangga_awards_total{outcome="awarded"}'), before + 1)
    assert.equal(await valueOf('tangga_awards_total{outcome="replayed"}'), 1)
    assert.equal(await valueOf('tangga_award_queue_waiting'), 0)
    await server.boardWarm
    assert.equal(await valueOf('tangga_board_warm'), 1)
    assert.ok((await valueOf('tangga_database_connections{state="idle"}')) >= 1)
    assert.equal(await valueOf('tangga_database_connections{state="waiting"}'), 0)
  })
})
