/** RawEvent is one server-sent event: the last `id` line at or before it, and its `data` lines joined by line feeds. */
export type RawEvent = { id: string | undefined; data: string }

/**
 * createEventDecoder makes a function that takes the bytes of a `text/event-stream` piece by piece and answers the events
 * that each piece completes. Pieces may split anywhere: inside a character, between CR and LF, in the middle of a field
 * name. Follows https://html.spec.whatwg.org/multipage/server-sent-events.html, "Interpreting an event stream"; `event`
 * and `retry` lines are passed over, since Tangga sends none.
 */
export function createEventDecoder(): (bytes: Uint8Array) => RawEvent[] {
  // TextDecoder drops a byte order mark and holds back the bytes of an unfinished character.
  const decoder = new TextDecoder()
  let pending = ''
  let id: string | undefined
  let data: string[] = []

  function takeLine(line: string, events: RawEvent[]): void {
    if (line === '') {
      if (data.length > 0) events.push({ id, data: data.join('\n') })
      data = []
      return
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const rest = colon === -1 ? '' : line.slice(colon + 1)
    const value = rest.startsWith(' ') ? rest.slice(1) : rest
    if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) id = value
  }

  return (bytes) => {
    pending += decoder.decode(bytes, { stream: true })
    const events: RawEvent[] = []
    // A CR at the very end may be the first half of CR LF, so it waits for the next piece.
    const lineEnd = /\r\n|\n|\r(?!$)/g
    let start = 0
    for (const match of pending.matchAll(lineEnd)) {
      takeLine(pending.slice(start, match.index), events)
      start = match.index + match[0].length
    }
    pending = pending.slice(start)
    return events
  }
}
