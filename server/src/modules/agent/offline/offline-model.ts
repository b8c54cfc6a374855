import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
  LanguageModelV4Usage,
} from '@ai-sdk/provider'
import { setTimeout as pause } from 'node:timers/promises'
import { newId } from '../../../platform/ids.ts'
import { type AdvisorData, readAdvisorData } from '../prompt.ts'
import { composeAnswer, type ToolResults, toolsFor } from './compose-answer.ts'
import { recognise } from './intents.ts'
import { languageAskedFor } from './language.ts'

// The advisor computes no tokens that anybody pays for.
const NO_USAGE: LanguageModelV4Usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}
const STOP: LanguageModelV4FinishReason = { unified: 'stop', raw: 'stop' }
const TOOL_CALLS: LanguageModelV4FinishReason = { unified: 'tool-calls', raw: 'tool_calls' }
const WORDS_A_PIECE = 2

/** OFFLINE_PROVIDER is by what the offline advisor is told from other models. */
export const OFFLINE_PROVIDER = 'tangga.offline'

/**
 * createOfflineModel makes the offline advisor: a language model without a model, which takes the same path through the
 * loop as any other. It reads the last message, calls the tools that its answer needs, and, once their results stand in
 * the prompt, answers from them alone. `pieceMs` is the pause between pieces of text, so that an answer reads as it
 * comes.
 */
export function createOfflineModel({ pieceMs = 20 }: { pieceMs?: number } = {}): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: OFFLINE_PROVIDER,
    modelId: 'offline',
    supportedUrls: {},

    async doGenerate(options) {
      const reply = replyTo(options)
      const common = { usage: NO_USAGE, warnings: [] }
      return typeof reply === 'string'
        ? { ...common, content: [{ type: 'text', text: reply }], finishReason: STOP }
        : { ...common, content: reply, finishReason: TOOL_CALLS }
    },

    async doStream(options) {
      return { stream: ReadableStream.from(speak(options, pieceMs)) }
    },
  }
}

async function* speak(
  options: LanguageModelV4CallOptions,
  pieceMs: number,
): AsyncGenerator<LanguageModelV4StreamPart, void> {
  const reply = replyTo(options)
  yield { type: 'stream-start', warnings: [] }
  if (typeof reply !== 'string') {
    yield* reply
    yield { type: 'finish', usage: NO_USAGE, finishReason: TOOL_CALLS }
    return
  }
  yield { type: 'text-start', id: 'answer' }
  const words = reply.match(/\s*\S+/g) ?? []
  for (let at = 0; at < words.length; at += WORDS_A_PIECE) {
    if (at > 0 && pieceMs > 0) await pause(pieceMs, undefined, { signal: options.abortSignal })
    options.abortSignal?.throwIfAborted()
    yield { type: 'text-delta', id: 'answer', delta: words.slice(at, at + WORDS_A_PIECE).join('') }
  }
  yield { type: 'text-end', id: 'answer' }
  yield { type: 'finish', usage: NO_USAGE, finishReason: STOP }
}

// The text of an answer, or the calls that must come first.
function replyTo(options: LanguageModelV4CallOptions): string | LanguageModelV4ToolCall[] {
  const { message, earlier, results, data } = read(options.prompt)
  const asked = languageAskedFor(earlier)
  const recognised = recognise(message, asked ?? data?.user_locale ?? 'en')
  // A language that was asked for stays, in whatever language the next question is, until another one is asked for.
  const language =
    recognised.wish === 'en' || recognised.wish === 'id' ? recognised.language : (asked ?? recognised.language)
  const question = { message, recognised, language, results, data }
  const available = options.toolChoice?.type === 'none' ? [] : (options.tools ?? []).map((tool) => tool.name)
  const missing = toolsFor(question).filter(({ tool }) => available.includes(tool))
  if (missing.length > 0) {
    return missing.map(({ tool, args }) => ({
      type: 'tool-call',
      toolCallId: `offline-${newId()}`,
      toolName: tool,
      input: JSON.stringify(args),
    }))
  }
  return composeAnswer(question)
}

type Conversation = { message: string; earlier: string[]; results: ToolResults; data: AdvisorData | undefined }

function read(prompt: LanguageModelV4Prompt): Conversation {
  const messages: string[] = []
  let data: AdvisorData | undefined
  let results = new Map<string, unknown>()
  for (const entry of prompt) {
    if (entry.role === 'system') {
      data = readAdvisorData(entry.content)
    } else if (entry.role === 'user') {
      messages.push(entry.content.map((part) => (part.type === 'text' ? part.text : '')).join(' '))
      // Results of earlier turns answer earlier questions, with earlier numbers.
      results = new Map()
    } else if (entry.role === 'tool') {
      for (const part of entry.content) {
        if (part.type === 'tool-result' && 'value' in part.output) results.set(part.toolName, part.output.value)
      }
    }
  }
  return { message: messages.at(-1) ?? '', earlier: messages.slice(0, -1), results, data }
}
