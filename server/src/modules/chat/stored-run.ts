import { problem } from '../../platform/errors.ts'
import { failureMessage } from './failure-messages.ts'
import type { ChatMessage, ChatRun } from './repository.ts'
import { isTerminal, type RunEvent } from './run-events.ts'
import { createRunLog, type RunLog } from './run-log.ts'
import { eventsOf, runRecord } from './run-record.ts'

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

/**
 * followStored makes the log of a run that lives in another process, or whose process is gone, for a reader who has seen
 * everything up to the place `after`. It is filled with what `read` finds stored, again and again until the run has
 * ended or `stop` is called.
 */
export function followStored(options: {
  after: number
  read: () => Promise<RunEvent[]>
  everyMs: number
  onError: (error: unknown) => void
}): { log: RunLog; stop: () => void } {
  const log = createRunLog(options.after)
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function look(): Promise<void> {
    try {
      catchUp(log, await options.read())
    } catch (error) {
      options.onError(error)
    }
    if (!stopped && !log.ended) timer = setTimeout(() => void look(), options.everyMs)
  }

  void look()
  return {
    log,
    stop() {
      stopped = true
      clearTimeout(timer)
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
