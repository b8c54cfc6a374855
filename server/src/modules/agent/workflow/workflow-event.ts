import { z } from 'zod'

const envelope = z.looseObject({
  type: z.string().max(200),
  // The names of the event's superclasses, without its own.
  types: z.array(z.string()).nullish(),
  value: z.record(z.string(), z.unknown()).nullish(),
})

const json = z.json()
const stream = z.looseObject({ delta: z.string(), thinking_delta: z.string().nullish() })
const toolCall = z.looseObject({ tool_name: z.string(), tool_id: z.string().nullish(), tool_kwargs: json.optional() })
const toolResult = z.looseObject({
  tool_name: z.string(),
  tool_id: z.string().nullish(),
  tool_output: z.looseObject({
    is_error: z.boolean().optional(),
    raw_output: z.unknown().optional(),
    blocks: z.unknown().optional(),
  }),
})
const tokens = z.int().min(0).max(1_000_000_000)
const usage = z.looseObject({ input_tokens: tokens, output_tokens: tokens })
const failed = z.looseObject({
  step_name: z.string().nullish(),
  exception: z.looseObject({ exception_type: z.string().nullish(), exception_message: z.string().nullish() }).nullish(),
})

/** WorkflowEvent is what an event of a WorkflowServer means to a run. */
export type WorkflowEvent =
  /** A piece of the answer, or of the model's thinking, of which only the length counts. */
  | { kind: 'stream'; delta: string; thinking: number }
  | { kind: 'tool_call'; id: string; tool: string; args: unknown }
  | { kind: 'tool_result'; id: string; tool: string; ok: boolean; output: unknown }
  /** One answer of the model is whole; `text` is all of it. */
  | { kind: 'output'; text: string }
  | { kind: 'usage'; inputTokens: number; outputTokens: number }
  | { kind: 'stop'; text: string }
  /** `reason` can be logged: it holds no text of the workflow's. */
  | { kind: 'failed'; code: 'failed' | 'rate_limited' | 'step_limit' | 'timed_out' | 'cancelled'; reason: string }
  | { kind: 'input_required' }
  /** Whatever else a workflow writes to its stream. */
  | { kind: 'other' }

/**
 * readWorkflowEvent reads one envelope `{type, types, value}` of the event stream, as llama-agents-server 0.8 writes it.
 * Throws when it is no envelope, or an event of a known type has not that event's fields.
 */
export function readWorkflowEvent(data: string): WorkflowEvent {
  const { type, types, value } = envelope.parse(JSON.parse(data))
  const is = (name: string) => type === name || types?.includes(name)
  if (type === 'AgentStream') {
    const { delta, thinking_delta: thinking } = stream.parse(value)
    return { kind: 'stream', delta, thinking: thinking?.length ?? 0 }
  }
  if (type === 'ToolCall') {
    const call = toolCall.parse(value)
    return { kind: 'tool_call', id: call.tool_id ?? '', tool: call.tool_name, args: call.tool_kwargs ?? {} }
  }
  if (type === 'ToolCallResult') {
    const { tool_id: id, tool_name: tool, tool_output: output } = toolResult.parse(value)
    return { kind: 'tool_result', id: id ?? '', tool, ok: output.is_error !== true, output: outputOf(output) }
  }
  if (type === 'AgentOutput') return { kind: 'output', text: textOf(value?.['response']) }
  if (type === 'ModelUsage') {
    const { input_tokens: inputTokens, output_tokens: outputTokens } = usage.parse(value)
    return { kind: 'usage', inputTokens, outputTokens }
  }
  if (is('WorkflowFailedEvent')) return failureOf(value)
  if (is('WorkflowTimedOutEvent')) return { kind: 'failed', code: 'timed_out', reason: 'reached its own time limit' }
  if (is('WorkflowCancelledEvent')) return { kind: 'failed', code: 'cancelled', reason: 'was cancelled there' }
  if (is('StopEvent')) return { kind: 'stop', text: textOf(value?.['result']) || textOf(value) }
  if (is('InputRequiredEvent')) return { kind: 'input_required' }
  return { kind: 'other' }
}

function failureOf(value: unknown): WorkflowEvent {
  const parsed = failed.safeParse(value).data
  const { exception_type: type, exception_message: message } = parsed?.exception ?? {}
  // The message may quote the conversation or a key, so only the names of the step and of the error are kept.
  const reason = `failed in ${nameOf(parsed?.step_name)} with ${nameOf(type)}`
  if (type?.endsWith('WorkflowRuntimeError') && message?.startsWith('Max iterations'))
    return { kind: 'failed', code: 'step_limit', reason }
  return { kind: 'failed', code: /RateLimit/i.test(type ?? '') ? 'rate_limited' : 'failed', reason }
}

const nameOf = (name: string | null | undefined) => (name ?? 'unknown').replace(/[^\w.]+/g, '_').slice(0, 100)

// A tool that answers JSON has it as `raw_output`; what has no JSON of its own comes as blocks of text.
function outputOf(output: { raw_output?: unknown; blocks?: unknown }): unknown {
  return json.safeParse(output.raw_output).data ?? textOfBlocks(output.blocks)
}

const textBlocks = z.array(z.looseObject({ block_type: z.string().optional(), text: z.string().optional() }))

function textOfBlocks(blocks: unknown): string {
  const parsed = textBlocks.safeParse(blocks).data ?? []
  return parsed.flatMap((block) => (block.block_type === 'text' && block.text ? [block.text] : [])).join('')
}

const message = z.looseObject({
  blocks: z.unknown().optional(),
  content: z.unknown().optional(),
  response: z.unknown().optional(),
})

// A text may be itself, a ChatMessage with blocks (or `content`, before 0.12), or an AgentOutput around one.
function textOf(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value
  const parsed = message.safeParse(value).data
  if (!parsed || depth > 2) return ''
  if (typeof parsed.content === 'string') return parsed.content
  return textOfBlocks(parsed.blocks) || textOf(parsed.response, depth + 1)
}
