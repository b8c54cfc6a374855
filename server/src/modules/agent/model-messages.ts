import type { JSONValue, LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import { z } from 'zod'
import type { HistoryMessage } from './engine.ts'
import type { ModelStep } from './model-step.ts'
import { safeName } from './tools/toolbox.ts'

/** ExecutedCall is a tool call of the running answer with what came of it. */
export type ExecutedCall = { callId: string; tool: string; args: JSONValue; ok: boolean; output: JSONValue }

// What stands for an answer that broke off before its first word; servers refuse an empty one.
const NO_ANSWER = '(no answer)'

/** conversationMessages writes earlier turns and the current message as a model server takes them. */
export function conversationMessages(history: readonly HistoryMessage[]): LanguageModelV4Prompt {
  return history.flatMap((message): LanguageModelV4Message[] => {
    if (message.role === 'user') return [{ role: 'user', content: [{ type: 'text', text: message.content }] }]
    const calls = (message.toolCalls ?? []).map((call) => ({
      callId: call.callId,
      tool: safeName(call.tool),
      args: json(call.args),
      ok: call.ok,
      output: json(call.output),
    }))
    return [
      ...(calls.length > 0 ? callMessages(calls) : []),
      { role: 'assistant', content: [{ type: 'text', text: message.content || NO_ANSWER }] },
    ]
  })
}

/** stepMessages writes one step of the running answer: what the model said and called, and what came of it. */
export function stepMessages(step: ModelStep, executed: readonly ExecutedCall[]): LanguageModelV4Message[] {
  const [calls, ...results] = callMessages(executed)
  if (calls?.role !== 'assistant') return []
  const said: typeof calls.content = []
  // Servers that show their reasoning want it back while tools are being called, and signatures always.
  for (const { text, providerMetadata } of step.reasoning) {
    if (providerMetadata) said.push({ type: 'reasoning', text, providerOptions: providerMetadata })
    else if (text !== '') said.push({ type: 'reasoning', text })
  }
  if (step.text !== '') said.push({ type: 'text', text: step.text })
  const signed = calls.content.map((part, index) => {
    const providerOptions = step.toolCalls[index]?.providerMetadata
    return providerOptions ? { ...part, providerOptions } : part
  })
  return [{ role: 'assistant', content: [...said, ...signed] }, ...results]
}

function callMessages(calls: readonly ExecutedCall[]): LanguageModelV4Message[] {
  return [
    {
      role: 'assistant',
      content: calls.map((call) => ({
        type: 'tool-call',
        toolCallId: call.callId,
        toolName: call.tool,
        input: call.args,
      })),
    },
    {
      role: 'tool',
      content: calls.map((call) => ({
        type: 'tool-result',
        toolCallId: call.callId,
        toolName: call.tool,
        output: { type: call.ok ? 'json' : 'error-json', value: call.output },
      })),
    },
  ]
}

// Stored calls come from a JSON column; whatever is not JSON any more is left out.
const json = (value: unknown): JSONValue => z.json().safeParse(value).data ?? null
