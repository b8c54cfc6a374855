import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { openSse } from '../../platform/sse/sse-writer.ts'
import type { Feed } from './feed/feed-hub.ts'

// Time for a burst to leave, such as a batch of a thousand events, to a reader who takes it as fast as it comes.
const BURST_MS = 50

/**
 * sendFeed streams a feed to one reader until either is over. The past is sent at the reader's pace; what happens from
 * then on is sent as it happens, and a reader who falls too far behind with that is dropped, and can go on later.
 */
export async function sendFeed(reply: FastifyReply, feed: Feed & { release: () => void }): Promise<void> {
  const writer = openSse(reply, {
    headers: { 'x-last-event-id': feed.startId },
    onDrop: (reason) => reply.log.info({ reason }, 'a slow reader of the live feed was dropped'),
  })
  writer.onClose(feed.release)
  let isBehind = false
  for await (const { events, isPast } of feed.pages()) {
    for (const { id, event } of events) {
      if (!writer.send(id, event)) return
      if (writer.hasRoom) isBehind = false
      else if (isPast) await writer.drained()
      else if (!isBehind) {
        await Promise.race([writer.drained(), pause(BURST_MS)])
        isBehind = !writer.hasRoom
      }
    }
  }
  writer.end()
}
