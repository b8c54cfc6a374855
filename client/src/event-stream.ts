import { createEventDecoder } from './event-decoder.ts'

/**
 * ServerEvent is one event of a Tangga stream, chat or live feed. `id` is its sequence number as text: send the last one
 * seen as `Last-Event-ID` to go on from there. `message` is a sentence for a person, `data` depends on `type`.
 */
export type ServerEvent = { id: string | undefined; type: string; message?: string; data?: unknown }

/** EventStreamOptions bounds the wait for the next piece of a stream. */
export type EventStreamOptions = {
  /** A stream silent for longer is given up with a StreamStalledError; the server sends a comment at least every 15 s. Default 45,000; 0 waits for ever. */
  idleTimeoutMs?: number
}

/** StreamStalledError says that a stream fell silent, as it does when the network went away without a word. Resume with `Last-Event-ID`. */
export class StreamStalledError extends Error {
  override name = 'StreamStalledError'
}

/**
 * readEventStream yields the events of a streaming answer one by one, in order, until the server ends it. It takes the
 * `Response` of a `fetch`, or its body (what `parseAs: 'stream'` gives). Leaving the loop early closes the connection; a
 * connection that breaks rejects with the error of the network. An event cut off by the end of the stream is dropped:
 * whether the stream was whole is seen by its last event (`done` or `error` in a chat).
 */
export async function* readEventStream(
  source: Response | ReadableStream<Uint8Array>,
  options: EventStreamOptions = {},
): AsyncGenerator<ServerEvent, void, undefined> {
  const body = source instanceof ReadableStream ? source : bodyOf(source)
  const reader = body.getReader()
  const decode = createEventDecoder()
  const idleTimeoutMs = options.idleTimeoutMs ?? 45_000
  try {
    while (true) {
      const piece = await withinTime(reader.read(), idleTimeoutMs)
      if (piece.done) return
      for (const raw of decode(piece.value)) yield parseEvent(raw.id, raw.data)
    }
  } finally {
    // Cancelling a stream that has failed rejects with the failure, which the loop above has already thrown.
    await reader.cancel().catch(() => undefined)
  }
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  const contentType = response.headers.get('content-type') ?? 'no content type'
  if (!response.ok || !response.body || !contentType.startsWith('text/event-stream')) {
    throw new Error(`expected an event stream, got status ${response.status} with ${contentType}`)
  }
  return response.body
}

function parseEvent(id: string | undefined, data: string): ServerEvent {
  const parsed: unknown = JSON.parse(data)
  if (typeof parsed !== 'object' || parsed === null || !('type' in parsed) || typeof parsed.type !== 'string') {
    throw new Error(`expected an event with a type, got ${data.slice(0, 100)}`)
  }
  return {
    id,
    type: parsed.type,
    ...('message' in parsed && typeof parsed.message === 'string' && { message: parsed.message }),
    ...('data' in parsed && { data: parsed.data }),
  }
}

async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  if (timeoutMs === 0) return work
  let timer: ReturnType<typeof setTimeout> | undefined
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StreamStalledError(`nothing came for ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work, stalled])
  } finally {
    clearTimeout(timer)
  }
}
