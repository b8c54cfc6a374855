import type { HistoryMessage } from './engine.ts'
import { estimatedTokens, TOKENS_PER_MESSAGE } from './estimated-tokens.ts'

/** messageTokens estimates what a turn of the conversation costs. */
export function messageTokens(message: HistoryMessage): number {
  const tools = message.toolCalls?.length ? estimatedTokens(JSON.stringify(message.toolCalls)) : 0
  return TOKENS_PER_MESSAGE + estimatedTokens(message.content) + tools
}

/**
 * historyWithinBudget answers what of a conversation is sent to the model: the newest whole turns whose estimated
 * tokens fit `budgetTokens` together with the current message, then that message, which is always there, once. A turn
 * is a message of the user with the answers to it, so a question never loses its answer, nor a tool call its result.
 * Turns are dropped oldest first and without gaps; answers whose question is not there are dropped with it.
 */
export function historyWithinBudget(input: {
  history: readonly HistoryMessage[]
  message: string
  budgetTokens: number
}): HistoryMessage[] {
  const { history } = input
  const current: HistoryMessage = { role: 'user', content: input.message }
  let left = input.budgetTokens - messageTokens(current)
  let from = history.length
  let turnTokens = 0
  for (let at = history.length - 1; at >= 0; at--) {
    const message = history[at]
    if (!message) break
    turnTokens += messageTokens(message)
    if (turnTokens > left) break
    if (message.role === 'user') {
      from = at
      left -= turnTokens
      turnTokens = 0
    }
  }
  return [...history.slice(from), current]
}
