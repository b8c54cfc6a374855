import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4Content,
  type LanguageModelV4StreamPart,
} from '@ai-sdk/provider'
import { type Dispatcher, request } from 'undici'
import { z } from 'zod'
import { serverSentEventParser } from '../../../platform/sse/sse-reader.ts'
import { createChunkReader, finishReasonOf, usageOf } from './compatible-chunks.ts'
import { compatibleRequest, PROVIDER } from './compatible-request.ts'

// One event may hold a whole answer, which is bounded where it is read; this bounds what is no answer at all.
const STREAM_LIMITS = { maxEventCharacters: 16 * 1024 * 1024, maxBytes: Infinity }
const ANSWER_BYTES = 16 * 1024 * 1024
const ERROR_BYTES = 64 * 1024
const REDIRECTS = 3
// Parts of pieces that came together are read one after the other, so some may wait without anything standing still.
const BACKLOG_PARTS = 1_000

const wholeAnswer = z.object({
  choices: z
    .array(z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: z.string().nullish() }))
    .min(1),
  usage: z.unknown().optional(),
})
const serverError = z.object({ error: z.object({ message: z.string() }) })

/** CompatibleAddress is where a model is; `baseUrl` is what `/chat/completions` follows. */
export type CompatibleAddress = { model: string; baseUrl: string; apiKey: string | undefined }

/**
 * createCompatibleModel makes a model behind a server that speaks OpenAI's chat completions. It reads the stream straight
 * from the connection: each piece is parsed once and goes through one web stream, the one that the interface asks for.
 * `doGenerate` gives the text of an answer only.
 */
export function createCompatibleModel({ model, baseUrl, apiKey }: CompatibleAddress): LanguageModelV4 {
  const url = `${baseUrl.replace(/\/+$/, '')}/chat/completions`
  const authorization: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }

  const ask = (options: LanguageModelV4CallOptions, more: object) =>
    post(url, {
      headers: { 'content-type': 'application/json', ...authorization, ...definedOf(options.headers) },
      body: compatibleRequest(model, options, more),
      signal: options.abortSignal,
    })

  return {
    specificationVersion: 'v4',
    provider: `${PROVIDER}.chat`,
    modelId: model,
    supportedUrls: {},
    async doGenerate(options) {
      const { body } = await ask(options, {})
      const answer = wholeAnswer.safeParse(JSON.parse(await textWithin(body, ANSWER_BYTES)))
      const [choice] = answer.data?.choices ?? []
      if (!choice) throw new Error('what the model server sent cannot be read')
      const { content: text } = choice.message
      const content: LanguageModelV4Content[] = text ? [{ type: 'text', text }] : []
      return {
        content,
        finishReason: finishReasonOf(choice.finish_reason ?? 'stop'),
        usage: usageOf(answer.data?.usage),
        warnings: [],
      }
    },
    async doStream(options) {
      const { body } = await ask(options, { stream: true, stream_options: { include_usage: true } })
      return { stream: partsOf(body) }
    },
  }
}

type Body = Dispatcher.ResponseData['body']
type Posted = { headers: Record<string, string>; body: string; signal: AbortSignal | undefined }

/** post sends a request, follows where it is sent on to, and throws APICallError for every other answer than a good one. */
async function post(url: string, { headers, body, signal }: Posted): Promise<Dispatcher.ResponseData> {
  let at = new URL(url)
  for (let redirects = 0; ; redirects++) {
    // The key is for the server that was named.
    const { authorization, ...others } = headers
    const isSame = at.origin === new URL(url).origin
    const answer = await request(at, {
      method: 'POST',
      headers: isSame && authorization !== undefined ? { ...others, authorization } : others,
      body,
      signal: signal ?? null,
    })
    const { statusCode, headers: got } = answer
    if (statusCode >= 200 && statusCode < 300) return answer
    const location = got['location']
    const isSentOn = (statusCode === 307 || statusCode === 308) && typeof location === 'string'
    if (isSentOn && redirects < REDIRECTS && URL.canParse(location, at.href)) {
      await answer.body.dump()
      at = new URL(location, at)
      continue
    }
    const text = await textWithin(answer.body, ERROR_BYTES).catch(() => '')
    throw new APICallError({
      message: messageOf(text) ?? `HTTP ${statusCode}`,
      url,
      requestBodyValues: {},
      statusCode,
      responseHeaders: Object.fromEntries(Object.entries(got).map(([name, value]) => [name, String(value)])),
    })
  }
}

function messageOf(text: string): string | undefined {
  try {
    return serverError.safeParse(JSON.parse(text)).data?.error.message
  } catch {
    return undefined
  }
}

async function textWithin(body: Body, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    const piece = Buffer.from(chunk)
    bytes += piece.length
    if (bytes > maxBytes) throw new Error(`the model server's answer is longer than ${maxBytes} bytes`)
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString()
}

/** partsOf reads a streamed answer. Cancelling it closes the connection; a reader that stands still stops the server. */
function partsOf(body: Body): ReadableStream<LanguageModelV4StreamPart> {
  let isOver = false
  return new ReadableStream<LanguageModelV4StreamPart>({
    start(controller) {
      const eventsOf = serverSentEventParser(STREAM_LIMITS)
      const chunks = createChunkReader((part) => controller.enqueue(part))
      const fail = (error: unknown) => {
        if (isOver) return
        isOver = true
        body.destroy()
        // An errored stream forgets what waits in it, so the error takes its place behind what was said.
        controller.enqueue({ type: 'error', error })
        controller.close()
      }
      const attempt = (read: () => void) => {
        if (isOver) return
        try {
          read()
        } catch (error) {
          fail(error)
        }
      }
      controller.enqueue({ type: 'stream-start', warnings: [] })
      body.on('data', (chunk: Buffer) =>
        attempt(() => {
          for (const { data } of eventsOf(chunk)) chunks.take(data)
          if ((controller.desiredSize ?? 0) <= -BACKLOG_PARTS) body.pause()
        }),
      )
      body.on('end', () =>
        attempt(() => {
          chunks.end()
          isOver = true
          controller.close()
        }),
      )
      body.on('error', fail)
      body.on('close', () => fail(new Error('the connection to the model server was closed')))
    },
    pull() {
      if (body.isPaused()) body.resume()
    },
    cancel() {
      isOver = true
      body.destroy()
    },
  })
}

const definedOf = (headers: Record<string, string | undefined> | undefined) =>
  Object.fromEntries(
    Object.entries(headers ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
