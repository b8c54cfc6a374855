import { isTerminal, type RunEvent } from './run-events.ts'

/** LogEntry is an event with its place in the run, counted from 1 without gaps. */
export type LogEntry = { seq: number; event: RunEvent }

/** RunLog is the append-only log of one run, in memory. Any number of readers may follow it, each from where it likes. */
export type RunLog = {
  /** The place of the newest entry; 0 while there is none. */
  readonly lastSeq: number
  /** True once the terminal event is in; nothing is appended after it. */
  readonly ended: boolean
  append(event: RunEvent): void
  /** read returns the entries after a place, oldest first. */
  read(after: number): LogEntry[]
  /** subscribe calls back after every append until the returned function is called. */
  subscribe(listener: () => void): () => void
}

/** createRunLog makes an empty log; `offset` is the place before its first entry, when earlier ones are not kept. */
export function createRunLog(offset = 0): RunLog {
  const events: RunEvent[] = []
  const listeners = new Set<() => void>()
  let ended = false
  return {
    get lastSeq() {
      return offset + events.length
    },
    get ended() {
      return ended
    },
    append(event) {
      if (ended) throw new Error(`a run's log has ended and cannot take ${event.type}`)
      events.push(event)
      ended = isTerminal(event)
      for (const listener of listeners) listener()
    },
    read(after) {
      const start = Math.max(0, after - offset)
      return events.slice(start).map((event, index) => ({ seq: offset + start + index + 1, event }))
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
