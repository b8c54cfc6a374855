import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool, LanguageModelV4Message } from '@ai-sdk/provider'

/** PROVIDER is the name of this protocol in metadata that goes back to the server with the calls that it came with. */
export const PROVIDER = 'llm'

type ToolDefinition = NonNullable<LanguageModelV4CallOptions['tools']>[number]

/** compatibleRequest writes a call, and what `more` adds to it, as the body of `POST /chat/completions` of OpenAI's protocol. */
export function compatibleRequest(modelId: string, options: LanguageModelV4CallOptions, more: object): string {
  const tools = (options.tools ?? []).map(toolJson).filter((json) => json !== '')
  const body = JSON.stringify({
    ...more,
    model: modelId,
    max_tokens: options.maxOutputTokens,
    temperature: options.temperature,
    top_p: options.topP,
    stop: options.stopSequences,
    seed: options.seed,
    messages: options.prompt.flatMap(messagesOf),
    tool_choice: tools.length > 0 ? choiceOf(options.toolChoice) : undefined,
  })
  return tools.length > 0 ? `${body.slice(0, -1)},"tools":[${tools.join(',')}]}` : body
}

// Tools are most of a request, and the same in all of them, so each is written once.
const writtenTools = new WeakMap<ToolDefinition, string>()

function toolJson(tool: ToolDefinition): string {
  const known = writtenTools.get(tool)
  if (known !== undefined) return known
  const json = tool.type === 'function' ? functionJson(tool) : ''
  writtenTools.set(tool, json)
  return json
}

const functionJson = ({ name, description, inputSchema, strict }: LanguageModelV4FunctionTool) =>
  JSON.stringify({ type: 'function', function: { name, description, parameters: inputSchema, strict } })

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
