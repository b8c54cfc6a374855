import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { testPassword } from '../../../test/harness.ts'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { assertWhole, type Sent, textOf } from './testing/run-stream.ts'
import { lookUp, opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

describe('a run', () => {
  let server: ChatServer
  let owner: Owner

  before(async () => {
    server = await startChatServer()
    owner = await server.owner()
  })
  after(() => server.close())
  beforeEach(() => {
    server.engine.script = async function* (input) {
      yield { type: 'AgentStream', delta: 'One' }
      yield { type: 'AgentStream', delta: ' moment. ' }
      yield* lookUp()
      yield* say(input, 'Naïve ', '🎉', ' done.')
    }
  })

  const stop = (runId: string, token = owner.token) => server.api('POST', `/chat/runs/${runId}/stop`, { token })

  /** endless says something and then nothing more until it is stopped. */
  function beginEndless() {
    server.engine.script = async function* (_input, signal) {
      yield { type: 'AgentStream', delta: 'I was saying' }
      await opened(new Promise(() => {}), signal)
    }
  }

  test('is resumed after every event with exactly the rest, while it lives and when it has ended', async () => {
    const gate = Promise.withResolvers<void>()
    const { script } = server.engine
    server.engine.script = async function* (input, signal) {
      for await (const event of script(input, signal)) {
        if (event.type === 'AgentOutput') await opened(gate.promise, signal)
        yield event
      }
    }
    const stream = await server.send(owner, 'Tell me')
    const { runId } = stream
    const head: Sent[] = []
    for await (const sent of stream) {
      head.push(sent)
      if (textOf(head).endsWith(' done.')) break
    }
    const resumed = await Promise.all(head.map(({ id }) => server.follow(owner, runId, id)))
    const fromStart = await server.follow(owner, runId)
    gate.resolve()
    const whole = await fromStart.rest()
    assertWhole(whole)
    assert.deepEqual(whole.slice(0, head.length), head)
    for (const [index, live] of resumed.entries()) assert.deepEqual(await live.rest(), whole.slice(index + 1))
    for (const after of [undefined, 0, ...whole.map(({ id }) => id)]) {
      const stored = await (await server.follow(owner, runId, after)).rest()
      assert.deepEqual(stored, whole.slice(after ?? 0), `after ${after}`)
    }
  })

  test('is still told exactly after a restart of the server', async () => {
    const stream = await server.send(owner, 'Tell me')
    const whole = await stream.rest()
    const second = await startChatServer({ databaseUrl: server.databaseUrl })
    try {
      const { token } = owner
      for (const { id } of whole)
        assert.deepEqual(await (await second.follow({ token }, stream.runId, id)).rest(), whole.slice(id))
    } finally {
      await second.close()
    }
  })

  test('tells what it earned as the live feed does, also when it is read again', async () => {
    const businessId = owner.business.id
    server.engine.script = async function* (input) {
      const [call, result] = lookUp()
      assert.ok(call && result)
      yield call
      const points = { eventId: 'e1', businessId, eventType: 'sale', points: 40, totalPoints: 160 }
      yield { type: 'PointsEarned', ...points }
      yield { type: 'LevelReached', businessId, level: { id: 'l1', name: 'Seed' } }
      yield { type: 'AchievementUnlocked', businessId, achievement: { id: 'a1', title: 'First', badgeIcon: null } }
      yield result
      yield* say(input, 'Well done.')
    }
    const stream = await server.send(owner, 'Record my sale')
    const whole = await stream.rest()
    assertWhole(whole)
    const earned = whole.map(({ event }) => event).filter(({ type }) => /^(points|level_up|achievement)$/.test(type))
    const data = { event_id: 'e1', business_id: businessId, type: 'sale', points: 40, total_points: 160 }
    assert.deepEqual(earned, [
      { type: 'points', data },
      { type: 'level_up', data: { business_id: businessId, level: { id: 'l1', name: 'Seed' } } },
      {
        type: 'achievement',
        data: { business_id: businessId, achievement: { id: 'a1', title: 'First', badge_icon: null } },
      },
    ])
    assert.deepEqual(await (await server.follow(owner, stream.runId)).rest(), whole)
  })

  test('refuses to be resumed after what is no event of it', async () => {
    const stream = await server.send(owner, 'Tell me')
    const whole = await stream.rest()
    for (const lastEventId of ['-1', '1.5', 'abc', String(whole.length + 1), '9'.repeat(30)]) {
      const answer = await server.api('GET', `/chat/runs/${stream.runId}/events`, {
        token: owner.token,
        headers: { 'last-event-id': lastEventId },
      })
      assert.equal(answer.status, 422, lastEventId)
      assert.equal(answer.json.errors[0].path, 'last-event-id')
    }
  })

  test('that is stopped keeps what was said, ends with done, and answers the same again and again', async () => {
    beginEndless()
    const stream = await server.send(owner, 'Talk')
    const head = await stream.until('token')
    const { runId } = stream
    const answers = [...(await Promise.all([stop(runId), stop(runId)])), await stop(runId)]
    for (const answer of answers) {
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json, { run_id: runId, status: 'stopped' })
    }
    const sent = [...head, ...(await stream.rest())]
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    assert.equal(done.data.status, 'stopped')
    assert.equal(done.data.full_text, 'I was saying')
    assert.deepEqual(await (await server.follow(owner, runId)).rest(), sent)
    const sessionId = done.data.session_id
    const [, answer] = await server.messages(owner, sessionId)
    assert.equal(answer?.['status'], 'stopped')
    assert.equal(answer?.['content'], 'I was saying')

    server.engine.script = (input) => say(input, 'Yes?')
    await (await server.send(owner, { content: 'Go on', session_id: sessionId })).rest()
    assert.deepEqual(server.engine.inputs.at(-1)?.history.at(-1), { role: 'assistant', content: 'I was saying' })
  })

  test('that has ended is not changed by a stop', async () => {
    const stream = await server.send(owner, 'Tell me')
    await stream.rest()
    assert.deepEqual((await stop(stream.runId)).json, { run_id: stream.runId, status: 'complete' })
  })

  test('whose engine does not listen ends all the same, and what comes late is told to nobody', async () => {
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input) {
      yield { type: 'AgentStream', delta: 'Before.' }
      await gate.promise
      yield* say(input, 'Too late.')
    }
    const stream = await server.send(owner, 'Talk')
    const head = await stream.until('token')
    assert.equal((await stop(stream.runId)).json.status, 'stopped')
    gate.resolve()
    const done = assertWhole([...head, ...(await stream.rest())])
    assert.ok(done.type === 'done')
    assert.equal(done.data.full_text, 'Before.')
    const [, answer] = await server.messages(owner, done.data.session_id)
    assert.equal(answer?.['content'], 'Before.')
  })

  test('is stopped in mid-tool with the open call answered, so that call and result stay together', async () => {
    server.engine.script = async function* (_input, signal) {
      yield* lookUp().take(1)
      await opened(new Promise(() => {}), signal)
    }
    const stream = await server.send(owner, 'Look')
    const head = await stream.until('tool_start')
    await stop(stream.runId)
    const sent = [...head, ...(await stream.rest())]
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    const end = sent.find(({ event }) => event.type === 'tool_end')?.event
    assert.ok(end?.type === 'tool_end')
    assert.equal(end.data.ok, false)
    const [, answer] = await server.messages(owner, done.data.session_id)
    assert.deepEqual(answer?.['tool_calls'], [
      { call_id: 'call-1', tool: 'get_business_summary', args: {}, ok: false, output: end.data.output },
    ])
  })

  test('is followed by many readers at once without leaking listeners', async () => {
    const warnings: Error[] = []
    const heed = (warning: Error) => void warnings.push(warning)
    process.on('warning', heed)
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Ready. ' }
      await opened(gate.promise, signal)
      for (let i = 0; i < 200; i++) yield { type: 'AgentStream', delta: `${i} ` }
      yield* say(input, 'End.')
    }
    const stream = await server.send(owner, 'Many')
    const readers = await Promise.all(Array.from({ length: 50 }, () => server.follow(owner, stream.runId)))
    for (const reader of readers.slice(0, 10)) reader.hangUp()
    gate.resolve()
    const whole = await stream.rest()
    assertWhole(whole)
    for (const reader of readers.slice(10)) assert.deepEqual(await reader.rest(), whole)
    process.off('warning', heed)
    assert.deepEqual(warnings, [])
  })

  test('goes on when a slow reader is dropped, who can resume', async () => {
    // Six bytes each on the wire: more than the sockets' own buffers take, in an answer that is not too long.
    const piece = '\u0001'.repeat(10_000)
    const begin = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Go. ' }
      await opened(begin.promise, signal)
      for (let i = 0; i < 98; i++) {
        yield { type: 'AgentStream', delta: piece }
        await setImmediate()
      }
      yield* say(input, 'End.')
    }
    const stream = await server.send(owner, 'A lot')
    await stream.until('token')
    const slow = get(`${server.url}/api/v1/chat/runs/${stream.runId}/events`, {
      headers: { authorization: `Bearer ${owner.token}` },
    })
    const response: IncomingMessage = (await once(slow, 'response'))[0]
    response.pause()
    begin.resolve()
    const rest = await stream.rest()
    assert.equal(rest.at(-1)?.event.type, 'done')

    let taken = ''
    await assert.rejects(async () => {
      for await (const bytes of response) taken += bytes
    }, /aborted/)
    assert.doesNotMatch(taken, /"type":"done"/)
    const lastWhole = taken.lastIndexOf('\n\n')
    const lastId = Number(
      taken
        .slice(0, lastWhole)
        .match(/^id: (\d+)$/gm)
        ?.at(-1)
        ?.slice('id: '.length),
    )
    const resumed = await (await server.follow(owner, stream.runId, lastId)).rest()
    assert.deepEqual(resumed, rest.slice(-resumed.length))
    assert.equal(lastId + resumed.length, rest.at(-1)?.id)
  })

  test('tells its progress to the database while it goes on', async () => {
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'So far. ' }
      yield* lookUp()
      await opened(gate.promise, signal)
      yield* say(input, 'End.')
    }
    const stream = await server.send(owner, 'Progress')
    const [, started] = await stream.until('tool_end')
    assert.ok(started?.event.type === 'run_started')
    const { session_id: sessionId } = started.event.data
    // At most a second later the stored message has caught up.
    let answer: Record<string, unknown> | undefined
    do [, answer] = await server.messages(owner, sessionId)
    while (answer?.['content'] === '')
    assert.equal(answer?.['content'], 'So far. ')
    assert.equal(answer?.['status'], 'streaming')
    assert.equal(answer?.['run_id'], stream.runId)
    assert.ok(Array.isArray(answer?.['tool_calls']))
    gate.resolve()
    await stream.rest()
  })

  test('of an erased account is stopped and leaves nothing behind', async () => {
    beginEndless()
    const leaver = await server.owner()
    const stream = await server.send(leaver, 'Talk')
    await stream.until('token')
    const { token } = leaver
    const erased = await server.api('DELETE', '/auth/me', { token, body: { password: testPassword } })
    assert.equal(erased.status, 204)
    const rest = await stream.rest()
    assert.equal(rest.length, 1)
    const { rows } = await server.pool.query(
      `SELECT (SELECT count(*) FROM chat_runs WHERE user_id = $1) AS runs,
        (SELECT count(*) FROM chat_sessions WHERE user_id = $1) AS sessions,
        (SELECT count(*) FROM chat_messages WHERE run_id = $2) AS messages`,
      [leaver.user.id, stream.runId],
    )
    assert.deepEqual(rows, [{ runs: 0, sessions: 0, messages: 0 }])
  })
})

