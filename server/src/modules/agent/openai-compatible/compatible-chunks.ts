import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider'
import { StreamingToolCallTracker } from '@ai-sdk/provider-utils'
import { z } from 'zod'
import { PROVIDER } from './compatible-request.ts'

type Emit = (part: LanguageModelV4StreamPart) => void

const toolCallDelta = z.object({
  // Gemini sends none.
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }),
  extra_content: z.object({ google: z.object({ thought_signature: z.string().nullish() }).nullish() }).nullish(),
})
type ToolCallDelta = z.infer<typeof toolCallDelta>

const usageCounts = z.object({
  prompt_tokens: z.number().nullish(),
  completion_tokens: z.number().nullish(),
  prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: z.number().nullish() }).nullish(),
})

const TEXT = 'txt-0'
const REASONING = 'reasoning-0'

/** usageOf reads what a server says that an answer used; what it does not say stays undefined. */
export function usageOf(raw: unknown): LanguageModelV4Usage {
  const counted = usageCounts.safeParse(raw).data
  const input = counted ? (counted.prompt_tokens ?? 0) : undefined
  const output = counted ? (counted.completion_tokens ?? 0) : undefined
  const cacheRead = counted?.prompt_tokens_details?.cached_tokens ?? undefined
  const reasoning = counted?.completion_tokens_details?.reasoning_tokens ?? undefined
  return {
    inputTokens: {
      total: input,
      noCache: input === undefined ? undefined : input - (cacheRead ?? 0),
      cacheRead,
      cacheWrite: undefined,
    },
    outputTokens: {
      total: output,
      text: output === undefined ? undefined : Math.max(0, output - (reasoning ?? 0)),
      reasoning,
    },
  }
}

/** finishReasonOf reads why a server ended an answer. */
export function finishReasonOf(raw: string, hasRefusal = false): LanguageModelV4FinishReason {
  switch (raw) {
    case 'stop':
      return { unified: hasRefusal ? 'content-filter' : 'stop', raw }
    case 'length':
      return { unified: 'length', raw }
    case 'content_filter':
      return { unified: 'content-filter', raw }
    case 'tool_calls':
    case 'function_call':
      return { unified: 'tool-calls', raw }
    default:
      return { unified: 'other', raw }
  }
}

/**
 * createChunkReader makes a reader of the chunks of one streamed answer. The kinds that every token comes in are read by
 * hand, since a schema costs more than all the rest of a token; what is rare is parsed. Servers differ: `take` bears
 * chunks without choices, text as a list of parts, thoughts under either name, calls without an index or an id, and
 * names of calls that come late. It throws for what cannot be read, and what a server says in an error is a part.
 */
export function createChunkReader(emit: Emit): { take(data: string): void; end(): void } {
  const tracker = new StreamingToolCallTracker<ToolCallDelta>(
    { enqueue: emit },
    {
      extractMetadata: ({ extra_content: extra }) => {
        const thoughtSignature = extra?.google?.thought_signature
        return thoughtSignature ? { [PROVIDER]: { thoughtSignature } } : undefined
      },
      buildToolCallProviderMetadata: (metadata) => metadata,
    },
  )
  // Calls that have no name yet, by index; the tracker wants it with the first piece.
  const nameless = new Map<number, ToolCallDelta>()
  const named = new Set<number>()
  let open: typeof TEXT | typeof REASONING | undefined
  let finishReason: string | undefined
  let usage: unknown
  let hasRefusal = false
  let hasFailed = false

  function close(): void {
    if (open === TEXT) emit({ type: 'text-end', id: TEXT })
    else if (open === REASONING) emit({ type: 'reasoning-end', id: REASONING })
    open = undefined
  }

  function say(delta: string): void {
    if (open !== TEXT) {
      close()
      emit({ type: 'text-start', id: TEXT })
      open = TEXT
    }
    emit({ type: 'text-delta', id: TEXT, delta })
  }

  function think(delta: string): void {
    if (open !== REASONING) {
      close()
      emit({ type: 'reasoning-start', id: REASONING })
      open = REASONING
    }
    emit({ type: 'reasoning-delta', id: REASONING, delta })
  }

  function call(delta: ToolCallDelta): void {
    const { index } = delta
    if (typeof index !== 'number' || named.has(index)) return tracker.processDelta(delta)
    const before = nameless.get(index)
    const { name } = delta.function
    const gathered: ToolCallDelta = {
      index,
      id: before?.id ?? delta.id,
      function: { name, arguments: (before?.function.arguments ?? '') + (delta.function.arguments ?? '') },
      extra_content: before?.extra_content ?? delta.extra_content,
    }
    if (typeof name === 'string') {
      nameless.delete(index)
      named.add(index)
      tracker.processDelta(gathered)
    } else {
      nameless.set(index, gathered)
    }
  }

  function takeContent(content: unknown): void {
    if (typeof content === 'string') {
      if (content !== '') say(content)
      return
    }
    if (!isAbsent(content)) {
      for (const part of listOf(content)) {
        const { type, text, thinking } = objectOf(part)
        if (type === 'text' && typeof text === 'string' && text !== '') say(text)
        if (type === 'thinking' && Array.isArray(thinking)) takeThoughts(thinking)
      }
    }
  }

  function takeThoughts(thoughts: unknown[]): void {
    for (const thought of thoughts) {
      const { text } = objectOf(thought)
      if (typeof text === 'string' && text !== '') think(text)
    }
  }

  return {
    take(data) {
      if (data === '[DONE]') return
      const chunk = objectOf(parsed(data))
      if (!isAbsent(chunk['error'])) {
        hasFailed = true
        emit({ type: 'error', error: chunk['error'] })
        return
      }
      if (!isAbsent(chunk['usage'])) usage = chunk['usage']
      if (isAbsent(chunk['choices'])) return
      const [first] = listOf(chunk['choices'])
      if (first === undefined) return
      const choice = objectOf(first)
      if (!isAbsent(choice['finish_reason'])) finishReason = textOf(choice['finish_reason'])
      if (isAbsent(choice['delta'])) return
      const delta = objectOf(choice['delta'])
      const thought = delta['reasoning_content'] ?? delta['reasoning']
      if (!isAbsent(thought) && thought !== '') think(textOf(thought))
      takeContent(delta['content'])
      const { refusal } = delta
      // Some servers say `false` in every chunk.
      if (typeof refusal === 'string' && refusal !== '') {
        hasRefusal = true
        say(refusal)
      }
      if (isAbsent(delta['tool_calls'])) return
      for (const piece of listOf(delta['tool_calls'])) {
        if (open === REASONING) close()
        const { data: read } = toolCallDelta.safeParse(piece)
        if (!read) throw unreadable()
        call(read)
      }
    },
    end() {
      close()
      // Those that never got a name: the tracker refuses them.
      for (const delta of nameless.values()) tracker.processDelta(delta)
      tracker.flush()
      if (finishReason === undefined && !hasFailed)
        emit({ type: 'error', error: new Error('the stream ended without a finish reason') })
      emit({
        type: 'finish',
        finishReason:
          finishReason === undefined ? { unified: 'error', raw: undefined } : finishReasonOf(finishReason, hasRefusal),
        usage: usageOf(usage),
      })
    },
  }
}

// None of these quotes what it could not read, which is a piece of the conversation.
const unreadable = () => new Error('what the model server sent cannot be read')
const isAbsent = (value: unknown) => value === undefined || value === null

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw unreadable()
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw unreadable()
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw unreadable()
  return value
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw unreadable()
  return value
}
