import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { APICallError, type LanguageModelV4StreamPart } from '@ai-sdk/provider'
import { type ModelScript, type ModelServer, startModelServer } from '../../../../test/model-server.ts'
import { createCompatibleModel } from './compatible-model.ts'

const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] }]
const chunk = (delta: object, more: object = {}) => ({
  raw: `data: ${JSON.stringify({ choices: [{ index: 0, delta, ...more }] })}\n\n`,
})
const callOf = (call: object) => chunk({ tool_calls: [call] })
const stop = { finish: 'stop', usage: { input: 3, output: 2 } }

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address !== 'string')
  return { server, url: `http://127.0.0.1:${address.port}` }
}

describe('a model behind an OpenAI-compatible server', () => {
  let server: ModelServer
  before(async () => void (server = await startModelServer()))
  after(() => server.close())

  const modelAt = (baseUrl: string) => createCompatibleModel({ model: 'm', baseUrl, apiKey: 'secret' })

  async function parts(script: ModelScript, url = server.url): Promise<LanguageModelV4StreamPart[]> {
    server.enqueue(script)
    const { stream } = await modelAt(url).doStream({ prompt })
    const read: LanguageModelV4StreamPart[] = []
    for await (const part of stream) read.push(part)
    return read
  }

  const textOf = (read: LanguageModelV4StreamPart[]) =>
    read.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('')
  const thoughtsOf = (read: LanguageModelV4StreamPart[]) =>
    read.map((part) => (part.type === 'reasoning-delta' ? part.delta : '')).join('')
  const callsOf = (read: LanguageModelV4StreamPart[]) =>
    read.flatMap((part) => (part.type === 'tool-call' ? [[part.toolName, part.input]] : []))
  const ending = (read: LanguageModelV4StreamPart[]) => read.at(-1)
  const errorOf = (read: LanguageModelV4StreamPart[]) => read.find((part) => part.type === 'error')?.error

  test('gives its words, its usage and why it ended, in whatever pieces they come', async () => {
    const read = await parts({ steps: [{ text: ['Untung ', '🌱', ' “bagus”'] }, stop], splitBytes: 2 })
    assert.equal(textOf(read), 'Untung 🌱 “bagus”')
    const end = ending(read)
    assert.ok(end?.type === 'finish')
    assert.deepEqual(end.finishReason, { unified: 'stop', raw: 'stop' })
    assert.deepEqual([end.usage.inputTokens.total, end.usage.outputTokens.total], [3, 2])
    assert.deepEqual(
      read.map(({ type }) => type),
      ['stream-start', 'text-start', 'text-delta', 'text-delta', 'text-delta', 'text-end', 'finish'],
    )
  })

  test('says what it thinks under either name, apart from what it answers', async () => {
    const read = await parts({
      steps: [chunk({ reasoning_content: 'a' }), chunk({ reasoning: 'b', content: null }), { text: 'c' }, stop],
    })
    assert.deepEqual([thoughtsOf(read), textOf(read)], ['ab', 'c'])
    const types = read.map(({ type }) => type)
    assert.ok(types.indexOf('reasoning-end') < types.indexOf('text-start'))
  })

  test('may answer in parts, with a refusal, with chunks that say nothing and with other line ends', async () => {
    const thinking = [{ type: 'text', text: 'hm' }]
    const content = [{ type: 'thinking', thinking }, { type: 'text', text: 'One ' }, { type: 'image' }]
    const read = await parts({
      steps: [
        { raw: '\uFEFF: hello\r\n\r\ndata: {"choices":[],"prompt_filter_results":[]}\r\n\r\ndata: {"id":"x"}\r\n\r\n' },
        chunk({ role: '', content, refusal: false }),
        { raw: 'event: message\r\ndata: {"choices":[{"delta":{"content":"two"}}]}\r\n\r\n' },
        { raw: 'data: {"choices":[{"delta":null}],"usage":null}\n\n' },
        chunk({ refusal: ' no' }, { finish_reason: 'stop' }),
        { raw: 'data: [DONE]\n\n' },
        { end: true },
      ],
    })
    assert.deepEqual([thoughtsOf(read), textOf(read)], ['hm', 'One two no'])
    const end = ending(read)
    assert.ok(end?.type === 'finish')
    assert.equal(end.finishReason.unified, 'content-filter')
    assert.equal(end.usage.inputTokens.total, undefined)
  })

  for (const [what, calls, expected] of [
    [
      'in pieces, two at once and out of order',
      [
        { index: 1, id: 'b', function: { name: 'two', arguments: '{"b"' } },
        { index: 0, id: 'a', function: { name: 'one', arguments: '' } },
        { index: 1, function: { arguments: ':2}' } },
        { index: 0, function: { arguments: '{}' } },
      ],
      [
        ['one', '{}'],
        ['two', '{"b":2}'],
      ],
    ],
    [
      'with a name that comes late',
      [
        { index: 0, id: 'a', function: { arguments: '{"a"' } },
        { index: 0, function: { name: 'one', arguments: ':1}' } },
      ],
      [['one', '{"a":1}']],
    ],
    [
      'without an index or an id',
      [{ function: { name: 'one', arguments: '{"a":1}' } }, { function: { name: 'two', arguments: '{}' } }],
      [
        ['one', '{"a":1}'],
        ['two', '{}'],
      ],
    ],
  ] as const)
    test(`may call tools ${what}`, async () => {
      const read = await parts({ steps: [...calls.map(callOf), { finish: 'tool_calls' }] })
      assert.deepEqual(callsOf(read), expected)
      const end = ending(read)
      assert.ok(end?.type === 'finish')
      assert.equal(end.finishReason.unified, 'tool-calls')
    })

  test('gets back the signature that came with a call', async () => {
    const google = { google: { thought_signature: 's1' } }
    const read = await parts({
      steps: [
        callOf({ index: 0, id: 'a', function: { name: 'one', arguments: '{}' }, extra_content: google }),
        { finish: 'tool_calls' },
      ],
    })
    const call = read.find((part) => part.type === 'tool-call')
    assert.ok(call?.providerMetadata)
    server.enqueue({ steps: [{ text: 'Fine.' }, stop] })
    const { toolCallId, toolName, providerMetadata: providerOptions } = call
    const { stream } = await modelAt(server.url).doStream({
      prompt: [
        ...prompt,
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId, toolName, input: {}, providerOptions }] },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'json', value: { a: 1 } } }],
        },
      ],
    })
    await stream.cancel()
    assert.deepEqual(server.requests.at(-1)?.body.messages.slice(1), [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'one', arguments: '{}' }, extra_content: google }],
      },
      { role: 'tool', tool_call_id: 'a', content: '{"a":1}' },
    ])
  })

  for (const [what, raw] of [
    ['is no JSON', 'data: {"choices":[{"del\n\n'],
    ['is no object', 'data: 7\n\n'],
    ['has words of another kind', 'data: {"choices":[{"delta":{"content":7}}]}\n\n'],
    ['has a call that is none', 'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n'],
  ] as const)
    test(`fails where a chunk ${what}, after what was said, and quotes nothing of it`, async () => {
      const read = await parts({ steps: [{ text: 'So far' }, { raw }, { text: 'lost' }, stop] })
      assert.equal(textOf(read), 'So far')
      const error = errorOf(read)
      assert.ok(error instanceof Error)
      assert.equal(error.message, 'what the model server sent cannot be read')
      assert.equal(ending(read)?.type, 'error')
    })

  test('hands on an error that it says in its stream, and an end without a reason is one', async () => {
    const said = await parts({ steps: [{ raw: 'data: {"error":{"message":"boom","code":429}}\n\n' }, { end: true }] })
    assert.deepEqual(errorOf(said), { message: 'boom', code: 429 })
    const ended = await parts({ steps: [{ text: 'So' }, { end: true }] })
    assert.ok(errorOf(ended) instanceof Error)
    const cut = await parts({ steps: [{ text: 'So' }, { cut: true }] })
    assert.deepEqual([textOf(cut), errorOf(cut) instanceof Error, ending(cut)?.type], ['So', true, 'error'])
  })

  test('that is left is told so, and so is one whose caller gives up', async () => {
    server.enqueue({ steps: [{ text: 'So' }, { stall: true }] }, { steps: [{ text: 'So' }, { stall: true }] })
    const asked = server.requests.length
    const left = await modelAt(server.url).doStream({ prompt })
    await left.stream.cancel()
    assert.equal(await (await server.request(asked)).closed, 'client')
    const given = new AbortController()
    const { stream } = await modelAt(server.url).doStream({ prompt, abortSignal: given.signal })
    given.abort(new Error('enough'))
    const read: LanguageModelV4StreamPart[] = []
    for await (const part of stream) read.push(part)
    assert.ok(errorOf(read) instanceof Error)
    assert.equal(await (await server.request(asked + 1)).closed, 'client')
  })

  test('that refuses is an error with its status, its message and its headers, and nothing of the request', async () => {
    server.enqueue({ status: 429, headers: { 'retry-after': '7' } }, { status: 502, body: '<html>' })
    await assert.rejects(
      async () => modelAt(server.url).doStream({ prompt }),
      (error) => {
        assert.ok(APICallError.isInstance(error))
        assert.deepEqual(
          [error.statusCode, error.message, error.responseHeaders?.['retry-after'], error.requestBodyValues],
          [429, 'scripted 429', '7', {}],
        )
        return true
      },
    )
    await assert.rejects(
      async () => modelAt(server.url).doGenerate({ prompt }),
      (error) => APICallError.isInstance(error) && error.statusCode === 502 && error.message === 'HTTP 502',
    )
  })

  test('may send a request on, and only the server that was named gets the key', async () => {
    const keys: (string | undefined)[] = []
    const front = await listen((request, response) => {
      keys.push(request.headers.authorization)
      const to = request.url === '/v1/chat/completions' ? '/v1/chat/completions/' : `${server.url}/chat/completions`
      response.writeHead(307, { location: to }).end()
    })
    try {
      const read = await parts({ steps: [{ text: 'Here' }, stop] }, `${front.url}/v1/`)
      assert.equal(textOf(read), 'Here')
      assert.deepEqual(keys, ['Bearer secret', 'Bearer secret'])
      assert.equal(server.requests.at(-1)?.headers.authorization, undefined)
    } finally {
      front.server.close()
    }
  })

  test('that sends on for ever is refused', async () => {
    let asked = 0
    const front = await listen((_request, response) => {
      asked++
      response.writeHead(308, { location: '/again' }).end()
    })
    try {
      await assert.rejects(async () => modelAt(front.url).doStream({ prompt }), APICallError)
      assert.equal(asked, 4)
    } finally {
      front.server.close()
    }
  })

  test('is not read further than its reader goes', async () => {
    const text = 'x'.repeat(1_000)
    const line = `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`
    let written = 0
    const gone = Promise.withResolvers<void>()
    const front = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const fill = () => {
        while (!response.destroyed && response.write(line)) written++
      }
      response.on('drain', fill)
      response.on('close', () => gone.resolve())
      fill()
    })
    try {
      const { stream } = await modelAt(front.url).doStream({ prompt })
      const reader = stream.getReader()
      let last = -1
      // Nothing is read meanwhile: the server soon finds no room any more.
      while (written !== last) {
        last = written
        for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
      }
      let read = 0
      while (read < 20_000) {
        const { value } = await reader.read()
        if (value?.type === 'text-delta') read++
      }
      assert.ok(written > last, 'it goes on when there is room again')
      await reader.cancel()
      await gone.promise
    } finally {
      front.server.closeAllConnections()
      front.server.close()
    }
  })
})
