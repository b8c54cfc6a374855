/** ServerSentEvent is one event of a stream that is read; `id` is the last one that the stream gave. */
export type ServerSentEvent = { id: string | undefined; data: string }

/** SseReadLimits bound what is read: the characters of one event, and the bytes of the whole stream. */
export type SseReadLimits = { maxEventCharacters: number; maxBytes: number }

/**
 * readServerSentEvents reads an event stream (WHATWG HTML, "Server-sent events") in whatever pieces it comes, and yields
 * the events of each piece together. Comments and events without data yield nothing. Throws when one event grows beyond
 * `maxEventCharacters`, or the whole stream beyond `maxBytes`. Leaving the loop early closes the connection.
 */
export async function* readServerSentEvents(
  body: AsyncIterable<Uint8Array>,
  limits: SseReadLimits,
): AsyncGenerator<ServerSentEvent[], void> {
  const take = serverSentEventParser(limits)
  for await (const chunk of body) {
    const events = take(chunk)
    if (events.length > 0) yield events
  }
}

/**
 * serverSentEventParser makes a function that takes the pieces of one event stream, in order, and gives the events that
 * each completes; it throws as readServerSentEvents does.
 */
export function serverSentEventParser(limits: SseReadLimits): (chunk: Uint8Array) => ServerSentEvent[] {
  const decoder = new TextDecoder()
  let bytes = 0
  let pending = ''
  let data: string[] = []
  let dataCharacters = 0
  let id: string | undefined

  function take(line: string, events: ServerSentEvent[]): void {
    if (line === '') {
      if (data.length > 0) events.push({ id, data: data.length === 1 ? (data[0] ?? '') : data.join('\n') })
      data = []
      dataCharacters = 0
      return
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'id' && !value.includes('\0')) id = value
    if (field !== 'data') return
    data.push(value)
    dataCharacters += value.length
  }

  return (chunk) => {
    bytes += chunk.byteLength
    if (bytes > limits.maxBytes) throw new Error(`the event stream is longer than ${limits.maxBytes} bytes`)
    const text = pending + decoder.decode(chunk, { stream: true })
    // A carriage return at the end may be half of a line break, so it waits for what follows.
    const lines = text.includes('\r') ? text.split(/\r\n|\n|\r(?!$)/) : text.split('\n')
    pending = lines.pop() ?? ''
    const events: ServerSentEvent[] = []
    for (const line of lines) take(line, events)
    if (pending.length + dataCharacters > limits.maxEventCharacters)
      throw new Error(`an event is longer than ${limits.maxEventCharacters} characters`)
    return events
  }
}
