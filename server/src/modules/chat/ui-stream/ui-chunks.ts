import { z } from 'zod'
import type { RunEvent } from '../run-events.ts'
import { wireEvent } from '../wire-events.ts'

const anId = z.string()
const isServers = z.literal(true)

/**
 * uiChunk is the JSON of one `data` line of the UI message stream, version 1. Only what versions 5 to 7 of the AI SDK have in
 * common is sent: 5 and 6 refuse a chunk that has a field they do not know, and end the stream over it.
 */
export const uiChunk = z
  .union([
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('start'), messageId: z.uuid() }),
      z.object({
        type: z.literal('data-run'),
        data: z.object({ run_id: z.uuid(), session_id: z.uuid(), user_message_id: z.uuid() }),
        transient: z.literal(true),
      }),
      z.object({
        type: z.literal('data-session'),
        data: z.object({ session_id: z.uuid(), title: z.string() }),
        transient: z.literal(true),
      }),
      z.object({ type: z.literal('start-step') }),
      z.object({ type: z.literal('text-start'), id: anId }),
      z.object({ type: z.literal('text-delta'), id: anId, delta: z.string() }),
      z.object({ type: z.literal('text-end'), id: anId }),
      z.object({
        type: z.literal('tool-input-available'),
        toolCallId: anId,
        toolName: z.string(),
        input: z.unknown(),
        providerExecuted: isServers,
      }),
      z.object({
        type: z.literal('tool-output-available'),
        toolCallId: anId,
        output: z.unknown(),
        providerExecuted: isServers,
      }),
      z.object({
        type: z.literal('tool-output-error'),
        toolCallId: anId,
        errorText: z.string(),
        providerExecuted: isServers,
      }),
      z.object({
        type: z.literal('data-status'),
        data: z.object({ tool_call_id: z.string(), message: z.string() }),
        transient: z.literal(true),
      }),
      z.object({
        type: z.literal('data-usage'),
        data: z.object({ input_tokens: z.int(), output_tokens: z.int() }),
        transient: z.literal(true),
      }),
      z.object({ type: z.literal('data-error'), data: z.object({ code: z.string() }), transient: z.literal(true) }),
      z.object({ type: z.literal('finish-step') }),
      z.object({ type: z.literal('finish') }),
      z.object({ type: z.literal('abort') }),
      z.object({ type: z.literal('error'), errorText: z.string() }),
    ]),
    z
      .object({ type: z.templateLiteral(['data-', z.string()]), data: z.unknown() })
      .describe(
        'whatever else the native stream tells, by its name there: `data-points`, `data-achievement` and others',
      ),
  ])
  .meta({ id: 'ChatUiChunk' })

/** UiChunk is the JSON of one `data` line of the UI message stream. */
export type UiChunk = z.infer<typeof uiChunk>

const safeError = z.object({ error: z.string() })

/**
 * createUiRendering renders the events of a run, from its first one on, as chunks of the UI message stream. A step is what a
 * model said and called before it saw the results: text that follows a result begins the next. Tools are said to be executed
 * by the provider, so that no client tries to execute them or waits for somebody who does.
 */
export function createUiRendering(): (event: RunEvent) => UiChunk[] {
  let inStep = false
  let hasResult = false
  let texts = 0
  let isTextOpen = false
  let newSession: UiChunk[] = []

  const text = () => `text-${texts}`

  function endText(): UiChunk[] {
    if (!isTextOpen) return []
    isTextOpen = false
    return [{ type: 'text-end', id: text() }]
  }

  function endStep(): UiChunk[] {
    const ended: UiChunk[] = [...endText(), ...(inStep ? [{ type: 'finish-step' } as const] : [])]
    inStep = false
    hasResult = false
    return ended
  }

  function inOneStep(chunks: UiChunk[]): UiChunk[] {
    if (inStep) return chunks
    inStep = true
    return [{ type: 'start-step' }, ...chunks]
  }

  function say(delta: string): UiChunk[] {
    const before = hasResult ? endStep() : []
    if (isTextOpen) return [...before, { type: 'text-delta', id: text(), delta }]
    texts++
    isTextOpen = true
    return [
      ...before,
      ...inOneStep([
        { type: 'text-start', id: text() },
        { type: 'text-delta', id: text(), delta },
      ]),
    ]
  }

  return function render(event) {
    switch (event.type) {
      case 'SessionCreated':
        newSession = [
          { type: 'data-session', data: { session_id: event.sessionId, title: event.title }, transient: true },
        ]
        return []
      case 'RunStarted': {
        const { runId: run_id, sessionId: session_id, userMessageId: user_message_id } = event
        return [
          { type: 'start', messageId: event.messageId },
          { type: 'data-run', data: { run_id, session_id, user_message_id }, transient: true },
          ...newSession,
        ]
      }
      case 'AgentStream':
        return say(event.delta)
      case 'ToolCall': {
        const { callId: toolCallId, tool: toolName, args: input, label: message } = event
        return [
          ...endText(),
          ...inOneStep([
            { type: 'tool-input-available', toolCallId, toolName, input, providerExecuted: true },
            { type: 'data-status', data: { tool_call_id: toolCallId, message }, transient: true },
          ]),
        ]
      }
      case 'ToolCallResult': {
        const { callId: toolCallId, ok, output } = event
        hasResult = true
        if (ok) return [{ type: 'tool-output-available', toolCallId, output, providerExecuted: true }]
        const { data } = safeError.safeParse(output)
        return [
          { type: 'tool-output-error', toolCallId, errorText: data?.error ?? 'It failed.', providerExecuted: true },
        ]
      }
      case 'RunFailed':
        return [
          ...endStep(),
          { type: 'data-error', data: { code: event.code }, transient: true },
          { type: 'error', errorText: event.message },
        ]
      case 'RunFinished': {
        const { inputTokens: input_tokens, outputTokens: output_tokens } = event.usage
        return [
          ...endStep(),
          { type: 'data-usage', data: { input_tokens, output_tokens }, transient: true },
          { type: event.status === 'stopped' ? 'abort' : 'finish' },
        ]
      }
      default: {
        const native = wireEvent(event)
        return [{ type: `data-${native.type}`, data: native.data }]
      }
    }
  }
}
