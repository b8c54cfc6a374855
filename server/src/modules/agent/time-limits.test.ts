import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { calls, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import { engineUnderTest, play, runInput } from './engine-under-test.ts'
import { defaultLimits, limitsOf } from './limits.ts'
import { loadSettings } from '../../platform/config.ts'

let server: ModelServer
before(async () => void (server = await startModelServer()))
after(() => server.close())
afterEach(() => {
  server.forget()
  server.always({ status: 500 })
})

describe('the time limits', () => {
  test('are those of the settings', () => {
    assert.deepEqual(limitsOf(loadSettings({})), defaultLimits)
    assert.deepEqual(limitsOf({}), defaultLimits)
    const set = loadSettings({
      LLM_FIRST_TOKEN_SECONDS: '1',
      LLM_STALL_SECONDS: '2',
      LLM_STEP_SECONDS: '3',
      LLM_RUN_SECONDS: '4',
      LLM_PROMPT_TOKENS: '9000',
    })
    const { firstTokenMs, stallMs, stepMs, runMs, promptTokens } = limitsOf(set)
    assert.deepEqual([firstTokenMs, stallMs, stepMs, runMs, promptTokens], [1_000, 2_000, 3_000, 4_000, 9_000])
  })

  test('end one answer that takes too long although it is not silent for long, and keep what it said', async () => {
    server.enqueue({ steps: [{ text: 'Once upon' }, { stall: true }] })
    const { engine, logged } = engineUnderTest({ url: server.url, limits: { stepMs: 500, stallMs: 60_000 } })
    const { text, failure } = await play(engine, runInput('Hi'))
    assert.equal(failure?.code, 'model_timeout')
    assert.equal(text, 'Once upon')
    assert.match(logged.join(''), /too long for one answer/)
    assert.equal(await server.requests[0]?.closed, 'client')
  })

  test('count anew for each answer of a run', async () => {
    server.enqueue(calls({ name: 'list_facts' }), { steps: [{ text: 'Wait' }, { stall: true }] })
    const { events, failure } = await play(
      engineUnderTest({ url: server.url, limits: { stepMs: 1_000 } }).engine,
      runInput('Hi'),
    )
    assert.equal(failure?.code, 'model_timeout')
    assert.ok(events.some((event) => event.type === 'ToolCallResult'))
  })

  test('are over when the answer is there', async () => {
    server.enqueue(says('Here.'))
    const { engine, logged } = engineUnderTest({ url: server.url, limits: { stepMs: 3_000 } })
    const { failure } = await play(engine, runInput('Hi'))
    assert.equal(failure, undefined)
    assert.equal(logged.join('').includes('too long'), false)
  })
})
