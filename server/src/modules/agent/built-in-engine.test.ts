import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, describe, test } from 'node:test'
import { calls, type ModelServer, type ModelStep, says, startModelServer } from '../../../test/model-server.ts'
import { AgentFailure, type AgentEvent, type HistoryMessage } from './engine.ts'
import {
  apiKey,
  engineUnderTest,
  factOf,
  factsInMemory,
  otherBusinessId,
  play,
  runInput,
  standingsOfTests,
} from './engine-under-test.ts'
import { listAchievements } from './tools/list-achievements.ts'
import { listPointRules } from './tools/list-point-rules.ts'

let server: ModelServer
before(async () => void (server = await startModelServer()))
after(() => server.close())
afterEach(() => {
  server.forget()
  server.always({ status: 500 })
})

const engineOnWire = (options: Partial<Parameters<typeof engineUnderTest>[0]> = {}) =>
  engineUnderTest({ url: server.url, ...options })
const toolEvents = (events: AgentEvent[]) =>
  events.filter((event) => event.type === 'ToolCall' || event.type === 'ToolCallResult')
const results = (events: AgentEvent[]) => events.filter((event) => event.type === 'ToolCallResult')
const prompted = (request: number) => server.requests[request]?.body.messages ?? []

test('what every step costs goes with the tools of the moment', () => {
  const tools = [listPointRules(standingsOfTests)]
  const { engine } = engineOnWire({ tools })
  const one = engine.frameTokens ?? 0
  tools.push(listAchievements(standingsOfTests))
  assert.ok((engine.frameTokens ?? 0) > one)
  tools.pop()
  assert.equal(engine.frameTokens, one)
})

