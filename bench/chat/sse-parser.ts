/** SseEvent is one event as a client gets it. */
export type SseEvent = { id: string; data: string }

/**
 * createSseParser makes a parser of an event stream (WHATWG HTML, "Server-sent events") that is given the text as it
 * arrives and calls back for every event; comments and other fields are passed over. Synchronous, since the clients of
 * the bench share their machine with what they measure.
 */
export function createSseParser(onEvent: (event: SseEvent) => void): (text: string) => void {
  let pending = ''
  let id = ''
  let data: string | undefined
  return (text) => {
    pending += text
    let from = 0
    for (let end = pending.indexOf('\n'); end !== -1; end = pending.indexOf('\n', from)) {
      const line = pending.slice(from, pending[end - 1] === '\r' ? end - 1 : end)
      from = end + 1
      if (line === '') {
        if (data !== undefined) onEvent({ id, data })
        data = undefined
      } else if (line.startsWith('data: ')) {
        data = data === undefined ? line.slice(6) : `${data}\n${line.slice(6)}`
      } else if (line.startsWith('id: ')) {
        id = line.slice(4)
      }
    }
    pending = pending.slice(from)
  }
}
