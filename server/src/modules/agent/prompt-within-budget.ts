import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { HistoryMessage } from './engine.ts'
import { cutToTokens, estimatedTokens, TOKENS_PER_MESSAGE, tokensOf } from './estimated-tokens.ts'
import { historyWithinBudget, messageTokens } from './history-within-budget.ts'
import { conversationMessages, type ExecutedCall, stepMessages } from './model-messages.ts'
import type { ModelStep } from './model-step.ts'

/** ExecutedStep is one step of the running answer: what the model said and called, and what came of every call. */
export type ExecutedStep = { step: ModelStep; executed: readonly ExecutedCall[] }

/** SYSTEM_SHARE and MESSAGE_SHARE are the most of the budget that system prompt and current message may take. */
export const SYSTEM_SHARE = 3 / 8
const MESSAGE_SHARE = 1 / 2

// What a result that was cut says beside its beginning.
const CUT_NOTE = 'too long; only its beginning is here'
const NOTE_TOKENS = 40

/**
 * promptWithinBudget puts together what is sent to a model, at most `budgetTokens` of estimated tokens: the system
 * prompt, the newest whole turns of the conversation, the current message once, and the steps of the running answer.
 * These go before the history; of them the newest count most. A step that does not fit has its results cut, and is left
 * out with all before it when that does not help. Call and result always stay together. A message longer than half of
 * the budget loses its end; `system` must not take more than SYSTEM_SHARE.
 */
export function promptWithinBudget(input: {
  system: string
  history: readonly HistoryMessage[]
  message: string
  steps: readonly ExecutedStep[]
  budgetTokens: number
}): LanguageModelV4Prompt {
  const { history, budgetTokens } = input
  const system: LanguageModelV4Message = { role: 'system', content: input.system }
  const message = cutToTokens(input.message, Math.floor(budgetTokens * MESSAGE_SHARE) - TOKENS_PER_MESSAGE)
  const current: HistoryMessage = { role: 'user', content: message }
  const besideSystem = budgetTokens - tokensOf([system])
  const steps = stepsWithin(besideSystem - messageTokens(current), input.steps)
  const left = besideSystem - tokensOf(steps)
  let turns = historyWithinBudget({ history, message, budgetTokens: left })
  let conversation = conversationMessages(turns)
  // A call costs more as it is sent than as it is kept, so the oldest turn may have to go after all.
  while (turns.length > 1 && tokensOf(conversation) > left) {
    const next = turns.findIndex((turn, index) => index > 0 && turn.role === 'user')
    turns = turns.slice(next)
    conversation = conversationMessages(turns)
  }
  return [system, ...conversation, ...steps]
}

function stepsWithin(tokens: number, steps: readonly ExecutedStep[]): LanguageModelV4Message[] {
  const kept: LanguageModelV4Message[][] = []
  let left = tokens
  for (const { step, executed } of steps.toReversed()) {
    let messages = stepMessages(step, executed)
    if (tokensOf(messages) > left) messages = cutStep({ step, executed }, left)
    left -= tokensOf(messages)
    if (left < 0) break
    kept.unshift(messages)
  }
  return kept.flat()
}

// Reasoning and words go, since they help the model least, and long results keep their beginnings.
function cutStep({ step, executed }: ExecutedStep, tokens: number): LanguageModelV4Message[] {
  const bare: ModelStep = { ...step, text: '', reasoning: [] }
  const withoutResults = executed.map((call) => ({ ...call, args: shortArgs(call.args), output: '' }))
  const spare = tokens - tokensOf(stepMessages(bare, withoutResults))
  const share = Math.floor(spare / Math.max(1, executed.length)) - NOTE_TOKENS
  return stepMessages(
    bare,
    executed.map((call, index) => ({ ...call, ...withoutResults[index], output: cutOutput(call.output, share) })),
  )
}

const shortArgs = (args: ExecutedCall['args']) => (estimatedTokens(JSON.stringify(args)) > 200 ? {} : args)

function cutOutput(output: ExecutedCall['output'], tokens: number): ExecutedCall['output'] {
  const json = JSON.stringify(output)
  if (estimatedTokens(json) <= tokens) return output
  return { note: CUT_NOTE, beginning: cutToTokens(json, Math.max(0, tokens), JSON.stringify) }
}
