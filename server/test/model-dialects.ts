import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { ScriptedToolCall } from './model-server.ts'

/**
 * ModelBody is a request as every dialect reads it, in the words of OpenAI's chat completions. `raw` is the body as it
 * came.
 */
export type ModelBody = {
  model: string
  stream?: boolean | undefined
  stream_options?: { include_usage?: boolean | undefined } | undefined
  tool_choice?: unknown
  tools?: { function: { name: string; description?: string | undefined; parameters?: unknown } }[] | undefined
  messages: {
    role: 'system' | 'user' | 'assistant' | 'tool'
    content?: string | null | undefined
    tool_call_id?: string | undefined
    tool_calls?: { id: string; function: { name: string; arguments: string } }[] | undefined
  }[]
  raw: unknown
}

/** Writer writes one answer: each method gives the pieces to send, in order. */
export type Writer = {
  begin(): string[]
  text(piece: string): string[]
  toolCall(index: number, call: ScriptedToolCall, pieceLength: number): string[]
  finish(reason: string, usage: { input: number; output: number } | false): string[]
}

/** Dialect is one streaming protocol of model servers: where it is spoken, and how requests and answers look. */
export type Dialect = {
  /** What follows the server's address in the base URL. */
  base: string
  matches(request: IncomingMessage): boolean
  /** Reads a request; throws when it is none that the real server would take. */
  parse(json: unknown, request: IncomingMessage): ModelBody
  error(status: number, message: string): string
  write(model: string): Writer
}

const jsonOf = (args: unknown) => (typeof args === 'string' ? args : JSON.stringify(args ?? {}))

function inPieces(text: string, length: number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += length) pieces.push(text.slice(at, at + length))
  return pieces
}

const openAiBody = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).optional(),
  tool_choice: z.unknown().optional(),
  tools: z
    .array(
      z.looseObject({
        type: z.literal('function'),
        function: z.looseObject({ name: z.string(), description: z.string().optional(), parameters: z.unknown() }),
      }),
    )
    .optional(),
  messages: z.array(
    z.looseObject({
      role: z.enum(['system', 'user', 'assistant', 'tool']),
      content: z.string().nullish(),
      tool_call_id: z.string().optional(),
      tool_calls: z
        .array(z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
        .optional(),
    }),
  ),
})

/** openAi is `POST /chat/completions` with `data: {…}` lines and `[DONE]`. */
const openAi: Dialect = {
  base: '/v1',
  matches: (request) => request.url === '/v1/chat/completions',
  parse: (json) => ({ ...openAiBody.parse(json), raw: json }),
  error: (status, message) => JSON.stringify({ error: { message, type: 'test', code: status } }),
  write(model) {
    const chunk = (choices: unknown[], more: object = {}) =>
      `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices, ...more })}\n\n`
    const delta = (value: unknown) => chunk([{ index: 0, delta: value, finish_reason: null }])
    return {
      begin: () => [],
      text: (piece) => [delta({ content: piece })],
      toolCall: (index, { name, args, id = `call_${index}` }, pieceLength) => [
        delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
        ...inPieces(jsonOf(args), pieceLength).map((piece) =>
          delta({ tool_calls: [{ index, function: { arguments: piece } }] }),
        ),
      ],
      finish(reason, usage) {
        const chunks = [chunk([{ index: 0, delta: {}, finish_reason: reason }])]
        if (usage) {
          const { input, output } = usage
          const counted = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
          chunks.push(chunk([], { usage: counted }))
        }
        return [...chunks, 'data: [DONE]\n\n']
      },
    }
  },
}

const anthropicText = z.strictObject({ type: z.literal('text'), text: z.string().min(1) })
const anthropicUse = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  input: z.record(z.string(), z.unknown()),
})
const anthropicThinking = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string().min(1),
})
const anthropicResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.string(),
  is_error: z.boolean().optional(),
})
const anthropicBody = z.looseObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  stream: z.literal(true),
  system: z.array(anthropicText).optional(),
  tool_choice: z.looseObject({ type: z.enum(['auto', 'none']) }).optional(),
  tools: z
    .array(z.looseObject({ name: z.string(), description: z.string().optional(), input_schema: z.unknown() }))
    .optional(),
  messages: z.array(
    z.discriminatedUnion('role', [
      z.strictObject({ role: z.literal('user'), content: z.array(z.union([anthropicText, anthropicResult])).min(1) }),
      z.strictObject({
        role: z.literal('assistant'),
        content: z.array(z.union([anthropicText, anthropicUse, anthropicThinking])).min(1),
      }),
    ]),
  ),
})