describe('what is somebody else’s is 404 in the chat', () => {
  let server: ChatServer
  before(async () => {
    server = await startChatServer()
  })
  after(() => server.close())

  test('sessions, messages, runs, stop, rename, delete, and messages into them', async () => {
    const owner = await server.owner()
    const stranger = await server.owner()
    const stream = await server.send(owner, 'Mine')
    const done = assertWhole(await stream.rest())
    assert.ok(done.type === 'done')
    const sessionId = done.data.session_id
    const calls = [
      ['GET', `/chat/sessions?business_id=${owner.business.id}`],
      ['GET', `/chat/sessions/${sessionId}`],
      ['PATCH', `/chat/sessions/${sessionId}`, { title: 'Theirs' }],
      ['DELETE', `/chat/sessions/${sessionId}`],
      ['GET', `/chat/runs/${stream.runId}/events`],
      ['POST', `/chat/runs/${stream.runId}/stop`],
      ['POST', '/chat/completion', { content: 'Hi', session_id: sessionId }],
      ['POST', '/chat/completion', { content: 'Hi', business_id: owner.business.id }],
      ['POST', '/chat/completion', { content: 'Hi', session_id: sessionId, business_id: stranger.business.id }],
    ] as const
    for (const [method, path, body] of calls) {
      const answer = await server.api(method, path, { token: stranger.token, body })
      assert.equal(answer.status, 404, `${method} ${path}`)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
      const anonymous = await server.api(method, path, { body })
      assert.equal(anonymous.status, 401, `${method} ${path}`)
    }
    const messages = await server.messages(owner, sessionId)
    assert.equal(messages.length, 2)
    const { json: sessions } = await server.api('GET', '/chat/sessions', { token: owner.token })
    assert.equal(sessions[0].title, 'Mine')
    assert.deepEqual((await server.api('GET', '/chat/sessions', { token: stranger.token })).json, [])
  })

  test('a session of another of one’s own businesses than the one named', async () => {
    const owner = await server.owner()
    const second = await server.api('POST', '/business/profile', {
      token: owner.token,
      body: { business_name: 'Toko Dua', business_category: 'Retail', business_stage: 'Idea' },
    })
    const inSecond = await (await server.send(owner, { content: 'Hi', business_id: second.json.id })).rest()
    const done = assertWhole(inSecond)
    assert.ok(done.type === 'done')
    const sessionId = done.data.session_id
    const { token } = owner
    const mixed = { content: 'Hi', session_id: sessionId, business_id: owner.business.id }
    assert.equal((await server.api('POST', '/chat/completion', { token, body: mixed })).status, 404)
    // Without a business named, the session's own is meant.
    await (await server.send(owner, { content: 'Hi', session_id: sessionId })).rest()
    assert.equal(server.engine.inputs.at(-1)?.context.business.name, 'Toko Dua')
    assert.deepEqual((await server.api('GET', '/chat/sessions', { token })).json, [])
    const listed = await server.api('GET', `/chat/sessions?business_id=${second.json.id}`, { token })
    assert.equal(listed.json.length, 1)
  })

  test('what does not exist; and a malformed id is 422', async () => {
    const { token } = await server.owner()
    const nothing = '01890000-0000-7000-8000-000000000000'
    for (const [id, status] of [
      [nothing, 404],
      ['nothing', 422],
    ] as const) {
      const calls = [
        ['GET', `/chat/sessions/${id}`],
        ['PATCH', `/chat/sessions/${id}`, { title: 'x' }],
        ['DELETE', `/chat/sessions/${id}`],
        ['GET', `/chat/runs/${id}/events`],
        ['POST', `/chat/runs/${id}/stop`],
        ['POST', '/chat/completion', { content: 'Hi', session_id: id }],
        ['POST', '/chat/completion', { content: 'Hi', business_id: id }],
      ] as const
      for (const [method, path, body] of calls)
        assert.equal((await server.api(method, path, { token, body })).status, status, `${method} ${path}`)
    }
  })

  test('a caller without a business gets no_business', async () => {
    const { token } = await server.owner({ business: false })
    for (const [method, path, body] of [
      ['GET', '/chat/sessions'],
      ['POST', '/chat/completion', { content: 'Hi' }],
    ] as const) {
      const answer = await server.api(method, path, { token, body })
      assert.equal(answer.status, 404)
      assert.equal(answer.json.code, 'no_business')
    }
  })

  test('bad pages are 422', async () => {
    const { token } = await server.owner()
    for (const query of ['limit=0', 'limit=201', 'cursor=nonsense', 'business_id=nonsense'])
      assert.equal((await server.api('GET', `/chat/sessions?${query}`, { token })).status, 422, query)
  })
})
