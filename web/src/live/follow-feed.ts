import { isKnownEvent, readEventStream, type KnownEvent } from '@tangga/client'
import { Problem } from '../api/problem.ts'

/** FeedEvent is something that a business has just earned. */
export type FeedEvent = Extract<KnownEvent, { type: 'points' | 'level_up' | 'achievement' }>

type FollowParts = {
  /** Opens the live feed after an event, or from now on. */
  open: (after: string | undefined) => Promise<Response>
  /** Where to go on; kept by the caller, so that a tab that was hidden goes on where it was. */
  place: { lastId: string | undefined }
  onEvent: (event: FeedEvent) => void
  /** Called where events may have been missed for good, so that everything is read again. */
  onGap: () => void
  wait: (ms: number) => Promise<void>
  signal: AbortSignal
}

const pausesMs = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000]

/**
 * followFeed hands over every event of the live feed until the signal ends it, through lost connections: the feed is opened
 * again where it broke off, after ever longer pauses while that fails. It ends by itself where the server refuses it.
 */
export async function followFeed({ open, place, onEvent, onGap, wait, signal }: FollowParts): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const response = await open(place.lastId)
      place.lastId ??= response.headers.get('x-last-event-id') ?? undefined
      for await (const event of readEventStream(response)) {
        failures = 0
        if (signal.aborted) return
        if (isFeedEvent(event)) onEvent(event)
        place.lastId = event.id ?? place.lastId
      }
    } catch (error) {
      const status = error instanceof Problem ? error.status : 0
      // The place is of another feed: from now on is all there is.
      if (status === 422 && place.lastId !== undefined) {
        place.lastId = undefined
        onGap()
      } else if (status >= 400 && status < 500 && status !== 429) return
    }
    if (!signal.aborted) await wait(pausesMs[Math.min(failures++, pausesMs.length - 1)] ?? 0)
  }
}

function isFeedEvent(event: Parameters<typeof isKnownEvent>[0]): event is FeedEvent {
  return isKnownEvent(event) && (event.type === 'points' || event.type === 'level_up' || event.type === 'achievement')
}
