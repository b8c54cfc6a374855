import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { z } from 'zod'
import { calls, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import type { AgentEvent, HistoryMessage } from './engine.ts'
import { apiKey, engineUnderTest, factsInMemory, otherBusinessId, play, runInput } from './engine-under-test.ts'
import type { ModelSettings } from './models.ts'

const results = (events: AgentEvent[]) => events.filter((event) => event.type === 'ToolCallResult')
const rawOf = (server: ModelServer, request: number) =>
  z.record(z.string(), z.json()).parse(server.requests[request]?.body.raw)

for (const provider of ['openai-compatible', 'anthropic', 'google'] as const) {
  describe(`over the protocol of ${provider}`, () => {
    let server: ModelServer
    before(async () => void (server = await startModelServer(provider)))
    after(() => server.close())
    afterEach(() => {
      server.forget()
      server.always({ status: 500 })
    })
    const settings = (): ModelSettings => ({
      llmProvider: provider,
      llmBaseUrl: server.url,
      llmApiKey: apiKey,
      llmModelName: 'test-model',
    })
    const underTest = (options: Partial<Parameters<typeof engineUnderTest>[0]> = {}) =>
      engineUnderTest({ settings: settings(), ...options })

    test('an answer arrives in whatever pieces it comes, with usage and the name of the model', async () => {
      const pieces = ['Selamat pagi 🌅 ', 'ibu Sari, ', 'untung Rp 1.000 — “bagus”']
      server.enqueue({
        steps: [{ text: pieces }, { finish: 'stop', usage: { input: 70, output: 9 } }],
        splitBytes: 3,
      })
      const { events, text, failure } = await play(underTest().engine, runInput('Halo'))
      assert.equal(failure, undefined)
      assert.equal(text, pieces.join(''))
      const usage = { inputTokens: 70, outputTokens: 9 }
      assert.deepEqual(events.at(-1), { type: 'AgentOutput', text, usage, model: 'test-model' })
      assert.equal(server.requests[0]?.body.model, 'test-model')
      const { headers } = server.requests[0] ?? {}
      const sent = headers?.authorization ?? headers?.['x-api-key'] ?? headers?.['x-goog-api-key']
      assert.ok(sent === apiKey || sent === `Bearer ${apiKey}`)
    })

    test('tools are described and called, and their results go back beside their calls', async () => {
      server.enqueue(
        {
          steps: [
            { text: 'Let me look.' },
            {
              toolCalls: [
                { name: 'get_business_summary', id: 'one' },
                { name: 'remember_fact', id: 'two', args: { fact: 'We sell soto 🍜', business_id: otherBusinessId } },
              ],
              pieceLength: 2,
            },
            { finish: 'tool_calls', usage: { input: 50, output: 5 } },
          ],
          splitBytes: 5,
        },
        says('You have 140 points.'),
      )
      const facts = factsInMemory()
      const { events, text, failure } = await play(underTest({ facts }).engine, runInput('My points?'))
      assert.equal(failure, undefined)
      assert.equal(text, 'Let me look.\n\nYou have 140 points.')
      const described = server.requests[0]?.body.tools?.map((tool) => tool.function.name)
      assert.ok(described?.includes('get_business_summary') && described.includes('what_if'))
      assert.equal(server.requests[0]?.body.tool_choice, 'auto')
      assert.deepEqual(
        results(events).map(({ tool, ok }) => [tool, ok]),
        [
          ['get_business_summary', true],
          ['remember_fact', true],
        ],
      )
      assert.deepEqual(
        facts.kept.map(({ fact }) => fact.content),
        ['We sell soto 🍜'],
      )
      const [assistant, first, second] = server.requests[1]?.body.messages.slice(-3) ?? []
      assert.equal(assistant?.content, 'Let me look.')
      assert.deepEqual(
        assistant?.tool_calls?.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
        [
          ['get_business_summary', {}],
          ['remember_fact', { fact: 'We sell soto 🍜' }],
        ],
      )
      assert.deepEqual([first?.role, second?.role], ['tool', 'tool'])
      assert.match(first?.content ?? '', /140/)
      assert.match(second?.content ?? '', /soto/)
    })

    test('earlier turns with their calls, a broken answer and the message are taken', async () => {
      server.enqueue(says('Fine.'))
      const history: HistoryMessage[] = [
        { role: 'user', content: 'My facts?' },
        {
          role: 'assistant',
          content: 'One.',
          toolCalls: [{ callId: 'c1', tool: 'list_facts', args: {}, ok: true, output: { total: 1 } }],
        },
        { role: 'user', content: 'And then it broke' },
        { role: 'assistant', content: '' },
      ]
      const { failure } = await play(
        underTest().engine,
        runInput('How is it?', { history, summary: 'Sari sells soto' }),
      )
      assert.equal(failure, undefined)
      const messages = server.requests[0]?.body.messages ?? []
      assert.match(messages[0]?.content ?? '', /Warung Sari.*Sari sells soto/s)
      assert.equal(messages.at(-1)?.content, 'How is it?')
      assert.equal(messages.filter((message) => message.content === 'How is it?').length, 1)
    })

    test('a loop is ended by an answer without tools', async () => {
      server.always(({ body }) =>
        body.tool_choice === 'none'
          ? says('Here it is.')
          : calls({ name: 'list_facts', id: `id${server.requests.length}` }),
      )
      const { text, failure } = await play(underTest().engine, runInput('Go'))
      assert.equal(failure, undefined)
      assert.equal(text, 'Here it is.')
      assert.equal(server.requests.length, 3, 'the second call is known, so the third request may not call')
    })

    for (const [what, end] of [
      ['cut', { cut: true }],
      ['closed without its end', { end: true }],
    ] as const)
      test(`a stream that is ${what} is an interruption, after what was said`, async () => {
        server.enqueue({ steps: [{ text: ['You have ', '140'] }, end] })
        const { text, failure } = await play(underTest().engine, runInput('My points?'))
        assert.equal(failure?.code, 'model_interrupted')
        assert.equal(text, 'You have 140')
        assert.equal(server.requests.length, 1)
      })

    test('a hung server is a time-out, and the connection is closed', async () => {
      server.enqueue({ steps: [{ text: 'Wait' }, { stall: true }] }, { steps: [{ stall: true }] })
      const stalled = await play(underTest({ limits: { stallMs: 60 } }).engine, runInput('Hi'))
      assert.deepEqual([stalled.text, stalled.failure?.code], ['Wait', 'model_timeout'])
      assert.equal(await server.requests[0]?.closed, 'client')
      const silent = await play(underTest({ limits: { firstTokenMs: 1_000 } }).engine, runInput('Hi'))
      assert.deepEqual([silent.text, silent.failure?.code], ['', 'model_timeout'])
      assert.equal(await server.requests[1]?.closed, 'client')
    })

    test('a refusal is told by its kind, and the key is told to nobody', async () => {
      const { engine, logged } = underTest()
      server.enqueue({ status: 429 }, { status: 401, body: JSON.stringify({ error: { message: `bad ${apiKey}` } }) })
      const limited = await play(engine, runInput('Hi'))
      assert.equal(limited.failure?.code, 'model_rate_limited')
      const refused = await play(engine, runInput('My very private question'))
      assert.equal(refused.failure?.code, 'model_unavailable')
      assert.match(logged.join(''), /HTTP 401/)
      const { failure } = refused
      const everything = [
        logged.join(''),
        String(failure?.stack),
        JSON.stringify(failure),
        String(failure?.cause),
      ].join('')
      assert.equal(everything.includes(apiKey), false)
      assert.equal(everything.includes('private question'), false)
    })

    test('an endpoint that does not exist is a failure, and nothing hangs', async () => {
      const away = { ...settings(), llmBaseUrl: `${server.url}/elsewhere` }
      const { failure } = await play(underTest({ settings: away }).engine, runInput('Hi'))
      assert.equal(failure?.code, 'model_unavailable')
    })
  })
}

describe('what Anthropic’s server needs', () => {
  let server: ModelServer
  before(async () => void (server = await startModelServer('anthropic')))
  after(() => server.close())
  const settings = (): ModelSettings => ({
    llmProvider: 'anthropic',
    llmBaseUrl: server.url,
    llmApiKey: apiKey,
    llmModelName: 'test-model',
  })

  test('thinking goes back with its signature while tools are called, and is shown to nobody', async () => {
    const event = (value: { type: string }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`
    const block = {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'thinking', thinking: '', signature: '' },
    }
    const delta = (part: object) => ({
      raw: event(Object.assign({ type: 'content_block_delta' }, { index: 0, delta: part })),
    })
    const use = { type: 'tool_use', id: 'toolu_1', name: 'list_facts', input: {} }
    server.enqueue(
      {
        steps: [
          { raw: event(block) },
          delta({ type: 'thinking_delta', thinking: 'They ask for ' }),
          delta({ type: 'thinking_delta', thinking: 'their notes.' }),
          delta({ type: 'signature_delta', signature: 'signed-by-the-server' }),
          { raw: event(Object.assign({ type: 'content_block_stop' }, { index: 0 })) },
          { raw: event(Object.assign({ type: 'content_block_start' }, { index: 1, content_block: use })) },
          { raw: event(Object.assign({ type: 'content_block_stop' }, { index: 1 })) },
          {
            raw: event(
              Object.assign(
                { type: 'message_delta' },
                { delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 5 } },
              ),
            ),
          },
          { raw: event({ type: 'message_stop' }) },
          { end: true },
        ],
      },
      says('None yet.'),
    )
    const { text, failure } = await play(engineUnderTest({ settings: settings() }).engine, runInput('My notes?'))
    assert.equal(failure, undefined)
    assert.equal(text, 'None yet.')
    const sent = JSON.stringify(rawOf(server, 1)['messages'])
    assert.match(sent, /"thinking":"They ask for their notes\.","signature":"signed-by-the-server"/)
  })

  test('an error in the stream before the first word is told by its kind', async () => {
    const error = (type: string) => ({
      raw: `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, message: 'Try later' } })}\n\n`,
    })
    for (const [type, code] of [
      ['rate_limit_error', 'model_rate_limited'],
      ['overloaded_error', 'model_unavailable'],
    ] as const) {
      server.always({ steps: [error(type), { end: true }] })
      const { failure } = await play(engineUnderTest({ settings: settings() }).engine, runInput('Hi'))
      assert.equal(failure?.code, code)
    }
  })
})

test('Google’s signature of a call goes back with the call', async () => {
  const server = await startModelServer('google')
  try {
    server.enqueue(calls({ name: 'list_facts' }), says('None yet.'))
    const settings: ModelSettings = {
      llmProvider: 'google',
      llmBaseUrl: server.url,
      llmApiKey: apiKey,
      llmModelName: 'test-model',
    }
    const { failure } = await play(engineUnderTest({ settings }).engine, runInput('My notes?'))
    assert.equal(failure, undefined)
    assert.match(JSON.stringify(rawOf(server, 1)['contents']), /"thoughtSignature":"signed-list_facts"/)
  } finally {
    await server.close()
  }
})
