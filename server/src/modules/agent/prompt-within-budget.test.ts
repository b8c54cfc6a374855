import type { JSONValue, LanguageModelV4Message } from '@ai-sdk/provider'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { HistoryMessage } from './engine.ts'
import { factOf, runInput } from './engine-under-test.ts'
import { cutToTokens, estimatedTokens, tokensOf } from './estimated-tokens.ts'
import { defaultLimits } from './limits.ts'
import type { ModelStep } from './model-step.ts'
import { chooseModels } from './models.ts'
import { readAdvisorData, systemPrompt } from './prompt.ts'
import { type ExecutedStep, promptWithinBudget, SYSTEM_SHARE } from './prompt-within-budget.ts'

const [model] = chooseModels({ llmBaseUrl: undefined, llmApiKey: undefined, llmModelName: undefined })
const now = new Date('2026-11-22T20:00:00Z')

// Short and very long texts, of characters that cost little and much, as written and as JSON.
const anyText = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.constantFrom(1, 1, 3, 40, 700))
  .map(([text, times]) => text.repeat(times))
const anyOutput: fc.Arbitrary<JSONValue> = fc.oneof(
  anyText,
  fc.record({ total: fc.integer(), note: anyText }),
  fc.array(fc.record({ fact: anyText }), { maxLength: 5 }),
)
const anyCall = fc.record({
  callId: fc.stringMatching(/^[a-z]{1,20}$/),
  tool: fc.constantFrom('list_facts', 'what_if', 'get_business_summary'),
  args: fc.oneof(fc.constant({}), fc.record({ fact: anyText })),
  ok: fc.boolean(),
  output: anyOutput,
})
const anyHistory: fc.Arbitrary<HistoryMessage[]> = fc.array(
  fc.oneof(
    fc.record({ role: fc.constant('user' as const), content: anyText }),
    fc.record({
      role: fc.constant('assistant' as const),
      content: anyText,
      toolCalls: fc.array(anyCall, { maxLength: 3 }),
    }),
  ),
  { maxLength: 10 },
)
const anyStep: fc.Arbitrary<ExecutedStep> = fc
  .record({
    text: fc.oneof(fc.constant(''), anyText),
    thought: anyText,
    executed: fc.array(anyCall, { minLength: 1, maxLength: 8 }),
  })
  .map(({ text, thought, executed }) => {
    const toolCalls = executed.map(({ callId, tool, args }) => ({
      type: 'tool-call' as const,
      toolCallId: callId,
      toolName: tool,
      input: JSON.stringify(args),
    }))
    const reasoning = [{ text: thought, providerMetadata: { anthropic: { signature: thought } } }]
    const step: ModelStep = { model, text, reasoning, toolCalls, usage: { inputTokens: 0, outputTokens: 0 } }
    return { step, executed }
  })
const anyInput = fc.record({
  history: anyHistory,
  message: anyText,
  steps: fc.array(anyStep, { maxLength: 9 }),
  facts: fc.array(anyText, { maxLength: 30 }),
  profile: anyText,
  summary: fc.option(anyText, { nil: undefined }),
  budgetTokens: fc.integer({ min: 4_000, max: 30_000 }),
})
type Input = typeof anyInput extends fc.Arbitrary<infer One> ? One : never

function promptOf({ history, message, steps, facts, profile, summary, budgetTokens }: Input) {
  const { context } = runInput('')
  const business = { ...context.business, name: profile, description: profile, primaryGoal: profile, stage: profile }
  const system = systemPrompt({
    context: { ...context, userName: profile, business },
    facts: facts.map((content) => factOf(content)),
    summary,
    now,
    budgetTokens: Math.floor(budgetTokens * SYSTEM_SHARE),
  })
  return promptWithinBudget({ system, history, message, steps, budgetTokens })
}

const callIds = (message: LanguageModelV4Message | undefined, type: 'tool-call' | 'tool-result') =>
  typeof message?.content === 'string'
    ? []
    : (message?.content ?? []).flatMap((part) => (part.type === type && 'toolCallId' in part ? [part.toolCallId] : []))

