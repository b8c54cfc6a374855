import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Dialect, dialects, type ModelBody } from './model-dialects.ts'

/** ScriptedToolCall is a tool call that the model makes; a string of `args` goes over the wire as it is, broken or not. */
export type ScriptedToolCall = { name: string; args?: unknown; id?: string }

/**
 * ModelStep is one thing the model server does while it streams an answer, in order:
 * - `text`: one content delta a piece;
 * - `toolCalls`: the calls of one step, their arguments in pieces of `pieceLength` characters (7 by default);
 * - `raw`: bytes or text written as they are (comments, broken JSON);
 * - `until`: wait for a promise, so that a test decides when the stream goes on;
 * - `finish`: the finish reason, then usage in a last chunk of its own (`false`: none), then `[DONE]` and the end;
 * - `end`: close the stream in good order without a finish reason; `cut`: destroy the connection; `stall`: say nothing
 *   more and keep the connection open until the client gives up.
 */
export type ModelStep =
  | { text: string | string[] }
  | { toolCalls: ScriptedToolCall[]; pieceLength?: number }
  | { raw: string | Uint8Array }
  | { until: Promise<unknown> }
  | { finish: string; usage?: { input: number; output: number } | false }
  | { end: true }
  | { cut: true }
  | { stall: true }

/**
 * ModelScript is the answer to one request: an HTTP error (`status`, with an error body of the protocol unless `body` is given),
 * or a stream of steps. `splitBytes` cuts everything that is sent into pieces of so many bytes, inside UTF-8 sequences
 * and JSON lines alike. A function makes the script from the request it answers.
 */
export type ModelScript =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { steps: ModelStep[]; splitBytes?: number }
  | ((request: ModelRequest) => ModelScript)

/** ModelRequest is what the server was asked. `closed` settles when the exchange is over, and by whom it was ended. */
export type ModelRequest = {
  headers: IncomingHttpHeaders
  body: ModelBody
  closed: Promise<'server' | 'client'>
}

/** ModelServer is a running server; `url` is what `LLM_BASE_URL` takes. */
export type ModelServer = {
  url: string
  /** Every request so far, oldest first. */
  requests: ModelRequest[]
  /** forget drops the requests so far, and scripts that none of them took. */
  forget(): void
  /** Adds scripts for the next requests, each used once. */
  enqueue(...scripts: ModelScript[]): void
  /** Sets the script for every request that finds the queue empty; without one those get a 500. */
  always(script: ModelScript): void
  /** Settles with request number `index` (0 is the first), as soon as it has arrived. */
  request(index: number): Promise<ModelRequest>
  close(): Promise<void>
}

/** says is the script of a plain answer, in the given pieces. */
export function says(...pieces: string[]): ModelScript {
  return { steps: [{ text: pieces }, { finish: 'stop', usage: { input: 100, output: pieces.length } }] }
}

/** calls is the script of a step that only calls tools. */
export function calls(...toolCalls: ScriptedToolCall[]): ModelScript {
  return { steps: [{ toolCalls }, { finish: 'tool_calls', usage: { input: 50, output: 5 } }] }
}

/**
 * startModelServer starts a model server for tests on a free loopback port. It speaks the streaming protocol of a
 * provider, OpenAI's chat completions unless another is named, and answers from scripts. A request that the real server
 * would not take gets a 400.
 */
export async function startModelServer(provider: keyof typeof dialects = 'openai-compatible'): Promise<ModelServer> {
  const dialect: Dialect = dialects[provider]
  const requests: ModelRequest[] = []
  const queue: ModelScript[] = []
  const waiting: { index: number; resolve: (request: ModelRequest) => void }[] = []
  let fallback: ModelScript = { status: 500, body: dialect.error(500, 'the test gave no script for this request') }

  const server = createServer(async (incoming, response) => {
    if (incoming.method !== 'POST' || !dialect.matches(incoming)) {
      response.writeHead(404).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    let body: ModelBody
    try {
      body = dialect.parse(JSON.parse(Buffer.concat(chunks).toString()), incoming)
    } catch (error) {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(dialect.error(400, String(error)))
      return
    }
    const closed = Promise.withResolvers<'server' | 'client'>()
    const exchange: Exchange = { dialect, response, endedHere: false, gone: closed.promise }
    response.once('close', () => closed.resolve(exchange.endedHere ? 'server' : 'client'))
    const request: ModelRequest = { headers: incoming.headers, body, closed: closed.promise }
    requests.push(request)
    for (const waiter of waiting) if (waiter.index < requests.length) waiter.resolve(request)
    await play(queue.shift() ?? fallback, request, exchange)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port')

  return {
    url: `http://127.0.0.1:${address.port}${dialect.base}`,
    requests,
    forget() {
      requests.length = 0
      queue.length = 0
    },
    enqueue: (...scripts) => void queue.push(...scripts),
    always: (script) => void (fallback = script),
    async request(index) {
      const { promise, resolve } = Promise.withResolvers<ModelRequest>()
      const known = requests[index]
      if (known) resolve(known)
      else waiting.push({ index, resolve })
      return promise
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Exchange = { dialect: Dialect; response: ServerResponse; endedHere: boolean; gone: Promise<unknown> }

async function play(script: ModelScript, request: ModelRequest, exchange: Exchange): Promise<void> {
  if (typeof script === 'function') return play(script(request), request, exchange)
  const { response } = exchange
  if ('status' in script) {
    exchange.endedHere = true
    response.writeHead(script.status, { 'content-type': 'application/json', ...script.headers })
    response.end(script.body ?? exchange.dialect.error(script.status, `scripted ${script.status}`))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.flushHeaders()
  const send = (bytes: string | Uint8Array) => write(response, Buffer.from(bytes), script.splitBytes)
  const writer = exchange.dialect.write(request.body.model)
  const sendAll = async (pieces: string[]) => {
    for (const piece of pieces) await send(piece)
  }
  await sendAll(writer.begin())

  for (const step of script.steps) {
    if (response.destroyed) return
    if ('text' in step) {
      for (const piece of [step.text].flat()) await sendAll(writer.text(piece))
    } else if ('toolCalls' in step) {
      for (const [index, call] of step.toolCalls.entries())
        await sendAll(writer.toolCall(index, call, step.pieceLength ?? 7))
    } else if ('raw' in step) {
      await send(step.raw)
    } else if ('until' in step) {
      await Promise.race([step.until, exchange.gone])
    } else if ('finish' in step) {
      await sendAll(writer.finish(step.finish, step.usage ?? { input: 100, output: 10 }))
      break
    } else if ('cut' in step) {
      exchange.endedHere = true
      // What was written reaches the client before the connection goes.
      await nextTurn()
      response.destroy()
      return
    } else if ('stall' in step) {
      await exchange.gone
      return
    } else {
      break
    }
  }
  if (!response.destroyed) {
    exchange.endedHere = true
    response.end()
  }
}

async function write(response: ServerResponse, bytes: Buffer, splitBytes = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += splitBytes) {
    // Each write is an HTTP chunk of its own, and so a read of its own for the client.
    response.write(bytes.subarray(at, at + splitBytes))
    if (splitBytes < bytes.length) await nextTurn()
  }
}
