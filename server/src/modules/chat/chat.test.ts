import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { AgentFailure } from '../agent/index.ts'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { assertWhole, type Sent, textOf } from './testing/run-stream.ts'
import { lookUp, opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

const types = (sent: Sent[]) => sent.map(({ event }) => event.type)

function startedIn(sent: Sent[]) {
  const started = sent.find(({ event }) => event.type === 'run_started')?.event
  assert.ok(started?.type === 'run_started')
  return started.data
}

describe('a conversation with the advisor', () => {
  let server: ChatServer
  let owner: Owner

  before(async () => {
    server = await startChatServer()
    owner = await server.owner()
  })
  after(() => server.close())
  beforeEach(() => {
    server.engine.script = (input) => say(input, 'Hello', ', ', 'Sari.')
  })

  test('a first message makes a session that is titled after it, before any word is said', async () => {
    const stream = await server.send(owner, '  How am I\ndoing this week?  ')
    const sent = await stream.rest()
    assert.deepEqual(types(sent), ['session_created', 'run_started', 'token', 'token', 'token', 'done'])
    const [created] = sent
    const started = startedIn(sent)
    assert.deepEqual(created?.event, {
      type: 'session_created',
      message: 'How am I doing this week?',
      data: started.session_id,
    })
    assert.equal(stream.runId, started.run_id)
    const { json: sessions } = await server.api('GET', '/chat/sessions', { token: owner.token })
    assert.deepEqual(Object.keys(sessions[0]), ['id', 'title', 'business_id', 'created_at', 'updated_at'])
    assert.equal(sessions[0].id, started.session_id)
    assert.equal(sessions[0].business_id, owner.business.id)
  })

  test('done tells exactly what is stored', async () => {
    server.engine.script = async function* (input) {
      yield { type: 'AgentStream', delta: 'One moment. ' }
      yield* lookUp()
      yield* say(input, 'You have ', '120 points 🎉', '\n')
    }
    const sent = await (await server.send(owner, 'How many points?')).rest()
    const done = assertWhole(sent)
    const started = startedIn(sent)
    assert.ok(done.type === 'done')
    assert.deepEqual(types(sent).slice(2, 6), ['token', 'tool_start', 'tool_end', 'token'])
    const [question, answer] = await server.messages(owner, started.session_id)
    assert.equal(question?.['id'], started.user_message_id)
    assert.equal(question?.['content'], 'How many points?')
    assert.equal(question?.['status'], 'complete')
    assert.equal('run_id' in (question ?? {}), false)
    const { created_at: createdAt, ...rest } = answer ?? {}
    assert.match(String(createdAt), /^\d{4}-.*Z$/)
    assert.deepEqual(rest, {
      id: done.data.message_id,
      session_id: started.session_id,
      role: 'assistant',
      content: 'One moment. You have 120 points 🎉\n',
      status: 'complete',
      tool_calls: [
        { call_id: 'call-1', tool: 'get_business_summary', args: {}, ok: true, output: { total_points: 120 } },
      ],
      run_id: started.run_id,
    })
    assert.deepEqual(done.data, {
      session_id: started.session_id,
      run_id: started.run_id,
      message_id: done.data.message_id,
      full_text: 'One moment. You have 120 points 🎉\n',
      usage: { input_tokens: 12, output_tokens: 3 },
      status: 'complete',
    })
  })

  test('the stream keeps the headers of every other answer, and is neither cached, buffered nor compressed', async () => {
    const { response, rest } = await server.send(owner, 'Headers?')
    await rest()
    const plain = await server.api('GET', '/chat/sessions', { token: owner.token })
    assert.equal(response.headers.get('cache-control'), 'no-cache, no-transform')
    assert.equal(response.headers.get('x-accel-buffering'), 'no')
    assert.equal(response.headers.get('content-encoding'), null)
    for (const name of ['content-security-policy', 'x-content-type-options', 'referrer-policy'])
      assert.equal(response.headers.get(name), plain.headers.get(name))
    assert.ok(response.headers.get('x-request-id'))
  })

  test('the engine is told who asks, about which business, and what was said before, but this message once', async () => {
    server.engine.script = async function* (input) {
      yield* lookUp()
      yield* say(input, 'Answer.')
    }
    const first = await (await server.send(owner, 'First')).rest()
    const { session_id: sessionId } = startedIn(first)
    await (await server.send(owner, { content: 'Second', session_id: sessionId })).rest()
    const input = server.engine.inputs.at(-1)
    assert.equal(input?.message, 'Second')
    assert.deepEqual(input?.history, [
      { role: 'user', content: 'First' },
      {
        role: 'assistant',
        content: 'Answer.',
        toolCalls: [
          { callId: 'call-1', tool: 'get_business_summary', args: {}, ok: true, output: { total_points: 120 } },
        ],
      },
    ])
    assert.equal(input?.context.userId, owner.user.id)
    assert.equal(input?.context.userName, 'Sari Dewi')
    assert.equal(input?.context.locale, 'en')
    assert.equal(input?.context.business.id, owner.business.id)
    assert.equal(input?.context.business.name, 'Warung Sari')
  })

  test('a session that goes on is not created again', async () => {
    const first = await (await server.send(owner, 'First')).rest()
    const { session_id: sessionId } = startedIn(first)
    const second = await (await server.send(owner, { content: 'Second', session_id: sessionId })).rest()
    assert.deepEqual(types(second), ['run_started', 'token', 'token', 'token', 'done'])
    assertWhole(second)
    const messages = await server.messages(owner, sessionId)
    assert.deepEqual(
      messages.map((message) => message['content']),
      ['First', 'Hello, Sari.', 'Second', 'Hello, Sari.'],
    )
  })

  test('halves of characters and NULs from a model are streamed as they are stored', async () => {
    server.engine.script = (input) => say(input, 'a\uD83C', '\uDF89b\0', '\uD800', 'c', '\uD83D')
    const sent = await (await server.send(owner, 'Odd text')).rest()
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    assert.equal(done.data.full_text, 'a🎉b\uFFFDc\uFFFD')
    const [, answer] = await server.messages(owner, done.data.session_id)
    assert.equal(answer?.['content'], done.data.full_text)
  })

  test('tool arguments and outputs that no database takes are made storable', async () => {
    server.engine.script = async function* (input) {
      const call = { callId: 'c', tool: 'remember_fact' }
      yield { type: 'ToolCall', ...call, args: { fact: 'a\0b\uD800' }, label: 'Remembering' }
      yield { type: 'ToolCallResult', ...call, ok: false, output: undefined, label: 'Failed' }
      yield* say(input, 'Sorry.')
    }
    const sent = await (await server.send(owner, 'Remember')).rest()
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    const [, answer] = await server.messages(owner, done.data.session_id)
    assert.deepEqual(answer?.['tool_calls'], [
      { call_id: 'c', tool: 'remember_fact', args: { fact: 'ab\uFFFD' }, ok: false, output: null },
    ])
  })

  test('a second message while one is being answered is refused with the run that is active', async () => {
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      await opened(gate.promise, signal)
      yield* say(input, 'Done.')
    }
    const stream = await server.send(owner, 'First')
    const started = startedIn(await stream.until('run_started'))
    const refused = await server.api('POST', '/chat/completion', {
      token: owner.token,
      body: { content: 'Second', session_id: started.session_id },
    })
    assert.equal(refused.status, 409)
    assert.equal(refused.json.code, 'run_active')
    assert.equal(refused.json.run_id, started.run_id)
    gate.resolve()
    await stream.rest()
    assert.equal((await server.messages(owner, started.session_id)).length, 2)
    // The moment `done` is read, the session is free.
    await (await server.send(owner, { content: 'Second', session_id: started.session_id })).rest()
  })

  test('of many messages at once into one session exactly one starts a run', async () => {
    const first = await (await server.send(owner, 'First')).rest()
    const { session_id: sessionId } = startedIn(first)
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      await opened(gate.promise, signal)
      yield* say(input, 'Done.')
    }
    const body = JSON.stringify({ content: 'All at once', session_id: sessionId })
    const headers = { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`${server.url}/api/v1/chat/completion`, { method: 'POST', headers, body })),
    )
    gate.resolve()
    await Promise.all(answers.map((answer) => answer.text()))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409, 409, 409, 409])
    assert.equal((await server.messages(owner, sessionId)).length, 4)
  })

  describe('a failing engine ends with one error, keeps what was said and leaves the session usable', () => {
    const failure = () => new AgentFailure('model_unavailable', 'The advisor cannot be reached.')
    const cases = {
      'before the first word': { events: [], text: '', calls: 0 },
      'in the middle of a sentence': { events: ['I think that'], text: 'I think that', calls: 0 },
      'after a tool call': { events: ['Wait. ', lookUp()], text: 'Wait. ', calls: 1 },
      'within a tool call': { events: ['Wait. ', lookUp().take(1)], text: 'Wait. ', calls: 1 },
    }
    for (const [when, { events, text, calls }] of Object.entries(cases)) {
      test(when, async () => {
        server.engine.script = async function* (input) {
          yield { type: 'AgentInput', message: input.message }
          for (const event of events) {
            if (typeof event === 'string') yield { type: 'AgentStream', delta: event }
            else yield* event
          }
          throw failure()
        }
        const sent = await (await server.send(owner, 'Will it fail?')).rest()
        assert.deepEqual(assertWhole(sent), {
          type: 'error',
          message: 'The advisor cannot be reached.',
          data: { code: 'model_unavailable' },
        })
        assert.equal(textOf(sent), text)
        const opens = types(sent).filter((type) => type === 'tool_start').length
        assert.equal(types(sent).filter((type) => type === 'tool_end').length, opens)
        const { session_id: sessionId } = startedIn(sent)
        const [, answer] = await server.messages(owner, sessionId)
        assert.equal(answer?.['status'], 'interrupted')
        assert.equal(answer?.['content'], text)
        assert.equal(Array.isArray(answer?.['tool_calls']) ? answer['tool_calls'].length : 0, calls)
        server.engine.script = (input) => say(input, 'Here I am.')
        const next = await (await server.send(owner, { content: 'Again', session_id: sessionId })).rest()
        assert.equal(assertWhole(next).type, 'done')
      })
    }
  })

  test('an engine that throws what nobody foresaw tells no internals', async () => {
    server.engine.script = async function* () {
      yield { type: 'AgentStream', delta: 'Well' }
      throw new Error('secret connection string')
    }
    const sent = await (await server.send(owner, 'Break')).rest()
    const error = assertWhole(sent)
    assert.ok(error.type === 'error')
    assert.equal(error.data.code, 'internal')
    assert.doesNotMatch(JSON.stringify(sent), /secret/)
  })

  test('an engine that ends without an output counts as interrupted', async () => {
    server.engine.script = async function* () {
      yield { type: 'AgentStream', delta: 'Half' }
    }
    const error = assertWhole(await (await server.send(owner, 'Half?')).rest())
    assert.ok(error.type === 'error')
    assert.equal(error.data.code, 'model_interrupted')
  })

  test('an answer that nobody waits for is stored all the same', async () => {
    for (const hangUpAfter of ['session_created', 'token', 'tool_start'] as const) {
      const gate = Promise.withResolvers<void>()
      server.engine.script = async function* (input, signal) {
        yield { type: 'AgentStream', delta: 'One. ' }
        yield* lookUp()
        await opened(gate.promise, signal)
        yield* say(input, 'Two.')
      }
      const stream = await server.send(owner, `Hang up after ${hangUpAfter}`)
      const { runId } = stream
      await stream.until(hangUpAfter)
      stream.hangUp()
      gate.resolve()
      const sent = await (await server.follow(owner, runId)).rest()
      const done = assertWhole(sent)
      assert.ok(done.type === 'done')
      assert.equal(done.data.full_text, 'One. Two.')
      const [, answer] = await server.messages(owner, done.data.session_id)
      assert.equal(answer?.['content'], 'One. Two.')
      assert.equal(answer?.['status'], 'complete')
    }
  })

  test('the same client message sent again joins the run that it started', async () => {
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'One. ' }
      await opened(gate.promise, signal)
      yield* say(input, 'Two.')
    }
    const asked = server.engine.inputs.length
    const message = { content: 'Only once', client_message_id: 'retry-1' }
    const streams = await Promise.all([1, 2, 3].map(() => server.send(owner, message)))
    gate.resolve()
    const [first, ...others] = await Promise.all(streams.map((stream) => stream.rest()))
    assert.ok(first)
    for (const other of others) assert.deepEqual(other, first)
    assert.deepEqual(await (await server.send(owner, message)).rest(), first, 'also after the end')
    const { session_id: sessionId } = startedIn(first)
    const inSession = await server.send(owner, { ...message, session_id: sessionId })
    assert.deepEqual(await inSession.rest(), first, 'also with its session named')
    assert.equal(server.engine.inputs.length, asked + 1)
    assert.equal((await server.messages(owner, sessionId)).length, 2)
    const stranger = await server.owner()
    const theirs = await (await server.send(stranger, message)).rest()
    assert.notEqual(startedIn(theirs).run_id, startedIn(first).run_id)
  })

  describe('what is not a message is refused with 422', () => {
    const bad = {
      'an empty text': { content: '' },
      'white space only': { content: ' \n\t ' },
      'no content': {},
      'more than 8,000 characters': { content: '🎉'.repeat(8001) },
      'a session id that is none': { content: 'Hi', session_id: 'abc' },
      'an empty client message id': { content: 'Hi', client_message_id: '' },
      'a client message id above 200 characters': { content: 'Hi', client_message_id: 'x'.repeat(201) },
    }
    for (const [what, body] of Object.entries(bad)) {
      test(what, async () => {
        const answer = await server.api('POST', '/chat/completion', { token: owner.token, body })
        assert.equal(answer.status, 422)
        assert.ok(answer.json.errors.length > 0)
      })
    }
    test('8,000 characters are a message, counted as people count', async () => {
      const sent = await (await server.send(owner, '🎉'.repeat(8000))).rest()
      assert.equal(assertWhole(sent).type, 'done')
    })
  })

  test('sessions are listed by their last use, page by page without gaps', async () => {
    const mate = await server.owner()
    const ids: string[] = []
    for (const content of ['A', 'B', 'C', 'D', 'E'])
      ids.unshift(startedIn(await (await server.send(mate, content)).rest()).session_id)
    await (await server.send(mate, { content: 'Again', session_id: ids[4] })).rest()
    const order = [ids[4], ids[0], ids[1], ids[2], ids[3]]
    const read: string[] = []
    let path: string | undefined = '/chat/sessions?limit=2'
    while (path) {
      const page: Awaited<ReturnType<ChatServer['api']>> = await server.api('GET', path, { token: mate.token })
      assert.equal(page.status, 200)
      read.push(...page.json.map((session: { id: string }) => session.id))
      path = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    }
    assert.deepEqual(read, order)
  })

  test('messages are the newest ones, oldest first, and the cursor goes back in time', async () => {
    const mate = await server.owner()
    const { session_id: sessionId } = startedIn(await (await server.send(mate, 'm1')).rest())
    for (const content of ['m2', 'm3']) await (await server.send(mate, { content, session_id: sessionId })).rest()
    const contents = (answer: { json: { content: string }[] }) => answer.json.map(({ content }) => content)
    const newest = await server.api('GET', `/chat/sessions/${sessionId}?limit=4`, { token: mate.token })
    assert.deepEqual(contents(newest), ['m2', 'Hello, Sari.', 'm3', 'Hello, Sari.'])
    const next = /<(.*)>; rel="next"/.exec(newest.headers.get('link') ?? '')?.[1]
    assert.ok(next)
    const older = await server.api('GET', next, { token: mate.token })
    assert.deepEqual(contents(older), ['m1', 'Hello, Sari.'])
    assert.equal(older.headers.get('link'), null)
  })

  test('a session is renamed without moving in the list, and an empty change changes nothing', async () => {
    const { session_id: sessionId } = startedIn(await (await server.send(owner, 'Old')).rest())
    const { token } = owner
    const before = (await server.api('GET', '/chat/sessions', { token })).json[0]
    const renamed = await server.api('PATCH', `/chat/sessions/${sessionId}`, { token, body: { title: ' New\ntitle ' } })
    assert.equal(renamed.status, 200)
    assert.deepEqual(renamed.json, { ...before, title: 'New title' })
    const same = await server.api('PATCH', `/chat/sessions/${sessionId}`, { token, body: { id: 'x' } })
    assert.deepEqual(same.json, renamed.json)
    for (const title of ['', ' ', 'x'.repeat(201)]) {
      const refused = await server.api('PATCH', `/chat/sessions/${sessionId}`, { token, body: { title } })
      assert.equal(refused.status, 422)
    }
  })

  test('a deleted session is gone for every call, and its run is stopped', async () => {
    server.engine.script = async function* (_input, signal) {
      yield { type: 'AgentStream', delta: 'Endless' }
      await opened(new Promise(() => {}), signal)
    }
    const { token } = owner
    const stream = await server.send(owner, 'Delete me')
    const { session_id: sessionId, run_id: runId } = startedIn(await stream.until('token'))
    const deleted = await server.api('DELETE', `/chat/sessions/${sessionId}`, { token })
    assert.equal(deleted.status, 204)
    const rest = await stream.rest()
    assert.deepEqual(types(rest), ['done'])
    const calls = [
      ['GET', `/chat/sessions/${sessionId}`],
      ['PATCH', `/chat/sessions/${sessionId}`, { title: 'x' }],
      ['DELETE', `/chat/sessions/${sessionId}`],
      ['POST', '/chat/completion', { content: 'Hi', session_id: sessionId }],
      ['GET', `/chat/runs/${runId}/events`],
      ['POST', `/chat/runs/${runId}/stop`],
    ] as const
    for (const [method, path, body] of calls)
      assert.equal((await server.api(method, path, { token, body })).status, 404, `${method} ${path}`)
    const { json: sessions } = await server.api('GET', '/chat/sessions', { token })
    assert.ok(sessions.every((session: { id: string }) => session.id !== sessionId))
  })
})
