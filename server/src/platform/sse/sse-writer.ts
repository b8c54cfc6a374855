import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** DropReason says why a reader's connection was ended: its backlog grew too long, or it stood still for too long. */
export type DropReason = 'backlog' | 'stalled'

/** SseOptions tune one stream; the defaults are what the service promises. */
export type SseOptions = {
  /** Headers of this stream beside the standard ones. */
  headers?: Record<string, string>
  /** A comment is sent when nothing else was for so long; below the promised 15 s, so that timers may be late. */
  keepAliveMs?: number
  /** What may wait for a slow reader, in bytes; with more than that waiting, the next event drops it. */
  backlogLimitBytes?: number
  /** How long a reader may take to empty a full buffer, in milliseconds, before it is dropped. */
  stallLimitMs?: number
  onDrop?: (reason: DropReason) => void
}

/** SseWriter writes server-sent events to one reader. Once it is closed, everything it is told is ignored. */
export type SseWriter = {
  readonly closed: boolean
  /** Whether what was sent so far is on its way; false while some of it waits for the reader. */
  readonly hasRoom: boolean
  /** send writes one event as an `id` and a `data` line; false when the reader is gone or has just been dropped. */
  send(id: number | string, data: unknown): boolean
  /** sendJson is send for data that is JSON already, without line breaks. */
  sendJson(id: number | string, json: string): boolean
  /** sendData writes one event that has no id, as protocols with a framing of their own have it. */
  sendData(text: string): boolean
  /** drained resolves when the reader has room again, or is gone. */
  drained(): Promise<void>
  /** end closes the stream once the reader has taken what was written; later events are ignored. */
  end(): void
  /** onClose calls back once, when the stream is over for whatever reason; at once when it already is. */
  onClose(listener: () => void): void
}

/**
 * openSse takes the reply over and starts an event stream on it. Headers that hooks have put on the reply (CORS,
 * security) are kept. A reader that does not keep up is dropped, never waited for: it can come back and resume.
 */
export function openSse(reply: FastifyReply, options: SseOptions = {}): SseWriter {
  reply.hijack()
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...standardHeaders, ...options.headers })) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.raw.writeHead(200)
  reply.raw.flushHeaders()
  return createSseWriter(reply.raw, options)
}

const standardHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/** createSseWriter is the writer behind openSse, for a response whose headers have been sent. */
export function createSseWriter(raw: ServerResponse, options: SseOptions = {}): SseWriter {
  const { keepAliveMs = 10_000, backlogLimitBytes = 1024 * 1024, stallLimitMs = 60_000, onDrop } = options
  let closed = false
  let ending = false
  let stall: NodeJS.Timeout | undefined
  // One listener each for the whole life of the stream; whoever waits stands in these lists instead.
  let waiting: (() => void)[] = []
  let closeListeners: (() => void)[] = []
  const keepAlive = setInterval(() => write(': still here\n\n'), keepAliveMs)

  function write(text: string): boolean {
    if (closed || ending) return false
    // Looked at beforehand, so that one large event is no backlog by itself.
    if (raw.writableLength > backlogLimitBytes) {
      drop('backlog')
      return false
    }
    const hasRoom = raw.write(text)
    keepAlive.refresh()
    if (!hasRoom) stall ??= setTimeout(() => drop('stalled'), stallLimitMs)
    return true
  }

  function drop(reason: DropReason): void {
    onDrop?.(reason)
    raw.destroy()
    close()
  }

  function wake(): void {
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }

  function drain(): void {
    clearTimeout(stall)
    stall = undefined
    wake()
  }

  function close(): void {
    if (closed) return
    closed = true
    clearInterval(keepAlive)
    clearTimeout(stall)
    raw.off('drain', drain)
    wake()
    const listeners = closeListeners
    closeListeners = []
    for (const listener of listeners) listener()
  }

  raw.on('drain', drain)
  raw.once('close', close)
  // A write to a connection that was reset reports here; `close` follows and does the rest.
  raw.on('error', () => {})
  if (raw.destroyed || raw.closed) close()

  return {
    get closed() {
      return closed
    },
    get hasRoom() {
      return closed || !raw.writableNeedDrain
    },
    send: (id, data) => write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`),
    sendJson: (id, json) => write(`id: ${id}\ndata: ${json}\n\n`),
    sendData: (text) => write(`data: ${text}\n\n`),
    async drained() {
      if (closed || !raw.writableNeedDrain) return
      await new Promise<void>((resolve) => waiting.push(resolve))
    },
    end() {
      if (closed || ending) return
      ending = true
      clearInterval(keepAlive)
      stall ??= setTimeout(() => drop('stalled'), stallLimitMs)
      raw.end()
    },
    onClose(listener) {
      if (closed) listener()
      else closeListeners.push(listener)
    },
  }
}
