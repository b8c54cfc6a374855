import { problem } from '../../platform/errors.ts'
import { failureMessage } from './failure-messages.ts'
import type { ChatMessage, ChatRun } from './repository.ts'
import { isTerminal, type RunEvent } from './run-events.ts'
import { createRunLog, type LogEntry, type RunLog } from './run-log.ts'
import { eventsOf, runRecord } from './run-record.ts'
import type { Following, RelayReader } from './run-relay.ts'

/** StoredRun is a run with the answer it makes or made. */
export type StoredRun = { run: ChatRun; answer: ChatMessage }

/** storedEvents gives the events of a run as far as they are stored, with the terminal one when it has ended. */
export function storedEvents({ run, answer }: StoredRun, locale: 'en' | 'id'): RunEvent[] {
  const events = eventsOf(runRecord.parse(run.record), answer.content)
  const last = events.at(-1)
  if (run.status === 'running' || (last && isTerminal(last))) return events
  if (run.status === 'interrupted')
    return [...events, { type: 'RunFailed', code: 'interrupted', message: failureMessage('interrupted', locale) }]
  const finished: RunEvent = {
    type: 'RunFinished',
    runId: run.id,
    sessionId: run.sessionId,
    messageId: answer.id,
    text: answer.content,
    usage: { inputTokens: run.inputTokens ?? 0, outputTokens: run.outputTokens ?? 0 },
    status: run.status,
  }
  return [...events, finished]
}

/** storedLog makes the log of a run that has ended, for a reader who has seen everything up to the place `after`. */
export function storedLog(stored: StoredRun, after: number, locale: 'en' | 'id'): RunLog {
  const events = storedEvents(stored, locale)
  const diedUntold = stored.run.errorCode === 'interrupted' && after >= events.length
  if (after > events.length && !diedUntold) throw beyondTheEnd()
  const log = createRunLog(diedUntold ? after : 0)
  catchUp(log, events)
  return log
}

/** beyondTheEnd is the refusal to go on after an event that this run never had. */
export const beyondTheEnd = () =>
  problem.invalid([{ path: 'last-event-id', message: 'is beyond the last event of this run' }])

// While the relay shows a gap, the database is looked at this often for what fills it.
const GAP_MS = 200

/**
 * followStored makes the log of a run that lives in another process, or whose process is gone, for a reader who has seen
 * everything up to the place `after`. It is filled with what the relay brings, where there is one, and with what `read`
 * finds stored, until the run has ended or `stop` is called. The database is read at first, and again whenever nothing
 * has come for `everyMs`, or when something is missing: without the relay it is all there is.
 */
export function followStored(options: {
  after: number
  read: () => Promise<RunEvent[]>
  everyMs: number
  onError: (error: unknown) => void
  relay?: ((reader: RelayReader) => Following) | undefined
}): { log: RunLog; stop: () => void } {
  const log = createRunLog(options.after)
  let timer: NodeJS.Timeout | undefined
  let relayed: Following | undefined
  let stopped = false

  function lookIn(ms: number): void {
    clearTimeout(timer)
    if (!stopped && !log.ended) timer = setTimeout(() => void look(), ms)
  }

  async function look(): Promise<void> {
    try {
      const events = await options.read()
      if (stopped) return
      catchUp(log, events)
      // What comes after it may have been waiting behind a gap.
      relayed?.readOn()
    } catch (error) {
      options.onError(error)
    }
    lookIn(options.everyMs)
  }

  function take(entries: LogEntry[]): void {
    if (stopped || entries.length === 0) return
    for (const { seq, event } of entries) {
      if (log.ended) break
      if (seq > log.lastSeq + 1) return lookIn(GAP_MS)
      if (seq === log.lastSeq + 1) log.append(event)
    }
    lookIn(options.everyMs)
  }

  void look().then(() => {
    if (!stopped && !log.ended) relayed = options.relay?.({ after: () => log.lastSeq, take })
  })
  return {
    log,
    stop() {
      stopped = true
      clearTimeout(timer)
      relayed?.stop()
    },
  }
}

/**
 * catchUp appends what a log does not have yet. A process that died may have told more than it had stored: to who has
 * heard all that, only the end is new, and it takes the place after what they know.
 */
function catchUp(log: RunLog, events: RunEvent[]): void {
  for (const event of events.slice(log.lastSeq)) log.append(event)
  const last = events.at(-1)
  if (!log.ended && last && isTerminal(last)) log.append(last)
}
