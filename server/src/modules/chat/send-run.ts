import type { FastifyReply } from 'fastify'
import { openSse, type SseWriter } from '../../platform/sse/sse-writer.ts'
import { streamEvent } from './dto.ts'
import type { RunEvent } from './run-events.ts'
import type { RunFeed } from './run-feed.ts'
import type { LogEntry } from './run-log.ts'
import { wireEvent } from './wire-events.ts'

/** eventStream documents an answer that sendRun gives. */
export const eventStream = {
  description:
    'Server-sent events. Each is one `id` line (its place in the run, from 1) and one `data` line with the JSON below; ' +
    'comment lines keep the connection alive. Exactly one of `done` and `error` comes last. `X-Run-Id` names the run.',
  content: { 'text/event-stream': { schema: streamEvent } },
}

/** RunFormat is how a run is told on the wire: one entry of its log after the other. */
export type RunFormat = {
  headers?: Record<string, string>
  /** write tells one entry, and false when the reader is gone. */
  write(writer: SseWriter, entry: LogEntry): boolean
}

const nativeFormat: RunFormat = { write: (writer, { seq, event }) => writer.sendJson(seq, renderedOnce(event)) }

// The readers of a run are told of an event one right after the other, so what was rendered last serves them all.
let newest: { event: RunEvent; json: string } | undefined

function renderedOnce(event: RunEvent): string {
  if (newest?.event !== event) newest = { event, json: JSON.stringify(wireEvent(event)) }
  return newest.json
}

/**
 * sendRun streams a run to one reader until the run has ended or the reader is gone; neither touches the other. What
 * had happened before the reader came is sent at the reader's pace. What happens from then on is sent as it happens,
 * and a reader who falls too far behind with that is dropped by the stream.
 */
export async function sendRun(reply: FastifyReply, feed: RunFeed, format = nativeFormat): Promise<void> {
  const { log } = feed
  const writer = openSse(reply, {
    headers: { 'x-run-id': feed.runId, ...format.headers },
    onDrop: (reason) => reply.log.info({ run_id: feed.runId, reason }, 'a slow reader was dropped'),
  })
  writer.onClose(feed.release)

  let sent = feed.after
  for (const entry of log.read(sent)) {
    if (!format.write(writer, entry)) return
    sent = entry.seq
    await writer.drained()
  }

  function sendNew(): void {
    for (const entry of log.read(sent)) {
      if (!format.write(writer, entry)) return
      sent = entry.seq
    }
    if (log.ended) writer.end()
  }

  writer.onClose(log.subscribe(sendNew))
  sendNew()
}
