import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readRecording } from './recording.ts'

/**
 * StreamStep is one thing that the event stream does: send a text, wait for a promise, destroy the connection, end it
 * in good order, or say nothing more until the client gives up.
 */
export type StreamStep = string | { until: Promise<unknown> } | 'cut' | 'end' | 'stall'

/** PlannedAnswer is the answer to one request that is no stream. */
export type PlannedAnswer = {
  status: number
  body?: string
  headers?: Record<string, string>
  after?: Promise<unknown>
}

/** ReplayPlan is what the server does, request by request; the last entry serves all further ones. */
export type ReplayPlan = {
  start: PlannedAnswer[]
  /** One list of steps for each connection, or the status that refuses it. */
  streams: (StreamStep[] | number)[]
  cancel?: PlannedAnswer[]
  /** Cuts what streams send into pieces of so many bytes. */
  splitBytes?: number
}

/** Received is a request as it came; `closed` settles when the client has gone. */
export type Received = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: string
  closed: Promise<void>
}

/** ReplayServer plays a WorkflowServer on loopback. */
export type ReplayServer = {
  url: string
  requests: Received[]
  /** arrived settles with the first request of that kind, as soon as it is there. */
  arrived(kind: Kind): Promise<Received>
  close(): Promise<void>
}

type Kind = 'start' | 'stream' | 'cancel'

/** event writes one event of a stream as the server does. */
export function event(seq: number, type: string, value: unknown, types: string[] | null = null): string {
  return `id: ${seq}\ndata: ${JSON.stringify({ value, qualified_name: null, type, types })}\n\n`
}

/** accepted is the answer to a start. */
export const accepted: PlannedAnswer = { status: 200, body: '{"handler_id":"run-1","status":"running"}' }

/** recordedPlan makes a plan of a recording. A stream that was cut by the client goes on in silence. */
export async function recordedPlan(name: string): Promise<ReplayPlan> {
  const { exchanges } = await readRecording(name)
  const answersTo = (pattern: RegExp) => exchanges.filter(({ request }) => pattern.test(request))
  const plain = (pattern: RegExp) => answersTo(pattern).map(({ status, chunks }) => ({ status, body: chunks.join('') }))
  return {
    start: plain(/^POST \/workflows\//),
    streams: answersTo(/^GET \/events\//).map(({ chunks }) => {
      const whole = chunks.some((chunk) => chunk.includes('"StopEvent"'))
      return [...chunks, whole ? 'end' : 'stall']
    }),
    cancel: plain(/^POST \/handlers\//),
  }
}

/** startReplayServer starts the server on a free port. */
export async function startReplayServer(plan: ReplayPlan): Promise<ReplayServer> {
  const requests: Received[] = []
  const first: Record<Kind, PromiseWithResolvers<Received>> = {
    start: Promise.withResolvers(),
    stream: Promise.withResolvers(),
    cancel: Promise.withResolvers(),
  }
  const served = { start: 0, stream: 0, cancel: 0 }
  const next = <T>(kind: Kind, planned: T[]): T | undefined => planned[Math.min(served[kind]++, planned.length - 1)]

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const url = new URL(incoming.url ?? '', 'http://localhost')
    const request: Received = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
      closed: once(response, 'close').then(() => {}),
    }
    requests.push(request)
    const kind = kindOf(request)
    if (!kind) return void response.writeHead(404).end()
    first[kind].resolve(request)
    if (kind !== 'stream') {
      const planned = next(kind, kind === 'start' ? plan.start : (plan.cancel ?? [{ status: 200, body: '{}' }]))
      await planned?.after
      response.writeHead(planned?.status ?? 500, { 'content-type': 'application/json', ...planned?.headers })
      return void response.end(planned?.body ?? '{"detail":"scripted"}')
    }
    const steps = next(kind, plan.streams) ?? 404
    if (typeof steps === 'number') return void response.writeHead(steps).end()
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.flushHeaders()
    await play(steps, response, request, plan.splitBytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    arrived: (kind) => first[kind].promise,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function kindOf({ method, path }: Received): Kind | undefined {
  if (method === 'POST' && /^\/workflows\/[^/]+\/run-nowait$/.test(path)) return 'start'
  if (method === 'GET' && /^\/events\/[^/]+$/.test(path)) return 'stream'
  return method === 'POST' && /^\/handlers\/[^/]+\/cancel$/.test(path) ? 'cancel' : undefined
}

async function play(steps: StreamStep[], response: ServerResponse, request: Received, splitBytes?: number) {
  const after = Number(request.query.get('after_sequence'))
  for (const step of steps) {
    if (response.destroyed) return
    if (step === 'cut') {
      // What was written reaches the client before the connection goes.
      await nextTurn()
      response.destroy()
      return
    }
    if (step === 'end') break
    if (step === 'stall') return
    if (typeof step !== 'string') {
      await Promise.race([step.until, request.closed])
      continue
    }
    const [, seq] = /^id: (\d+)\n/.exec(step) ?? []
    // As the server does: events that the client has had are not sent again.
    if (seq !== undefined && Number(seq) <= after) continue
    const bytes = Buffer.from(step)
    const size = splitBytes ?? bytes.length
    for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
      response.write(bytes.subarray(at, at + size))
      if (splitBytes) await nextTurn()
    }
  }
  response.end()
}
