import type { HistoryMessage } from './engine.ts'

/**
 * estimatedTokens estimates how many tokens a text costs: one for three ASCII characters, one for every other UTF-16
 * unit. Real tokenizers get about four characters of English and three of Indonesian into a token, and rarely need
 * more than one for a unit of other scripts, so the estimate errs on the high side.
 */
export function estimatedTokens(text: string): number {
  let ascii = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 128) ascii++
  return Math.ceil(ascii / 3) + (text.length - ascii)
}

// What roles and separators cost around every message.
const TOKENS_PER_MESSAGE = 4

function messageTokens(message: HistoryMessage): number {
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
