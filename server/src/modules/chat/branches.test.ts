import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { assertWhole, openRunStream, type Sent, textOf } from './testing/run-stream.ts'
import { opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>
type Message = Record<string, unknown> & { id: string; content: string }

describe('versions of a conversation', () => {
  let server: ChatServer
  let owner: Owner
  let answers = 0

  before(async () => {
    server = await startChatServer()
  })
  after(() => server.close())
  beforeEach(async () => {
    owner = await server.owner()
    answers = 0
    server.engine.script = (input) => say(input, `${input.message} → `, `answer ${++answers}`)
  })

  const stream = (path: string, body?: unknown) =>
    openRunStream(`${server.url}/api/v1/chat/messages/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${owner.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const regenerate = async (id: string, body?: unknown) => (await stream(`${id}/regenerate`, body)).rest()
  const edit = async (id: string, content: string) => (await stream(`${id}/edit`, { content })).rest()
  const call = (method: string, path: string, body?: unknown, token = owner.token) =>
    server.api(method, `/chat/messages/${path}`, { token, body })
  const show = async (id: string) => assert.equal((await call('POST', `${id}/show`)).status, 200)
  const listed = (sessionId: string) => server.messages(owner, sessionId) as Promise<Message[]>
  const said = async (sessionId: string) => (await listed(sessionId)).map(({ content }) => content)

  function sessionOf(sent: Sent[]): string {
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    return done.data.session_id
  }

  async function talk(...messages: string[]): Promise<{ sessionId: string; messages: Message[] }> {
    let sessionId: string | undefined
    for (const content of messages)
      sessionId = sessionOf(await (await server.send(owner, { content, session_id: sessionId ?? null })).rest())
    assert.ok(sessionId)
    return { sessionId, messages: await listed(sessionId) }
  }

  /** told is what the engine was told last, as it was said. */
  function told() {
    const input = server.engine.inputs.at(-1)
    return [...(input?.history.map(({ content }) => content) ?? []), input?.message]
  }

  test('a regenerated answer takes the place of the first, which is kept, and nothing is asked twice', async () => {
    const { sessionId, messages } = await talk('A', 'B')
    const sent = await regenerate(messages[3]?.id ?? '')
    assert.equal(sessionOf(sent), sessionId)
    assert.equal(sent[0]?.event.type, 'run_started')
    assert.equal(textOf(sent), 'B → answer 3')
    assert.deepEqual(told(), ['A', 'A → answer 1', 'B'])
    const now = await listed(sessionId)
    assert.deepEqual(
      now.map(({ content }) => content),
      ['A', 'A → answer 1', 'B', 'B → answer 3'],
    )
    assert.deepEqual(
      now.map((message) => message['version_count']),
      [undefined, undefined, undefined, 2],
    )
    const { json } = await call('GET', `${messages[3]?.id}/versions`)
    assert.deepEqual(
      json.map((version: Record<string, unknown>) => [version['content'], version['is_current']]),
      [
        ['B → answer 3', true],
        ['B → answer 2', false],
      ],
    )
    await (await server.send(owner, { content: 'C', session_id: sessionId })).rest()
    assert.deepEqual(told(), ['A', 'A → answer 1', 'B', 'B → answer 3', 'C'])
  })

  test('a message may be named for its answer', async () => {
    const { sessionId, messages } = await talk('A')
    await regenerate(messages[0]?.id ?? '', {})
    assert.deepEqual(await said(sessionId), ['A', 'A → answer 2'])
  })

  test('a message put another way begins a branch of its own; the first one can be shown again, with what followed', async () => {
    const { sessionId, messages } = await talk('A', 'B', 'C')
    await edit(messages[2]?.id ?? '', 'B2')
    assert.deepEqual(told(), ['A', 'A → answer 1', 'B2'])
    const second = ['A', 'A → answer 1', 'B2', 'B2 → answer 4']
    assert.deepEqual(await said(sessionId), second)

    await show(messages[2]?.id ?? '')
    const first = ['A', 'A → answer 1', 'B', 'B → answer 2', 'C', 'C → answer 3']
    assert.deepEqual(await said(sessionId), first)
    await (await server.send(owner, { content: 'D', session_id: sessionId })).rest()
    assert.deepEqual(told(), [...first, 'D'])

    const versions = (await call('GET', `${messages[2]?.id}/versions`)).json
    await show(versions.find(({ content }: Message) => content === 'B2').id)
    assert.deepEqual(await said(sessionId), second)
  })

  test('the first message can be put another way as well', async () => {
    const { sessionId, messages } = await talk('A', 'B')
    await edit(messages[0]?.id ?? '', 'A2')
    assert.deepEqual(told(), ['A2'])
    assert.deepEqual(await said(sessionId), ['A2', 'A2 → answer 3'])
    await show(messages[0]?.id ?? '')
    assert.deepEqual(await said(sessionId), ['A', 'A → answer 1', 'B', 'B → answer 2'])
  })

  test('of several branches below a version, the one written in last is shown; what is shown already stays', async () => {
    const { sessionId, messages } = await talk('A')
    await regenerate(messages[1]?.id ?? '')
    await show(messages[1]?.id ?? '')
    await (await server.send(owner, { content: 'B', session_id: sessionId })).rest()
    await edit(messages[0]?.id ?? '', 'A2')
    await show(messages[0]?.id ?? '')
    assert.deepEqual(await said(sessionId), ['A', 'A → answer 1', 'B', 'B → answer 3'])
    const newer = (await call('GET', `${messages[1]?.id}/versions`)).json[0]
    await show(newer.id)
    await show(messages[0]?.id ?? '')
    assert.deepEqual(await said(sessionId), ['A', 'A → answer 2'])
  })

  test('a message of a branch that is not shown can be answered anew, and shows its branch', async () => {
    const { sessionId, messages } = await talk('A', 'B')
    await edit(messages[0]?.id ?? '', 'A2')
    await regenerate(messages[3]?.id ?? '')
    assert.deepEqual(await said(sessionId), ['A', 'A → answer 1', 'B', 'B → answer 4'])
  })

  test('an edit and a regeneration that are retried join the run they started', async () => {
    const { sessionId, messages } = await talk('A')
    const question = messages[0]?.id ?? ''
    const asked = server.engine.inputs.length
    for (const [path, body] of [
      [`${question}/edit`, { content: 'A2', client_message_id: 'edit' }],
      [`${question}/regenerate`, { client_message_id: 'again' }],
    ] as const) {
      const [one, two] = await Promise.all([stream(path, body), stream(path, body)])
      assert.equal(one.runId, two.runId)
      const whole = await one.rest()
      assert.deepEqual(await two.rest(), whole)
      assert.deepEqual(await (await stream(path, body)).rest(), whole)
    }
    assert.equal(server.engine.inputs.length, asked + 2)
    assert.deepEqual(await said(sessionId), ['A', 'A → answer 3'])
  })

  test('pages of what is shown leave no other branch in', async () => {
    const { sessionId, messages } = await talk('A', 'B')
    await edit(messages[2]?.id ?? '', 'B2')
    const { token } = owner
    const page = await server.api('GET', `/chat/sessions/${sessionId}?limit=2`, { token })
    const next = /<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
    const before = await server.api('GET', next, { token })
    const contents = [...before.json, ...page.json].map(({ content }: Message) => content)
    assert.deepEqual(contents, ['A', 'A → answer 1', 'B2', 'B2 → answer 3'])
    const versions = await call('GET', `${messages[2]?.id}/versions?limit=1`)
    assert.equal(versions.json[0].content, 'B2')
    const older = await server.api('GET', /<([^>]+)>/.exec(versions.headers.get('link') ?? '')?.[1] ?? '', { token })
    assert.deepEqual(
      older.json.map(({ content }: Message) => content),
      ['B'],
    )
  })

  test('while an answer is made nothing else is answered, put another way or shown', async () => {
    const { messages } = await talk('A')
    await regenerate(messages[1]?.id ?? '')
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      await opened(gate.promise, signal)
      yield* say(input, 'At last')
    }
    const running = await stream(`${messages[0]?.id}/regenerate`)
    for (const [path, body] of [
      [`${messages[0]?.id}/regenerate`, {}],
      [`${messages[0]?.id}/edit`, { content: 'A2' }],
      [`${messages[1]?.id}/show`],
    ] as const) {
      const answer = await call('POST', path, body)
      assert.equal(answer.status, 409, path)
      assert.equal(answer.json.code, 'run_active')
      assert.equal(answer.json.run_id, running.runId)
    }
    gate.resolve()
    assertWhole(await running.rest())
  })

  test('an answer cannot be put another way, and somebody else’s message is 404', async () => {
    const { messages } = await talk('A')
    const refused = await call('POST', `${messages[1]?.id}/edit`, { content: 'Mine now' })
    assert.equal(refused.status, 409)
    assert.equal(refused.json.code, 'not_your_message')
    const { token } = await server.owner()
    const inputs = server.engine.inputs.length
    for (const id of [messages[0]?.id, '01890000-0000-7000-8000-000000000000'])
      for (const [method, path, body] of [
        ['POST', `${id}/regenerate`, {}],
        ['POST', `${id}/edit`, { content: 'x' }],
        ['GET', `${id}/versions`],
        ['POST', `${id}/show`],
      ] as const) {
        assert.equal((await call(method, path, body, token)).status, 404, `${method} ${path}`)
        assert.equal((await server.api(method, `/chat/messages/${path}`, { body })).status, 401)
      }
    assert.equal(server.engine.inputs.length, inputs)
  })

  test('a run of a regeneration is resumed after every event, also when it is over', async () => {
    const { messages } = await talk('A')
    const run = await stream(`${messages[1]?.id}/regenerate`)
    const whole = await run.rest()
    for (const { id } of whole)
      assert.deepEqual(await (await server.follow(owner, run.runId, id)).rest(), whole.slice(id))
  })
})
