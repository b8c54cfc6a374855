import type { FastifyReply } from 'fastify'
import { openSse } from '../../platform/sse/sse-writer.ts'
import type { RunFeed } from './service.ts'
import { wireEvent } from './wire-events.ts'

/**
 * sendRun streams a run to one reader until the run has ended or the reader is gone; neither touches the other. What
 * had happened before the reader came is sent at the reader's pace. What happens from then on is sent as it happens,
 * and a reader who falls too far behind with that is dropped by the stream.
 */
export async function sendRun(reply: FastifyReply, feed: RunFeed): Promise<void> {
  const { log } = feed
  const writer = openSse(reply, {
    headers: { 'x-run-id': feed.runId },
    onDrop: (reason) => reply.log.info({ run_id: feed.runId, reason }, 'a slow reader was dropped'),
  })
  writer.onClose(feed.release)

  let sent = feed.after
  for (const { seq, event } of log.read(sent)) {
    if (!writer.send(seq, wireEvent(event))) return
    sent = seq
    await writer.drained()
  }

  function sendNew(): void {
    for (const { seq, event } of log.read(sent)) {
      if (!writer.send(seq, wireEvent(event))) return
      sent = seq
    }
    if (log.ended) writer.end()
  }

  writer.onClose(log.subscribe(sendNew))
  sendNew()
}
