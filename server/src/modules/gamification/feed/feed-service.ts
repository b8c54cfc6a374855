import type { Store } from '../../../platform/db/database.ts'
import { problem } from '../../../platform/errors.ts'
import type { Log } from '../../../platform/logger.ts'
import type { OpenStreams } from '../../../platform/sse/open-streams.ts'
import { idSchema } from '../../../platform/text.ts'
import type { Actor } from '../../auth/index.ts'
import type { LinkService } from '../../business/index.ts'
import { type FeedPlace, readCursor, tagOf } from './feed-cursor.ts'
import { createFeedHub, type Feed } from './feed-hub.ts'
import { createFeedRepository } from './feed-repository.ts'

type FeedOptions = { store: Store; log: Log; links: Pick<LinkService, 'businessesOf'>; streams: OpenStreams }
type FeedRequest = { businessId: string | undefined; lastEventId: string | undefined }
type Standing = { businessId: string; sequence: number }

const KEY_OWNER = 'key:'
const ROUND_MS = 60_000

/** createFeedService makes the live feed of this process. */
export function createFeedService({ store, log, links, streams }: FeedOptions) {
  const repository = createFeedRepository(store.pool)
  const hub = createFeedHub({ repository, log })
  let isClosed = false
  let rounds: NodeJS.Timeout | undefined

  /** endLockedOut ends the feeds of people who were disabled or erased, and of keys that were revoked or have expired. */
  async function endLockedOut(): Promise<void> {
    const owners = [...hub.owners()]
    if (owners.length === 0) return
    const isKey = (owner: string) => owner.startsWith(KEY_OWNER)
    const keyIds = owners.filter(isKey).map((owner) => owner.slice(KEY_OWNER.length))
    const userIds = owners.filter((owner) => !isKey(owner))
    for (const id of await repository.lockedOut({ userIds, keyIds })) {
      hub.endOf(id)
      hub.endOf(`${KEY_OWNER}${id}`)
    }
  }

  // A token or a key is looked at when a feed is opened, and a feed may stay open for days.
  function goRounds(): void {
    rounds ??= setInterval(() => {
      endLockedOut().catch((error: unknown) =>
        log.warn({ err: error }, 'whose live feeds are open could not be checked'),
      )
    }, ROUND_MS).unref()
  }

  async function standingsOf(actor: Actor, named: string | undefined): Promise<Standing[]> {
    const isId = idSchema.safeParse(named).success
    if (actor.kind === 'user') {
      if (named !== undefined && !isId) throw problem.invalid([{ path: 'business_id', message: 'must be a UUID' }])
      const own = await repository.ownStandings(actor.userId, named)
      if (own.length > 0) return own
      throw named === undefined ? problem.notFound('no_business', 'Describe your business first.') : problem.notFound()
    }
    if (named === undefined)
      throw problem.invalid([{ path: 'business_id', message: 'is needed with an API key' }], 'business_needed')
    const id = isId ? named : (await links.businessesOf(actor.keyId, [named])).get(named)
    const found = id === undefined ? [] : await repository.anyStanding(id)
    if (found.length === 0) throw problem.notFound()
    return found
  }

  return {
    /**
     * openFeed opens the live feed of a person's businesses, or of the one named; API keys name one. It goes on after
     * `lastEventId`, or begins with what happens from now on. A business that the id does not know, because it is newer,
     * begins at its beginning. 422 for an id that is none, or of another feed. `release` the feed once.
     */
    async openFeed(actor: Actor, request: FeedRequest): Promise<Feed & { release: () => void }> {
      if (isClosed) throw problem.unavailable('draining', 'The server is shutting down.')
      const standings = await standingsOf(actor, request.businessId)
      const places = placesFrom(standings, request.lastEventId)
      const owner = ownerOf(actor)
      const free = await streams.reserve(owner)
      goRounds()
      const feed = hub.open(owner, places)
      return {
        ...feed,
        release() {
          feed.end()
          free()
        },
      }
    },

    endLockedOut,
    changed: hub.changed,
    lookAgain: hub.lookAgain,

    /** endFeedsOf ends the feeds of a person. */
    endFeedsOf: (userId: string): void => hub.endOf(userId),

    /** endFeedsOfKey ends the feeds of an API key. */
    endFeedsOfKey: (keyId: string): void => hub.endOf(`${KEY_OWNER}${keyId}`),

    /** close ends every feed; none is opened after it. */
    close(): void {
      isClosed = true
      clearInterval(rounds)
      hub.close()
    },
  }
}

// People as the chat counts them, so that streams of both kinds are counted together.
const ownerOf = (actor: Actor) => (actor.kind === 'user' ? actor.userId : `${KEY_OWNER}${actor.keyId}`)

function placesFrom(standings: Standing[], lastEventId: string | undefined): Map<string, FeedPlace> {
  const now = ({ sequence }: Standing): FeedPlace => ({ sequence: sequence + 1, position: 0 })
  if (lastEventId === undefined) return new Map(standings.map((standing) => [standing.businessId, now(standing)]))
  const cursor = readCursor(lastEventId)
  if (!cursor || !standings.some(({ businessId }) => cursor.has(tagOf(businessId))))
    throw problem.invalid([{ path: 'Last-Event-ID', message: 'is not an event of this feed' }])
  return new Map(
    standings.map((standing) => {
      const place = cursor.get(tagOf(standing.businessId)) ?? { sequence: 1, position: 0 }
      // Beyond the end it comes from before a backup was restored; what happens from now on is all there is to send.
      return [standing.businessId, place.sequence > standing.sequence ? now(standing) : place]
    }),
  )
}
