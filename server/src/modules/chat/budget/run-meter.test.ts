import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openBudget } from '../testing/open-budget.ts'
import type { AgentEvent } from '../../agent/index.ts'
import { ANSWER_ROOM, createRunMeter } from './run-meter.ts'

const size = { frameTokens: 1_000, promptTokens: 9_000 }

const begun = (message = 'x'.repeat(300)) => {
  const meter = createRunMeter(size)
  meter.begin({ history: [{ role: 'assistant', content: 'x'.repeat(300) }], message })
  meter.proceed()
  return meter
}
const said = (length: number): AgentEvent => ({ type: 'AgentStream', delta: 'x'.repeat(length) })
const asked: AgentEvent = { type: 'ToolCall', callId: '1', tool: 'look', args: {}, label: '' }
const found: AgentEvent = { type: 'ToolCallResult', callId: '1', tool: 'look', ok: true, output: 'x', label: '' }

describe('the meter of a run', () => {
  test('counts frame, history and message, and what is said', () => {
    const meter = begun()
    assert.deepEqual(meter.spent, { inputTokens: 1_200, outputTokens: 0 })
    meter.take(said(30))
    assert.deepEqual(meter.spent, { inputTokens: 1_200, outputTokens: 10 })
  })

  test('counts of a prompt no more than is ever sent', () => {
    const meter = createRunMeter(size)
    meter.begin({ history: [{ role: 'user', content: 'x'.repeat(1_000_000) }], message: 'Hi' })
    meter.proceed()
    assert.deepEqual(meter.spent, { inputTokens: 9_000, outputTokens: 0 })
  })

  test('counts the whole prompt again after a tool, but only when the run goes on', () => {
    const meter = begun()
    meter.take(asked)
    meter.take(found)
    assert.equal(meter.spent.inputTokens, 1_200)
    const { needed } = meter
    meter.proceed()
    assert.ok(meter.spent.inputTokens > 2_400)
    assert.equal(meter.needed, needed)
  })

  test('asks for room before it is used up', () => {
    const meter = begun()
    assert.equal(meter.needed, 1_200 + ANSWER_ROOM)
    meter.take(said(2_400))
    assert.equal(meter.needed, 1_200 + 2 * ANSWER_ROOM)
  })

  test('never counts more than is needed, nor needs less than before', () => {
    const events = fc.array(fc.oneof(fc.nat(600).map(said), fc.constant(asked), fc.constant(found)))
    fc.assert(
      fc.property(events, (all) => {
        const meter = begun()
        let before = 0
        for (const event of all) {
          meter.take(event)
          meter.proceed()
          const { inputTokens, outputTokens } = meter.spent
          assert.ok(inputTokens + outputTokens <= meter.needed)
          assert.ok(meter.needed >= before)
          before = meter.needed
        }
      }),
    )
  })
})

describe('the budget of a run', () => {
  const start = { history: [], message: 'Hi' }

  test('goes on while the database is away, and is charged in the end', async () => {
    const budget = openBudget({ limit: 10_000, extend: () => Promise.reject(new Error('away')) })
    await budget.begin(start)
    await budget.take(found)
    assert.ok(budget.charge(null).usage.inputTokens > 200)
  })

  test('is charged nothing for a prompt that was never sent', async () => {
    const budget = openBudget({ limit: 10, extend: async () => false })
    await assert.rejects(budget.begin(start), { code: 'token_budget_spent' })
    assert.deepEqual(budget.charge(null).usage, { inputTokens: 0, outputTokens: 0 })
  })

  test('asks the database nothing where there is no limit', async () => {
    const budget = openBudget()
    await budget.begin(start)
    for (const event of [said(9_000), asked, found, said(9_000)]) assert.equal(budget.take(event), undefined)
    assert.ok(budget.charge(null).isEstimated)
    assert.deepEqual(budget.charge({ inputTokens: 5, outputTokens: 6 }).usage, { inputTokens: 5, outputTokens: 6 })
  })
})
