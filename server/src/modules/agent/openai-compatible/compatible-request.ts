import type { LanguageModelV4CallOptions, LanguageModelV4Message } from '@ai-sdk/provider'

/** PROVIDER is the name of this protocol in metadata that goes back to the server with the calls that it came with. */
export const PROVIDER = 'llm'

/** compatibleRequest writes a call as the body of `POST /chat/completions` of OpenAI's protocol. */
export function compatibleRequest(modelId: string, options: LanguageModelV4CallOptions) {
  const tools = (options.tools ?? []).flatMap((tool) =>
    tool.type === 'function'
      ? [
          {
            type: 'function',
            function: {
              name: tool.name,
              description: tool.description,
              parameters: tool.inputSchema,
              ...(tool.strict === undefined ? {} : { strict: tool.strict }),
            },
          },
        ]
      : [],
  )
  return {
    model: modelId,
    max_tokens: options.maxOutputTokens,
    temperature: options.temperature,
    top_p: options.topP,
    stop: options.stopSequences,
    seed: options.seed,
    messages: options.prompt.flatMap(messagesOf),
    ...(tools.length > 0 ? { tools, tool_choice: choiceOf(options.toolChoice) } : {}),
  }
}

function choiceOf(choice: LanguageModelV4CallOptions['toolChoice']) {
  return choice?.type === 'tool' ? { type: 'function', function: { name: choice.toolName } } : choice?.type
}

function messagesOf(message: LanguageModelV4Message): object[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }]
    case 'user':
      return [{ role: 'user', content: message.content.map(textOf).join('') }]
    case 'assistant':
      return [assistantMessage(message.content)]
    case 'tool':
      return message.content.flatMap((part) =>
        part.type === 'tool-result'
          ? [{ role: 'tool', tool_call_id: part.toolCallId, content: resultText(part.output) }]
          : [],
      )
  }
}

function assistantMessage(content: Extract<LanguageModelV4Message, { role: 'assistant' }>['content']): object {
  let text = ''
  let reasoning = ''
  const calls: object[] = []
  for (const part of content) {
    if (part.type === 'text') text += part.text
    else if (part.type === 'reasoning') reasoning += part.text
    else if (part.type === 'tool-call') {
      // Gemini knows its own calls again by this, also behind this protocol.
      const signature = part.providerOptions?.[PROVIDER]?.['thoughtSignature']
      calls.push({
        id: part.toolCallId,
        type: 'function',
        function: { name: part.toolName, arguments: JSON.stringify(part.input) },
        ...(typeof signature === 'string' ? { extra_content: { google: { thought_signature: signature } } } : {}),
      })
    } else throw new Error(`a part of kind ${part.type} cannot be sent to this model`)
  }
  return {
    role: 'assistant',
    content: calls.length > 0 ? text || null : text,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

function textOf(part: { type: string; text?: unknown }): string {
  if (part.type !== 'text' || typeof part.text !== 'string')
    throw new Error(`a part of kind ${part.type} cannot be sent to this model`)
  return part.text
}

function resultText(output: { type: string; value?: unknown; reason?: string }): string {
  if (typeof output.value === 'string' && (output.type === 'text' || output.type === 'error-text')) return output.value
  if (output.type === 'execution-denied') return output.reason ?? 'Tool call execution denied.'
  return JSON.stringify(output.value ?? null)
}