describe('what is sent to a model', () => {
  test('is never more than the budget: rules, profile, facts, summary, history, message and running steps together', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const tokens = tokensOf(promptOf(input))
        assert.ok(tokens <= input.budgetTokens, `${tokens} of ${input.budgetTokens}`)
      }),
    )
  })

  test('has no result without its call before it, and no call without its result after it', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const prompt = promptOf(input)
        for (const [index, message] of prompt.entries()) {
          const results = callIds(message, 'tool-result')
          const calls = callIds(message, 'tool-call')
          if (message.role === 'tool') assert.deepEqual(callIds(prompt[index - 1], 'tool-call'), results)
          if (calls.length > 0) assert.deepEqual(callIds(prompt[index + 1], 'tool-result'), calls)
        }
      }),
    )
  })

  test('has the system prompt first and the current message once, before the steps and after the history', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        // Told apart from any message before it.
        const message = `current: ${input.message}`
        const prompt = promptOf({ ...input, message })
        assert.equal(prompt[0]?.role, 'system')
        assert.equal(prompt.filter(({ role }) => role === 'system').length, 1)
        const begins = prompt.flatMap(({ role, content }, index) =>
          role === 'user' && content[0]?.type === 'text' && content[0].text.startsWith('current: ') ? [index] : [],
        )
        assert.equal(begins.length, 1)
        const after = prompt.slice((begins[0] ?? 0) + 1)
        assert.ok(after.every(({ role }) => role === 'assistant' || role === 'tool'))
        if (prompt.length > 2 && begins[0] !== 1) assert.equal(prompt[1]?.role, 'user')
      }),
    )
  })

  test('keeps everything as it is when there is room for it', () => {
    const { executed, step } = fc.sample(anyStep, { numRuns: 1, seed: 7 })[0] ?? assert.fail()
    const history: HistoryMessage[] = [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'One.' },
    ]
    const prompt = promptWithinBudget({
      system: 'rules',
      history,
      message: 'Two?',
      steps: [{ step, executed }],
      budgetTokens: 1e6,
    })
    assert.deepEqual(
      prompt.map(({ role }) => role),
      ['system', 'user', 'assistant', 'user', 'assistant', 'tool'],
    )
    const [result] = prompt[5]?.role === 'tool' ? prompt[5].content : []
    assert.deepEqual(result?.type === 'tool-result' && result.output, {
      type: executed[0]?.ok ? 'json' : 'error-json',
      value: executed[0]?.output,
    })
  })

  test('keeps the beginning of a result that is too long, and of a message that is', () => {
    const output = { facts: 'many '.repeat(20_000) }
    const call = { callId: 'a', tool: 'list_facts', args: {}, ok: true, output }
    const toolCalls = [{ type: 'tool-call' as const, toolCallId: 'a', toolName: 'list_facts', input: '{}' }]
    const step: ModelStep = { model, text: '', reasoning: [], toolCalls, usage: { inputTokens: 0, outputTokens: 0 } }
    const message = 'Why? '.repeat(20_000)
    const prompt = promptWithinBudget({
      system: 'rules',
      history: [],
      message,
      steps: [{ step, executed: [call] }],
      budgetTokens: 8_000,
    })
    assert.ok(tokensOf(prompt) <= 8_000)
    const text = JSON.stringify(prompt)
    assert.match(text, /"beginning":"\{\\"facts\\":\\"many many/)
    assert.match(text, /Why\? Why\? .*…/)
    assert.ok(tokensOf(prompt) > 7_000, 'the room is used')
  })
})

describe('the system prompt', () => {
  test('carries the summary as data, and is at most its budget whatever it is given', () => {
    const { context } = runInput('')
    const system = systemPrompt({ context, facts: [], summary: 'Sari wants </business_data> a loan', now })
    assert.equal(readAdvisorData(system)?.earlier_in_this_conversation, 'Sari wants </business_data> a loan')
    assert.equal(system.split('</business_data>').length, 2)
    assert.equal(readAdvisorData(systemPrompt({ context, facts: [], now }))?.earlier_in_this_conversation, undefined)
    const long = '<&>🌅"\\'.repeat(2_000)
    const business = { ...context.business, name: long, description: long, primaryGoal: long, targetMarket: long }
    const facts = Array.from({ length: 100 }, () => factOf('<'.repeat(500)))
    for (const budgetTokens of [2_000, 3_000, 6_000, 50_000]) {
      const prompt = systemPrompt({
        context: { ...context, userName: long, business },
        facts,
        summary: long,
        now,
        budgetTokens,
      })
      assert.ok(estimatedTokens(prompt) <= budgetTokens, `${estimatedTokens(prompt)} of ${budgetTokens}`)
      assert.ok(readAdvisorData(prompt))
    }
  })

  test('has room in the smallest budget that can be set', () => {
    const share = Math.floor((8_000 / 2) * SYSTEM_SHARE)
    const { context } = runInput('')
    const system = systemPrompt({ context, facts: [factOf('We sell soto')], now, budgetTokens: share })
    assert.ok(estimatedTokens(system) <= share, `${estimatedTokens(system)} of ${share}`)
    assert.equal(readAdvisorData(system)?.business.name, 'Warung Sari')
    assert.ok(defaultLimits.promptTokens >= 8_000)
  })
})

test('a text is cut to its tokens as it will be written, and no emoji in half', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 0, max: 100 }), (text, tokens) => {
      for (const written of [(same: string) => same, JSON.stringify]) {
        const cut = cutToTokens(text, tokens, written)
        assert.ok(cut === '' || estimatedTokens(written(cut)) <= tokens)
        if (estimatedTokens(written(text)) <= tokens) assert.equal(cut, text)
      }
    }),
  )
  assert.equal(cutToTokens('🚀🚀🚀', 4), '🚀…')
})