/** anthropic is `POST /messages` of the Messages API: named events, content blocks by index, `message_stop` at the end. */
const anthropic: Dialect = {
  base: '/v1',
  matches: (request) => request.url === '/v1/messages' && request.headers['anthropic-version'] === '2023-06-01',
  parse(json) {
    const body = anthropicBody.parse(json)
    const messages: ModelBody['messages'] = (body.system ?? []).map(({ text }) => ({ role: 'system', content: text }))
    let open: string[] = []
    for (const [index, message] of body.messages.entries()) {
      if (message.role === body.messages[index - 1]?.role) throw new Error('roles must alternate')
      const texts = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      const results = message.content.flatMap((part) => (part.type === 'tool_result' ? [part] : []))
      const answered = results.map((result) => result.tool_use_id)
      if (JSON.stringify(answered) !== JSON.stringify(open))
        throw new Error('every tool_use needs its tool_result next')
      for (const { tool_use_id, content } of results)
        messages.push({ role: 'tool', content, tool_call_id: tool_use_id })
      const uses = message.content.flatMap((part) => (part.type === 'tool_use' ? [part] : []))
      open = uses.map(({ id }) => id)
      const tool_calls = uses.map(({ id, name, input }) => ({
        id,
        function: { name, arguments: JSON.stringify(input) },
      }))
      const isResultOnly = message.role === 'user' && texts.length === 0
      if (!isResultOnly)
        messages.push({
          role: message.role,
          content: texts.join('\n\n'),
          ...(uses.length > 0 ? { tool_calls } : {}),
        })
    }
    if (messages.some((message) => message.tool_calls) && !body.tools) throw new Error('tools are required')
    const tools = body.tools?.map(({ name, description, input_schema: parameters }) => ({
      function: { name, description, parameters },
    }))
    return { model: body.model, stream: true, messages, tools, tool_choice: body.tool_choice?.type, raw: json }
  },
  error(status, message) {
    const type =
      { 400: 'invalid_request_error', 401: 'authentication_error', 429: 'rate_limit_error', 529: 'overloaded_error' }[
        status
      ] ?? 'api_error'
    return JSON.stringify({ type: 'error', error: { type, message } })
  },
  write(model) {
    const event = (value: { type: string }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`
    const part = (type: string, value: object) => event({ type, ...value })
    let index = -1
    let isText = false
    const close = () => (index >= 0 ? [part('content_block_stop', { index })] : [])
    const open = (content_block: object) => {
      const closing = close()
      index++
      return [...closing, part('content_block_start', { index, content_block })]
    }
    return {
      begin() {
        const message = { id: 'msg_01', type: 'message', role: 'assistant', content: [], model, stop_reason: null }
        const usage = { input_tokens: 1, output_tokens: 1 }
        return [part('message_start', { message: { ...message, stop_sequence: null, usage } }), part('ping', {})]
      },
      text(piece) {
        const opening = isText ? [] : open({ type: 'text', text: '' })
        isText = true
        return [...opening, part('content_block_delta', { index, delta: { type: 'text_delta', text: piece } })]
      },
      toolCall(number, { name, args, id = `toolu_${number}` }, pieceLength) {
        isText = false
        const opening = open({ type: 'tool_use', id, name, input: {} })
        const pieces = inPieces(jsonOf(args), pieceLength)
        const delta = (partial_json: string) => ({ type: 'input_json_delta', partial_json })
        return [...opening, ...pieces.map((piece) => part('content_block_delta', { index, delta: delta(piece) }))]
      },
      finish(reason, usage) {
        const stop_reason = reason === 'tool_calls' ? 'tool_use' : reason === 'length' ? 'max_tokens' : 'end_turn'
        const { input, output } = usage || { input: 1, output: 1 }
        return [
          ...close(),
          part('message_delta', {
            delta: { stop_reason, stop_sequence: null },
            usage: { input_tokens: input, output_tokens: output },
          }),
          part('message_stop', {}),
        ]
      },
    }
  },
}

const googlePart = z.union([
  z.strictObject({ text: z.string().min(1), thoughtSignature: z.string().optional(), thought: z.boolean().optional() }),
  z.strictObject({
    functionCall: z.strictObject({
      id: z.string().optional(),
      name: z.string(),
      args: z.record(z.string(), z.unknown()),
    }),
    thoughtSignature: z.string().optional(),
  }),
  z.strictObject({
    functionResponse: z.strictObject({ id: z.string().optional(), name: z.string(), response: z.unknown() }),
  }),
])
const googleBody = z.looseObject({
  contents: z.array(z.strictObject({ role: z.enum(['user', 'model']), parts: z.array(googlePart).min(1) })),
  systemInstruction: z.looseObject({ parts: z.array(z.strictObject({ text: z.string() })) }).optional(),
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z.array(
          z.looseObject({ name: z.string(), description: z.string(), parameters: z.unknown().optional() }),
        ),
      }),
    )
    .optional(),
  toolConfig: z
    .looseObject({ functionCallingConfig: z.looseObject({ mode: z.enum(['AUTO', 'NONE', 'ANY', 'VALIDATED']) }) })
    .optional(),
})

const googlePath = /^\/v1beta\/models\/([^/:]+):streamGenerateContent\?alt=sse$/

/** google is `models/…:streamGenerateContent?alt=sse` of the Gemini API: whole parts in `data:` lines that end with CRLF. */
const google: Dialect = {
  base: '/v1beta',
  matches: (request) => googlePath.test(request.url ?? ''),
  parse(json, request) {
    const body = googleBody.parse(json)
    const model = googlePath.exec(request.url ?? '')?.[1] ?? ''
    const messages: ModelBody['messages'] = (body.systemInstruction?.parts ?? []).map(({ text }) => ({
      role: 'system',
      content: text,
    }))
    for (const { role, parts } of body.contents) {
      const texts = parts.flatMap((part) => ('text' in part && !part.thought ? [part.text] : []))
      const used = parts.flatMap((part) => ('functionCall' in part ? [part.functionCall] : []))
      for (const part of parts)
        if ('functionResponse' in part) {
          const { id, name, response } = part.functionResponse
          messages.push({ role: 'tool', content: JSON.stringify(response), tool_call_id: id ?? name })
        }
      if (texts.length === 0 && used.length === 0) continue
      const tool_calls = used.map(({ id, name, args }) => ({
        id: id ?? name,
        function: { name, arguments: JSON.stringify(args) },
      }))
      messages.push({
        role: role === 'model' ? 'assistant' : 'user',
        content: texts.join('\n\n'),
        ...(used.length > 0 ? { tool_calls } : {}),
      })
    }
    const tools = body.tools
      ?.flatMap(({ functionDeclarations }) => functionDeclarations)
      .map(({ name, description, parameters }) => ({ function: { name, description, parameters } }))
    const mode = body.toolConfig?.functionCallingConfig.mode.toLowerCase()
    return { model, stream: true, messages, tools, tool_choice: mode, raw: json }
  },
  error(code, message) {
    const status = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 429: 'RESOURCE_EXHAUSTED' }[code] ?? 'INTERNAL'
    return JSON.stringify({ error: { code, message, status } })
  },
  write(modelVersion) {
    const chunk = (candidate: object, more: object = {}) =>
      `data: ${JSON.stringify({ candidates: [{ ...candidate, index: 0 }], ...more, modelVersion, responseId: 'r1' })}\r\n\r\n`
    const said = (part: object) => chunk({ content: { parts: [part], role: 'model' } })
    return {
      begin: () => [],
      text: (text) => [said({ text })],
      toolCall: (_index, { name, args, id }) => [
        said({
          functionCall: { name, args: JSON.parse(jsonOf(args)), ...(id === undefined ? {} : { id }) },
          thoughtSignature: `signed-${name}`,
        }),
      ],
      finish(reason, usage) {
        const { input, output } = usage || { input: 1, output: 1 }
        const counted = { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }
        const finishReason = reason === 'length' ? 'MAX_TOKENS' : 'STOP'
        const content = { parts: [{ text: '' }], role: 'model' }
        return [chunk({ content, finishReason }, usage ? { usageMetadata: counted } : {})]
      },
    }
  },
}

/** dialects are the protocols that the model server of the tests speaks, by the name of the provider. */
export const dialects = { 'openai-compatible': openAi, anthropic, google } as const
