import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { HistoryMessage } from './engine.ts'
import { estimatedTokens } from './estimated-tokens.ts'
import { historyWithinBudget } from './history-within-budget.ts'

const call = fc.record({
  callId: fc.string(),
  tool: fc.constant('list_facts'),
  args: fc.constant({}),
  ok: fc.boolean(),
  output: fc.json({ maxDepth: 1 }),
})
const anyMessage: fc.Arbitrary<HistoryMessage> = fc.oneof(
  fc.record({ role: fc.constant('user' as const), content: fc.string({ maxLength: 60, unit: 'grapheme' }) }),
  fc.record({
    role: fc.constant('assistant' as const),
    content: fc.string({ maxLength: 60 }),
    toolCalls: fc.array(call, { maxLength: 2 }),
  }),
)
const anyInput = fc.record({
  history: fc.array(anyMessage, { maxLength: 12 }),
  message: fc.string({ minLength: 1, maxLength: 60 }),
  budgetTokens: fc.integer({ min: 0, max: 300 }),
})

const cost = (messages: HistoryMessage[]) =>
  messages.reduce(
    (sum, { content, toolCalls }) =>
      sum + 4 + estimatedTokens(content) + (toolCalls?.length ? estimatedTokens(JSON.stringify(toolCalls)) : 0),
    0,
  )

describe('the history that is sent', () => {
  test('ends with the current message, which is there once and always', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const sent = historyWithinBudget(input)
        assert.deepEqual(sent.at(-1), { role: 'user', content: input.message })
        assert.ok(sent.length <= input.history.length + 1)
      }),
    )
  })

  test('is the unchanged newest part of the conversation, and begins with a question', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const kept = historyWithinBudget(input).slice(0, -1)
        assert.deepEqual(kept, kept.length === 0 ? [] : input.history.slice(-kept.length))
        if (kept[0]) assert.equal(kept[0].role, 'user')
      }),
    )
  })

  test('fits the budget, and the turn before it would not have fitted', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const sent = historyWithinBudget(input)
        if (sent.length > 1) assert.ok(cost(sent) <= input.budgetTokens)
        const left = input.history.slice(0, input.history.length - (sent.length - 1))
        const turn = left.slice(left.findLastIndex((message) => message.role === 'user'))
        const isTurn = left.some((message) => message.role === 'user')
        if (isTurn) assert.ok(cost([...turn, ...sent]) > input.budgetTokens)
      }),
    )
  })

  test('never grows when the budget shrinks', () => {
    fc.assert(
      fc.property(anyInput, fc.integer({ min: 0, max: 300 }), (input, less) => {
        const fewer = historyWithinBudget({ ...input, budgetTokens: Math.min(less, input.budgetTokens) })
        assert.ok(fewer.length <= historyWithinBudget(input).length)
      }),
    )
  })
})

test('the estimate is never below one token for three ASCII characters or one other character', () => {
  assert.equal(estimatedTokens(''), 0)
  assert.equal(estimatedTokens('abcdef'), 2)
  assert.equal(estimatedTokens('日本'), 2)
})
