import { setTimeout as pause } from 'node:timers/promises'
import { createGatheringQueue } from '../../../platform/gathering-queue.ts'
import type { Log } from '../../../platform/logger.ts'
import { type FeedPlace, writeCursor } from './feed-cursor.ts'
import { FEED_PAGE, type FeedEntry, type FeedRead, type FeedRepository } from './feed-repository.ts'

/** FeedEvent is one event of a feed: its id, from which a reader goes on, and what is sent. */
export type FeedEvent = { id: string; event: { type: FeedEntry['kind']; data: Record<string, unknown> } }

/** FeedPage is some events, in order per business; `isPast` until the reader has caught up with the present once. */
export type FeedPage = { events: FeedEvent[]; isPast: boolean }

/** Feed is one reader of the outbox of some businesses. */
export type Feed = {
  /** The id to go on from for who has seen nothing of this feed yet. */
  startId: string
  /** pages yields what has not been seen, as it comes, until the feed ends. */
  pages(): AsyncGenerator<FeedPage, void>
  /** end ends the feed. */
  end(): void
}

/** NewsChange says that a business's outbox has come to this sequence. */
export type NewsChange = readonly [businessId: string, sequence: number | null]

type Reader = { wake(businessId: string, sequence: number): void; wakeAll(): void; end(): void }

const RETRY_MS = 500

/**
 * FeedHub serves the open feeds of this process. Readers sleep until somebody says that one of their businesses changed,
 * and reads that fall together share a round trip: open feeds of businesses where nothing happens cost nothing.
 */
export type FeedHub = ReturnType<typeof createFeedHub>

/** createFeedHub makes the hub over the outbox. */
export function createFeedHub({ repository, log }: { repository: Pick<FeedRepository, 'entries'>; log: Log }) {
  const readersOf = new Map<string, Set<Reader>>()
  const readers = new Map<Reader, string>()
  const reads = createGatheringQueue<FeedRead, FeedEntry[]>({
    send: (asked) => repository.entries(asked),
    batchSize: 100,
    lanes: 2,
    capacity: 100_000,
  })
  let isClosed = false

  /** open makes a feed of businesses, each from a place on; `owner` is whose it is. */
  function open(owner: string, places: Map<string, FeedPlace>): Feed {
    const unread = new Set(places.keys())
    let ended = isClosed
    let wakeUp = Promise.withResolvers<void>()

    const reader: Reader = {
      wake(businessId, sequence) {
        if ((places.get(businessId)?.sequence ?? Infinity) > sequence) return
        unread.add(businessId)
        wakeUp.resolve()
      },
      wakeAll() {
        for (const businessId of places.keys()) unread.add(businessId)
        wakeUp.resolve()
      },
      end() {
        ended = true
        readers.delete(reader)
        for (const businessId of places.keys()) {
          const others = readersOf.get(businessId)
          others?.delete(reader)
          if (others?.size === 0) readersOf.delete(businessId)
        }
        wakeUp.resolve()
      },
    }
    if (!ended) {
      readers.set(reader, owner)
      for (const businessId of places.keys()) {
        const others = readersOf.get(businessId) ?? new Set()
        readersOf.set(businessId, others.add(reader))
      }
    }

    /** advance notes what is about to be sent and gives each entry its id. */
    function advance(entries: FeedEntry[], asked: string[]): FeedEvent[] {
      const counts = new Map<string, number>()
      const events = entries.map((entry): FeedEvent => {
        counts.set(entry.business_id, (counts.get(entry.business_id) ?? 0) + 1)
        places.set(entry.business_id, { sequence: entry.sequence, position: entry.position + 1 })
        return { id: writeCursor(places), event: { type: entry.kind, data: entry.payload } }
      })
      for (const businessId of asked) {
        const count = counts.get(businessId) ?? 0
        if (count === FEED_PAGE) unread.add(businessId)
        // A sequence is written as a whole, so whoever has read to its end waits for the next one.
        const place = places.get(businessId)
        if (count > 0 && count < FEED_PAGE && place)
          places.set(businessId, { sequence: place.sequence + 1, position: 0 })
      }
      return events
    }

    async function* pages(): AsyncGenerator<FeedPage, void> {
      let isPast = true
      while (!ended) {
        if (unread.size === 0) {
          isPast = false
          await wakeUp.promise
          wakeUp = Promise.withResolvers()
          continue
        }
        const asked = [...unread]
        unread.clear()
        try {
          const entries = await reads.add(asked.map((id) => [id, places.get(id) ?? { sequence: 1, position: 0 }]))
          if (ended) return
          if (entries.length > 0) yield { events: advance(entries, asked), isPast }
        } catch (error) {
          log.warn({ err: error }, 'a live feed could not be read; trying again')
          for (const businessId of asked) unread.add(businessId)
          await Promise.race([pause(RETRY_MS, undefined, { ref: false }), wakeUp.promise])
        }
      }
    }

    return { startId: writeCursor(places), pages, end: reader.end }
  }

  return {
    open,

    /** changed wakes the readers of businesses whose outbox has grown. */
    changed(changes: Iterable<NewsChange>): void {
      if (readers.size === 0) return
      for (const [businessId, sequence] of changes)
        if (sequence !== null) for (const reader of readersOf.get(businessId) ?? []) reader.wake(businessId, sequence)
    },

    /** lookAgain wakes every reader; for when changes may have gone unheard. */
    lookAgain(): void {
      for (const reader of readers.keys()) reader.wakeAll()
    },

    /** owners are those who have a feed open. */
    owners: (): Set<string> => new Set(readers.values()),

    /** endOf ends the feeds of one owner. */
    endOf(owner: string): void {
      for (const [reader, whose] of readers) if (whose === owner) reader.end()
    },

    /** close ends every feed, those still to be opened included. */
    close(): void {
      isClosed = true
      for (const reader of readers.keys()) reader.end()
    },
  }
}
