import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { calls, type ModelScript, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import { loadSettings } from '../../platform/config.ts'
import type { AgentEvent } from './engine.ts'
import { engineUnderTest, play, runInput } from './engine-under-test.ts'

const keys = { first: 'sk-first-4711', second: 'sk-second-4712', third: 'sk-third-4713' }
const outputOf = (events: AgentEvent[]) => events.find((event) => event.type === 'AgentOutput')

describe('a list of models', () => {
  let first: ModelServer
  let second: ModelServer
  let third: ModelServer
  before(async () => {
    ;[first, second, third] = await Promise.all([
      startModelServer(),
      startModelServer('anthropic'),
      startModelServer('google'),
    ])
  })
  after(() => Promise.all([first, second, third].map((server) => server?.close())))
  afterEach(() => {
    for (const server of [first, second, third]) {
      server.forget()
      server.always({ status: 500 })
    }
  })

  const clock = { now: new Date('2026-11-22T20:00:00Z') }
  const underTest = (limits: Parameters<typeof engineUnderTest>[0]['limits'] = {}) => {
    const fallbacks = [
      { provider: 'anthropic', model: 'second-model', base_url: second.url, api_key: keys.second },
      { provider: 'google', model: 'third-model', base_url: third.url, api_key: keys.third },
    ]
    const settings = loadSettings({
      LLM_BASE_URL: first.url,
      LLM_API_KEY: keys.first,
      LLM_MODEL_NAME: 'first-model',
      LLM_FALLBACKS: JSON.stringify(fallbacks),
    })
    return engineUnderTest({ settings, limits, now: () => clock.now })
  }
  const asked = () => [first, second, third].map((server) => server.requests.length)

  test('is named by its first, which answers while it can', async () => {
    first.always(says('First here.'))
    const { engine } = underTest()
    assert.equal(engine.name, 'first-model')
    const { events, text } = await play(engine, runInput('Hi'))
    assert.equal(text, 'First here.')
    assert.equal(outputOf(events)?.model, 'first-model')
    assert.deepEqual(asked(), [1, 0, 0])
  })

  for (const [what, script] of [
    ['refuses the key', { status: 401 }],
    ['is limited', { status: 429 }],
    ['answers 500', { status: 500 }],
    ['cuts the connection at once', { steps: [{ cut: true }] }],
    ['ends without a word', { steps: [{ end: true }] }],
    ['sends an error first', { steps: [{ raw: 'data: {"error":{"message":"boom"}}\n\n' }, { end: true }] }],
    ['never begins', { steps: [{ raw: ': thinking\n\n' }, { stall: true }] }],
  ] satisfies [string, ModelScript][])
    test(`falls back when the first ${what}`, async () => {
      first.always(script)
      second.always(says('Second here.'))
      const { events, text, failure } = await play(
        underTest({ firstTokenMs: what === 'never begins' ? 1_000 : 60_000 }).engine,
        runInput('Hi'),
      )
      assert.equal(failure, undefined)
      assert.equal(text, 'Second here.')
      assert.equal(outputOf(events)?.model, 'second-model')
      assert.equal(second.requests[0]?.headers['x-api-key'], keys.second)
      assert.equal(second.requests[0]?.headers.authorization, undefined)
      assert.equal(third.requests.length, 0)
    })

  test('goes on to the last one', async () => {
    third.always(says('Third here.'))
    const { events, text } = await play(underTest().engine, runInput('Hi'))
    assert.equal(text, 'Third here.')
    assert.equal(outputOf(events)?.model, 'third-model')
    assert.equal(third.requests[0]?.headers['x-goog-api-key'], keys.third)
  })

  for (const [what, end] of [
    ['is cut', { cut: true }],
    ['falls silent', { stall: true }],
  ] as const)
    test(`is asked no further when the first ${what} after its first word`, async () => {
      first.always({ steps: [{ text: 'You have ' }, end] })
      second.always(says('Second here.'))
      const { text, failure } = await play(underTest({ stallMs: 60 }).engine, runInput('Hi'))
      assert.equal(text, 'You have ')
      assert.match(failure?.code ?? '', /model_interrupted|model_timeout/)
      assert.deepEqual(asked(), [1, 0, 0])
    })

  test('is asked no further once a tool call has begun', async () => {
    first.always({ steps: [{ toolCalls: [{ name: 'list_facts' }] }, { cut: true }] })
    second.always(says('Second here.'))
    const { events, failure } = await play(underTest().engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_interrupted')
    assert.equal(events.filter((event) => event.type === 'ToolCall').length, 0)
    assert.deepEqual(asked(), [1, 0, 0])
  })

  test('stays with the model that has begun to work, which gets its own calls back', async () => {
    first.always({ status: 503 })
    second.enqueue(calls({ name: 'list_facts' }), says('Nothing yet.'))
    const { events, text } = await play(underTest().engine, runInput('My notes?'))
    assert.equal(text, 'Nothing yet.')
    assert.equal(outputOf(events)?.model, 'second-model')
    assert.equal(first.requests.length, 2, 'two attempts, in the first step alone')
    assert.equal(second.requests[1]?.body.messages.at(-1)?.role, 'tool')
  })

  test('goes on with another model when that one fails before the next step', async () => {
    first.enqueue(calls({ name: 'list_facts' }))
    second.always(says('Nothing yet.'))
    const { events, text, failure } = await play(underTest().engine, runInput('My notes?'))
    assert.equal(failure, undefined)
    assert.equal(text, 'Nothing yet.')
    assert.equal(outputOf(events)?.model, 'second-model')
    assert.equal(events.filter((event) => event.type === 'ToolCallResult').length, 1, 'no tool runs twice')
  })

  test('asks a model that could not be used last for a while, and then first again', async () => {
    const { engine } = underTest({ attempts: 1 })
    second.always(says('Second here.'))
    await play(engine, runInput('Hi'))
    await play(engine, runInput('Hi'))
    assert.deepEqual(asked(), [1, 2, 0])
    first.always(says('First is back.'))
    clock.now = new Date(clock.now.getTime() + 31_000)
    const { text } = await play(engine, runInput('Hi'))
    assert.equal(text, 'First is back.')
  })

  test('says that it is busy when one of its models is, and none can answer', async () => {
    first.always({ status: 429, headers: { 'retry-after': '17' } })
    const { failure, text } = await play(underTest().engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_rate_limited')
    assert.match(failure?.message ?? '', /17 seconds/)
    assert.equal(text, '')
    assert.deepEqual(asked(), [1, 2, 2])
  })

  test('tells nobody a key of any of them, and the log which model failed', async () => {
    const all = Object.values(keys)
    const body = JSON.stringify({ error: { message: `wrong key: ${all.join(' ')}` } })
    for (const server of [first, second, third]) server.always({ status: 401, body })
    const { engine, logged } = underTest()
    const { failure, events } = await play(engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_unavailable')
    const lines = logged.join('')
    for (const name of ['first-model', 'second-model', 'third-model']) assert.match(lines, new RegExp(name))
    const everything = [lines, JSON.stringify(events), String(failure?.stack), String(failure?.cause)].join('')
    for (const key of all) assert.equal(everything.includes(key), false)
  })

  test('is not gone through when the run is stopped', async () => {
    first.always({ steps: [{ stall: true }] })
    second.always(says('Second here.'))
    const abort = new AbortController()
    const { engine } = underTest()
    const running = (async () => {
      for await (const _ of engine.run(runInput('Hi'), abort.signal));
    })()
    await first.request(0)
    abort.abort(new Error('stopped by the person'))
    await assert.rejects(running, /stopped by the person/)
    assert.equal(await first.requests[0]?.closed, 'client')
    assert.deepEqual(asked(), [1, 0, 0])
  })
})
