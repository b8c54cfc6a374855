import type { LanguageModelV4FunctionTool, LanguageModelV4Message } from '@ai-sdk/provider'

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

/** TOKENS_PER_MESSAGE is what roles and separators cost around every message. */
export const TOKENS_PER_MESSAGE = 4

/** tokensOf estimates what messages cost as they are sent: their texts, and calls and results with names and ids. */
export function tokensOf(messages: readonly LanguageModelV4Message[]): number {
  return messages.reduce((sum, message) => sum + TOKENS_PER_MESSAGE + contentTokens(message), 0)
}

const toolTokens = new WeakMap<LanguageModelV4FunctionTool, number>()

/** tokensOfTools estimates what descriptions of tools cost. Each is reckoned once, since it is sent with every request. */
export function tokensOfTools(tools: readonly LanguageModelV4FunctionTool[]): number {
  return tools.reduce((sum, tool) => {
    const tokens = toolTokens.get(tool) ?? estimatedTokens(`${JSON.stringify(tool)},`)
    toolTokens.set(tool, tokens)
    return sum + tokens
  }, 0)
}

function contentTokens(message: LanguageModelV4Message): number {
  if (message.role === 'system') return estimatedTokens(message.content)
  let tokens = 0
  for (const part of message.content) {
    if (part.type === 'text' || part.type === 'reasoning') tokens += estimatedTokens(part.text)
    else tokens += estimatedTokens(JSON.stringify(part))
    // A signature is as long as its server likes, and has to be sent back as it is.
    if ('providerOptions' in part && part.type === 'reasoning')
      tokens += estimatedTokens(JSON.stringify(part.providerOptions ?? ''))
  }
  return tokens
}

/**
 * cutToTokens keeps the beginning of a text whose estimated tokens are at most `tokens`, with an ellipsis where it was
 * cut. `written` is how the text is going to be written, where that costs more than the text itself (as in JSON).
 */
export function cutToTokens(text: string, tokens: number, written: (text: string) => string = (same) => same): string {
  const fits = (candidate: string) => estimatedTokens(written(candidate)) <= tokens
  if (fits(text)) return text
  let [low, high] = [0, text.length]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(`${text.slice(0, middle)}…`)) low = middle
    else high = middle - 1
  }
  // An emoji is not cut in half.
  const end = /[\uD800-\uDBFF]$/.test(text.slice(0, low)) ? low - 1 : low
  return end === 0 ? '' : `${text.slice(0, end)}…`
}
