import { z } from 'zod'
import { recordedEvent, type RunEvent } from './run-events.ts'

/**
 * RunRecord is a run's log as it is stored beside its answer: the length of every piece of text, in UTF-16 units, and
 * every other event as it is. With the answer's content it gives back the log exactly, so that a stream can be resumed
 * after any event for as long as the run is kept. `RunFinished` is left out: the stored rows say all it says.
 *
 * Example, with the content `You have 120 points.`: `[{"type":"RunStarted",…}, 4, 5, 11]`
 */
export const runRecord = z.array(z.union([z.int().positive(), recordedEvent]))

/** RunRecord is the stored form of a log. */
export type RunRecord = z.infer<typeof runRecord>

/** recordOf gives the entries of a record that events of a log become. */
export function recordOf(events: RunEvent[]): RunRecord {
  return events.flatMap((event): RunRecord => {
    if (event.type === 'AgentStream') return [event.delta.length]
    return event.type === 'RunFinished' ? [] : [event]
  })
}

/** eventsOf gives the events of a record back. The pieces of text always join to `content`, whatever the record says. */
export function eventsOf(record: RunRecord, content: string): RunEvent[] {
  const events: RunEvent[] = []
  let at = 0
  for (const entry of record) {
    if (typeof entry !== 'number') {
      events.push(entry)
    } else if (at < content.length) {
      events.push({ type: 'AgentStream', delta: content.slice(at, at + entry) })
      at += entry
    }
  }
  if (at < content.length) events.push({ type: 'AgentStream', delta: content.slice(at) })
  return events
}