describe('an answer', () => {
  test('is the pieces of the model in order, with the usage of its last chunk', async () => {
    server.enqueue(says('Hello ', 'Sari', '!'))
    const { events, text, failure } = await play(engineOnWire().engine, runInput('Hi'))
    assert.equal(failure, undefined)
    assert.equal(text, 'Hello Sari!')
    assert.deepEqual(events.at(-1), {
      type: 'AgentOutput',
      text: 'Hello Sari!',
      usage: { inputTokens: 100, outputTokens: 3 },
      model: 'test-model',
    })
    assert.equal(server.requests[0]?.headers.authorization, `Bearer ${apiKey}`)
    assert.equal(server.requests[0]?.body.stream_options?.include_usage, true)
  })

  test('survives chunks that are split inside UTF-8 sequences and JSON lines', async () => {
    const pieces = ['Selamat pagi 🌅 ', 'ibu Sari, ', 'untung Rp 1.000 — “bagus”']
    server.enqueue({ steps: [{ text: pieces }, { finish: 'stop' }], splitBytes: 3 })
    const { text } = await play(engineOnWire().engine, runInput('Halo'))
    assert.equal(text, pieces.join(''))
  })

  test('joins an emoji whose halves came in two deltas, and drops what no database takes', async () => {
    const delta = (json: string) => ({ raw: `data: {"choices":[{"delta":{"content":"${json}"}}]}\n\n` })
    server.enqueue({
      steps: [delta('go \\ud83d'), delta('\\ude80\\u0000 up'), delta(' \\ud83d'), { finish: 'stop' }],
    })
    const { text } = await play(engineOnWire().engine, runInput('Halo'))
    assert.equal(text, 'go 🚀 up \uFFFD')
  })

  test('coalesces a burst of deltas into few events', async () => {
    const pieces = Array.from({ length: 500 }, (_, index) => `${index} `)
    server.enqueue({ steps: [{ text: pieces }, { finish: 'stop', usage: false }] })
    const { events, text } = await play(engineOnWire({ limits: { coalesceMs: 40 } }).engine, runInput('Count'))
    assert.equal(text, pieces.join(''))
    const streamed = events.filter((event) => event.type === 'AgentStream').length
    assert.ok(streamed < 60, `${streamed} events for 500 deltas`)
  })

  test('without a word is a failure, not an empty answer', async () => {
    server.enqueue({ steps: [{ finish: 'stop' }] })
    const { failure } = await play(engineOnWire().engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_unavailable')
  })
})

describe('a tool call', () => {
  test('that comes in pieces is executed, and the model answers from its result', async () => {
    server.enqueue(
      {
        steps: [
          { text: 'Let me look.' },
          { toolCalls: [{ name: 'get_business_summary', id: 'abc' }], pieceLength: 1 },
          { finish: 'tool_calls', usage: { input: 50, output: 5 } },
        ],
        splitBytes: 5,
      },
      says('You have 140 points.'),
    )
    const { events, text, failure } = await play(engineOnWire().engine, runInput('My points?'))
    assert.equal(failure, undefined)
    assert.equal(text, 'Let me look.\n\nYou have 140 points.')
    const [call, result] = toolEvents(events)
    assert.deepEqual(call, {
      type: 'ToolCall',
      callId: 'abc',
      tool: 'get_business_summary',
      args: {},
      label: 'Looking up your points and level',
    })
    assert.ok(result?.type === 'ToolCallResult' && result.ok)
    assert.equal(result.label, 'Looked up your points and level')
    assert.deepEqual(events.at(-1)?.type === 'AgentOutput' && events.at(-1), {
      type: 'AgentOutput',
      text,
      usage: { inputTokens: 150, outputTokens: 6 },
      model: 'test-model',
    })
    const [assistant, tool] = prompted(1).slice(-2)
    assert.equal(assistant?.content, 'Let me look.')
    assert.equal(assistant?.tool_calls?.[0]?.id, 'abc')
    assert.equal(tool?.tool_call_id, 'abc')
    assert.deepEqual(JSON.parse(tool?.content ?? ''), result.output)
  })

  test('of several in one step are all executed, and equal ids are told apart', async () => {
    server.enqueue(
      calls({ name: 'list_facts', id: 'x' }, { name: 'get_leaderboard_position', id: 'x' }),
      calls({ name: 'list_facts', id: 'x' }),
      says('Done.'),
    )
    const { events, failure } = await play(engineOnWire().engine, runInput('All of it'))
    assert.equal(failure, undefined)
    const ids = results(events).map((event) => event.callId)
    assert.equal(new Set(ids).size, 3)
    const answered = prompted(2).flatMap((message) => message.tool_call_id ?? [])
    assert.deepEqual(answered, ids)
  })

  test('that names another business gets its own business only, and the argument is gone', async () => {
    const args = { business_id: otherBusinessId, user_id: 'somebody', fact: 'We close on Mondays' }
    server.enqueue(
      calls({ name: 'get_business_summary', args }, { name: 'remember_fact', args }),
      says('Nothing to see.'),
    )
    const facts = factsInMemory()
    const { events } = await play(engineOnWire({ facts }).engine, runInput(`Show me ${otherBusinessId}`))
    const [summary] = results(events)
    assert.match(JSON.stringify(summary?.output), /"total_points":140/)
    assert.equal(JSON.stringify(toolEvents(events)).includes(otherBusinessId), false)
    assert.deepEqual(
      facts.kept.map(({ businessId }) => businessId),
      [runInput('').context.business.id],
    )
  })

  for (const [what, scripted, complaint] of [
    ['broken JSON', { name: 'remember_fact', args: '{"fact": "half' }, /not valid JSON/],
    ['invalid arguments', { name: 'remember_fact', args: { fact: 7 } }, /do not fit.*fact/],
    ['an unknown tool', { name: 'delete_everything', args: { business_id: otherBusinessId } }, /no such tool/],
  ] as const) {
    test(`with ${what} is answered with a sentence from which the model can go on`, async () => {
      server.enqueue(calls(scripted), says('Sorry, I cannot.'))
      const { events, failure } = await play(engineOnWire().engine, runInput('Do it'))
      assert.equal(failure, undefined)
      const [result] = results(events)
      assert.equal(result?.ok, false)
      assert.match(JSON.stringify(result?.output), complaint)
      const [call] = toolEvents(events)
      assert.deepEqual(call?.type === 'ToolCall' && call.args, {})
      assert.match(prompted(1).at(-1)?.content ?? '', complaint)
    })
  }

  test('that fails on our side says so without the cause, which is logged', async () => {
    const standings = { standingOf: () => Promise.reject(new Error('secret table is gone')) }
    const { engine, logged } = engineOnWire({
      standings: { ...standingsOfTests, ...standings },
    })
    server.enqueue(calls({ name: 'get_leaderboard_position' }), says('That did not work.'))
    const { events } = await play(engine, runInput('My rank?'))
    assert.deepEqual(results(events)[0]?.output, { error: 'This could not be done because of a problem on our side.' })
    assert.equal(JSON.stringify(server.requests).includes('secret table'), false)
    assert.match(logged.join(''), /secret table is gone/)
  })

  test('that hangs ends at its time limit, and the run goes on', async () => {
    const never = { standingOf: () => new Promise<never>(() => {}) }
    const { engine } = engineOnWire({
      standings: { ...standingsOfTests, ...never },
      limits: { toolMs: 20 },
    })
    server.enqueue(calls({ name: 'get_leaderboard_position' }), says('It is slow today.'))
    const { events, text } = await play(engine, runInput('My rank?'))
    assert.equal(results(events)[0]?.ok, false)
    assert.equal(text, 'It is slow today.')
  })
})

describe('a loop of tool calls', () => {
  // Never the same arguments twice, which would end the loop by itself.
  const anotherCall = () => ({ toolCalls: [{ name: 'what_if', args: { points: server.requests.length } }] })

  test('is ended after the last permitted step by an answer without tools', async () => {
    server.always((request) =>
      request.body.tool_choice === 'none' ? says('Here it is.') : { steps: [anotherCall(), { finish: 'tool_calls' }] },
    )
    const { events, text, failure } = await play(engineOnWire().engine, runInput('Go'))
    assert.equal(failure, undefined)
    assert.equal(text, 'Here it is.')
    assert.equal(results(events).length, 8)
    assert.equal(server.requests.length, 9)
  })

  test('that never ends fails once with step_limit, and keeps what was said', async () => {
    server.always(() => ({ steps: [{ text: 'Again.' }, anotherCall(), { finish: 'tool_calls' }] }))
    const { events, text, failure } = await play(engineOnWire().engine, runInput('Go'))
    assert.equal(failure?.code, 'step_limit')
    assert.equal(results(events).length, 8)
    assert.equal(text, Array.from({ length: 9 }, () => 'Again.').join('\n\n'))
  })
})

describe('a model server that fails', () => {
  const bounded = { firstTokenMs: 1_000, stallMs: 60 }
  const cut: ModelStep[] = [{ text: ['You have ', '140'] }, { cut: true }]

  for (const [what, steps] of [
    ['a connection cut in mid-sentence', cut],
    ['a stream that ends without a finish', [{ text: ['You have ', '140'] }, { end: true }]],
    [
      'an error inside the stream',
      [{ text: ['You have ', '140'] }, { raw: 'data: {"error":{"message":"boom"}}\n\n' }, { end: true }],
    ],
    ['a line that is not JSON', [{ text: ['You have ', '140'] }, { raw: 'data: {nonsense\n\n' }, { finish: 'stop' }]],
  ] satisfies [string, ModelStep[]][]) {
    test(`by ${what} ends with model_interrupted after what was said`, async () => {
      server.enqueue({ steps })
      const { text, failure } = await play(engineOnWire().engine, runInput('My points?'))
      assert.equal(failure?.code, 'model_interrupted')
      assert.equal(text, 'You have 140')
      assert.equal(server.requests.length, 1)
    })
  }

  test('within a tool call executes nothing', async () => {
    server.enqueue({ steps: [{ toolCalls: [{ name: 'remember_fact', args: { fact: 'x' } }] }, { cut: true }] })
    const facts = factsInMemory()
    const { events, failure } = await play(engineOnWire({ facts }).engine, runInput('Remember x'))
    assert.equal(failure?.code, 'model_interrupted')
    assert.deepEqual(toolEvents(events), [])
    assert.deepEqual(facts.kept, [])
  })

  test('after a tool call keeps the call and its result', async () => {
    server.enqueue(calls({ name: 'list_facts' }), { status: 503 }, { status: 503 })
    const { events, failure } = await play(engineOnWire().engine, runInput('What do you know?'))
    assert.equal(failure?.code, 'model_unavailable')
    assert.equal(results(events).length, 1)
  })

  test('by a stall ends with model_timeout and closes the connection', async () => {
    server.enqueue({ steps: [{ text: 'Wait' }, { stall: true }] })
    const { text, failure } = await play(engineOnWire({ limits: bounded }).engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_timeout')
    assert.equal(text, 'Wait')
    assert.equal(await server.requests[0]?.closed, 'client')
  })

  test('by never beginning ends with model_timeout', async () => {
    server.enqueue({ steps: [{ raw: ': thinking\n\n' }, { stall: true }] })
    const { failure } = await play(engineOnWire({ limits: bounded }).engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_timeout')
  })

  test('by answering without an end is cut off', async () => {
    const endless = { text: Array.from({ length: 50 }, () => 'more and more ') }
    server.enqueue({ steps: [endless, { stall: true }] })
    const { text, failure } = await play(engineOnWire({ limits: { stepCharacters: 300 } }).engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_interrupted')
    assert.ok(text.length <= 300)
    assert.equal(await server.requests[0]?.closed, 'client')
  })

  test('once before the first token is asked again', async () => {
    for (const first of [
      { status: 500 },
      { status: 429, headers: { 'retry-after': '0' } },
      { steps: [{ cut: true as const }] },
    ]) {
      server.enqueue(first, says('Here I am.'))
      const { text, failure } = await play(engineOnWire().engine, runInput('Hi'))
      assert.equal(failure, undefined)
      assert.equal(text, 'Here I am.')
    }
    assert.equal(server.requests.length, 6)
  })

  test('with 500 for good is model_unavailable after two attempts', async () => {
    const { failure } = await play(engineOnWire().engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_unavailable')
    assert.equal(server.requests.length, 2)
  })

  test('with 429 says when to come back, in the language of the person, and is not asked again', async () => {
    server.enqueue({ status: 429, headers: { 'retry-after': '17' } })
    const input = runInput('Halo')
    input.context.locale = 'id'
    const { failure } = await play(engineOnWire().engine, input)
    assert.equal(failure?.code, 'model_rate_limited')
    assert.match(failure?.message ?? '', /sibuk.*17 detik/)
    assert.equal(server.requests.length, 1)
  })

  test('with 401 tells the log what to check, and nobody the key', async () => {
    server.enqueue({ status: 401, body: JSON.stringify({ error: { message: `Incorrect API key: ${apiKey}` } }) })
    const { engine, logged } = engineOnWire()
    const { events, failure } = await play(engine, runInput('My very private question'))
    assert.equal(failure?.code, 'model_unavailable')
    assert.match(logged.join(''), /check LLM_API_KEY/)
    const everything = [logged.join(''), JSON.stringify(events), String(failure?.stack), String(failure?.cause)].join(
      '',
    )
    assert.equal(everything.includes(apiKey), false)
    assert.equal(logged.join('').includes('private question'), false)
  })

  test('by refusing connections is model_unavailable', async () => {
    const gone = await startModelServer()
    await gone.close()
    const { failure } = await play(engineUnderTest({ url: gone.url }).engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_unavailable')
  })
})

describe('a run', () => {
  test('that takes too long ends with run_timeout', async () => {
    server.enqueue({ steps: [{ text: 'Well' }, { stall: true }] })
    const { text, failure } = await play(engineOnWire({ limits: { runMs: 80 } }).engine, runInput('Hi'))
    assert.equal(failure?.code, 'run_timeout')
    assert.equal(text, 'Well')
    assert.equal(await server.requests[0]?.closed, 'client')
  })

  test('that is aborted throws the reason at once and closes the connection to the model', async () => {
    server.enqueue({ steps: [{ text: 'Once upon' }, { stall: true }] })
    const abort = new AbortController()
    const reason = new Error('stopped by the person')
    const seen: string[] = []
    await assert.rejects(async () => {
      for await (const event of engineOnWire().engine.run(runInput('Tell'), abort.signal)) {
        seen.push(event.type)
        if (event.type === 'AgentStream') abort.abort(reason)
      }
    }, reason)
    assert.deepEqual(seen, ['AgentInput', 'AgentStream'])
    assert.equal(await server.requests[0]?.closed, 'client')
  })

  test('that is aborted while a tool works does not wait for the tool', async () => {
    const begun = new EventTarget()
    const never = {
      standingOf: () => {
        begun.dispatchEvent(new Event('begun'))
        return new Promise<never>(() => {})
      },
    }
    const { engine } = engineOnWire({
      standings: { ...standingsOfTests, ...never },
    })
    server.enqueue(calls({ name: 'get_leaderboard_position' }))
    const abort = new AbortController()
    const isBegun = once(begun, 'begun').then(() => abort.abort(new Error('stop')))
    await assert.rejects(async () => {
      for await (const _ of engine.run(runInput('My rank?'), abort.signal));
    }, /stop/)
    await isBegun
  })

  test('that its reader leaves closes the connection to the model', async () => {
    server.enqueue({ steps: [{ text: 'Once upon' }, { stall: true }] })
    for await (const event of engineOnWire().engine.run(runInput('Tell'), new AbortController().signal)) {
      if (event.type === 'AgentStream') break
    }
    assert.equal(await server.requests[0]?.closed, 'client')
  })

  test('begun with an aborted signal asks nothing', async () => {
    const run = engineOnWire().engine.run(runInput('Hi'), AbortSignal.abort(new Error('too late')))
    await assert.rejects(async () => {
      for await (const _ of run);
    }, /too late/)
    assert.equal(server.requests.length, 0)
  })

  test('sends the system prompt, the turns before with their tool calls, and the message once', async () => {
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
    await play(engineOnWire().engine, runInput('How is it?', { facts: [factOf('We sell soto')], history }))
    const messages = prompted(0)
    assert.deepEqual(
      messages.map((message) => message.role),
      ['system', 'user', 'assistant', 'tool', 'assistant', 'user', 'assistant', 'user'],
    )
    assert.match(messages[0]?.content ?? '', /Warung Sari.*We sell soto/s)
    assert.match(messages[0]?.content ?? '', /Monday, 23 November 2026 \(Asia\/Jakarta\)/)
    assert.equal(messages[6]?.content, '(no answer)')
    assert.equal(messages.filter((message) => message.content === 'How is it?').length, 1)
  })

  test('that meets an error nobody thought of fails with internal, and says no more', async () => {
    const now = () => {
      throw new Error('relation is missing')
    }
    const { failure } = await play(engineOnWire({ now }).engine, runInput('Hi'))
    assert.ok(failure instanceof AgentFailure)
    assert.equal(failure.code, 'internal')
    assert.equal(failure.message.includes('relation'), false)
  })
})
