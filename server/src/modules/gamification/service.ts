import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Store, Transaction } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { decodeCursor, pageOf } from '../../platform/http/paging.ts'
import type { Log } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics/metrics.ts'
import type { OpenStreams } from '../../platform/sse/open-streams.ts'
import type { BusinessService, LinkService } from '../business/index.ts'
import { createAwardRepository } from './award-repository.ts'
import { createDefinitions } from './definitions.ts'
import type { BoardPlace } from './board/board.ts'
import { type LeaderboardEntry, leaderboardEntry, newsSchema } from './dto.ts'
import { createEventRecording } from './event-recording.ts'
import { createFeedService } from './feed/feed-service.ts'
import { createLeaderboard } from './leaderboard.ts'
import { createPointExplainer } from './point-explainer.ts'
import { type PastEvent, recordPastEvents } from './past-events.ts'
import { createReevaluation } from './reevaluation.ts'
import { createRepository } from './repository.ts'

const ledgerCursor = z.object({ sequence: z.int().min(0) })

type GamificationOptions = {
  store: Store
  clock: Clock
  log: Log
  business: BusinessService
  links: LinkService
  streams: OpenStreams
  metrics: Metrics
}

type LevelStanding = { id: string; name: string; icon: string | null; requiredPoints: number }

/** Standing is where a business stands: its points, its rungs, and its place on the board (null off the board). */
export type Standing = {
  totalPoints: number
  level: LevelStanding | null
  nextLevel: LevelStanding | null
  pointsToNextLevel: number | null
  rank: number | null
  /** Businesses on the board. */
  ranked: number
  /** Points missing to the total of the next better-placed business; null at the top. */
  pointsToNextRank: number | null
  /** Points ahead of the next worse-placed business; null at the bottom. */
  leadOverNextRank: number | null
}

/** GamificationService awards, judges and ranks. */
export type GamificationService = ReturnType<typeof createGamificationService>

/** createGamificationService makes the game layer over the store; `reevaluation` belongs to it and ends with `close`. */
export function createGamificationService({
  store,
  clock,
  log,
  business,
  links,
  streams,
  metrics,
}: GamificationOptions) {
  const awards = createAwardRepository(store)
  const repository = createRepository(store.db)
  const feeds = createFeedService({ store, log, links, streams })
  const leaderboard = createLeaderboard({ store, log, feeds })
  metrics.gauge({
    name: 'tangga_board_warm',
    help: '1 when ranks come from memory',
    read: () => (leaderboard.isWarm ? 1 : 0),
  })
  const reevaluation = createReevaluation({ repository: awards, log })
  const newsListeners: (() => void)[] = []
  const tellNews = () => newsListeners.forEach((listener) => listener())

  /** judgeEveryone brings everyone in line with edited definitions, and the board with that. */
  async function judgeEveryone(): Promise<void> {
    await reevaluation.catchUp()
    await leaderboard.catchUp()
    tellNews()
  }

  const definitions = createDefinitions({ db: store.db, catchUp: judgeEveryone })
  const recording = createEventRecording({ awards, leaderboard, links, onAwarded: tellNews, metrics, clock, log })

  const explainer = createPointExplainer({ db: store.db, repository, business })

  return {
    ...definitions,
    ...recording,
    ...explainer,

    /**
     * onNews adds a listener that is called when this process has put something into the outbox. It must not throw, and
     * whoever needs everything reads the outbox now and then as well: other processes write there too.
     */
    onNews: (listener: () => void) => void newsListeners.push(listener),

    /**
     * processGamification judges a business by its points: level upgrade and new achievements. Awards do this by
     * themselves, in the same transaction; it is for whoever changed points or definitions by another way. It answers
     * the titles that it unlocked, lowest first, and a second call answers none.
     */
    async processGamification(businessId: string): Promise<string[]> {
      const [judged] = await awards.judge(store.db, [businessId])
      if (!judged) throw problem.notFound()
      await leaderboard.catchUp()
      return judged.unlocked
    },

    /** checkAndUpdateLevel puts a business on the level of its total and answers it; null below the lowest level. */
    async checkAndUpdateLevel(businessId: string): Promise<{ id: string; name: string } | null> {
      const [judged] = await awards.judge(store.db, [businessId])
      if (!judged) throw problem.notFound()
      return judged.level_id === null ? null : { id: judged.level_id, name: judged.level_name ?? '' }
    },

    /** openStanding judges new businesses inside the transaction that makes them: the level at 0, achievements at 0. */
    async openStanding(tx: Transaction, ...businessIds: string[]): Promise<void> {
      await awards.judge(tx, businessIds)
    },

    /**
     * getLeaderboard answers the top businesses by total points, and last the asking person's own business with its
     * true rank where it is not among them: the one they name, else their first. Businesses under an alias are ranked
     * under a neutral name, except to their owner.
     */
    async getLeaderboard(options: {
      userId: string
      businessId?: string | undefined
      limit: number
    }): Promise<LeaderboardEntry[]> {
      return z.array(leaderboardEntry).parse(JSON.parse(await this.leaderboardJson(options)))
    },

    /** leaderboardJson is getLeaderboard, ready to be sent. */
    async leaderboardJson({
      userId,
      businessId,
      limit,
    }: {
      userId: string
      businessId?: string | undefined
      limit: number
    }): Promise<string> {
      if (businessId !== undefined) await business.businessFor(userId, businessId)
      return leaderboard.json({ userId, businessId, limit })
    },

    /** standingOf tells where a business stands; whoever calls has checked that it may. */
    async standingOf(businessId: string): Promise<Standing> {
      const place = await leaderboard.placeOf(businessId)
      if (!place) throw problem.notFound()
      return {
        totalPoints: place.totalPoints,
        level: levelStanding(place.level),
        nextLevel: levelStanding(place.nextLevel),
        pointsToNextLevel: place.nextLevel && place.nextLevel.required_points - place.totalPoints,
        rank: place.rank,
        ranked: place.ranked,
        pointsToNextRank: place.totalAbove === null ? null : place.totalAbove - place.totalPoints,
        leadOverNextRank: place.totalBelow === null ? null : place.totalPoints - place.totalBelow,
      }
    },

    /**
     * standingWith tells where a business would stand with so many more points (at least 0), if all others stayed where
     * they are; whoever calls has checked that it may. There is no lead, since nobody else has moved.
     */
    async standingWith(businessId: string, morePoints: number): Promise<Omit<Standing, 'leadOverNextRank'>> {
      const place = await leaderboard.placeWith(businessId, morePoints)
      if (!place) throw problem.notFound()
      return {
        totalPoints: place.totalPoints,
        level: levelStanding(place.level),
        nextLevel: levelStanding(place.nextLevel),
        pointsToNextLevel: place.nextLevel && place.nextLevel.required_points - place.totalPoints,
        rank: place.rank,
        ranked: place.ranked,
        pointsToNextRank: place.totalAbove === null ? null : place.totalAbove - place.totalPoints,
      }
    },

    /** achievementsOf lists every achievement with how far the business is; whoever calls has checked that it may. */
    async achievementsOf(businessId: string) {
      const rows = await repository.achievementsOf(businessId)
      return rows.map(({ totalPoints, ...row }) => ({
        ...row,
        isUnlocked: row.unlockedAt !== null,
        progress:
          row.unlockedAt !== null || row.requiredPoints === 0 ? 1 : Math.min(1, totalPoints / row.requiredPoints),
      }))
    },

    /** getAchievements is achievementsOf for an owner, in wire shape. */
    async getAchievements(userId: string, businessId: string | undefined) {
      const owned = await business.businessFor(userId, businessId)
      const rows = await this.achievementsOf(owned.id)
      return rows.map((row) => ({
        id: row.id,
        title: row.title,
        description: row.description,
        required_points: row.requiredPoints,
        badge_icon: row.badgeIcon,
        created_at: row.createdAt.toISOString(),
        is_unlocked: row.isUnlocked,
        unlocked_at: row.unlockedAt?.toISOString() ?? null,
        progress: Math.round(row.progress * 10_000) / 10_000,
      }))
    },

    /** recentPoints are the newest ledger entries of a business; whoever calls has checked that it may. */
    recentPoints: (businessId: string, limit: number) => repository.ledgerOf(businessId, { limit }),

    /** getPoints pages through the ledger of an owner's business, newest first. */
    async getPoints(
      userId: string,
      { businessId, limit, cursor }: { businessId?: string | undefined; limit: number; cursor?: string | undefined },
    ) {
      const owned = await business.businessFor(userId, businessId)
      const before = decodeCursor(ledgerCursor, cursor)?.sequence
      const rows = await repository.ledgerOf(owned.id, { before, limit: limit + 1 })
      const { items, next } = pageOf(rows, limit, (row) => ({ sequence: row.sequence }))
      return {
        next,
        items: items.map((row) => ({
          id: row.id,
          event_id: row.eventId,
          type: row.type,
          points: row.points,
          total_after: row.totalAfter,
          reason: row.reason,
          occurred_at: row.occurredAt.toISOString(),
          created_at: row.createdAt.toISOString(),
          rule_version: row.ruleVersion,
        })),
      }
    },

    /** earnableRules are what an owner can record right now. */
    earnableRules: () => repository.earnableRules(),

    /** newsOf tells what an event that was just recorded brought, in order; whoever calls has checked that it may. */
    async newsOf(businessId: string, eventId: string) {
      const rows = await repository.newsOf(businessId, eventId)
      return z.array(newsSchema).parse(rows.map(({ kind, payload }) => ({ kind, data: payload })))
    },

    /** recordPastEvents gives new businesses a history from before this installation; see past-events.ts. */
    recordPastEvents: (tx: Transaction, events: PastEvent[]) => recordPastEvents(tx, awards, events),

    /** erase drops what an owner wrote into events, inside the erasure's transaction; what counts stays. */
    async erase(tx: Transaction, userId: string): Promise<void> {
      await repository.forgetWords(tx, await business.lockAll(tx, userId))
    },

    /** boardChanged is for whoever changed what the board shows of a business: its name, its owner, its visibility. */
    boardChanged: leaderboard.catchUp,

    openFeed: feeds.openFeed,
    endFeedsOf: feeds.endFeedsOf,
    endFeedsOfKey: feeds.endFeedsOfKey,
    /** endLockedOut is done once a minute; see feed-service.ts. */
    endLockedOut: feeds.endLockedOut,

    /** drain ends the live feeds; none is opened after it. */
    drain: feeds.close,

    /** start makes good any judging that an earlier process did not finish, and begins to warm up the board. */
    async start(): Promise<{ warm: Promise<void> }> {
      await reevaluation.catchUp()
      return leaderboard.start()
    },

    /** close ends the background work of this process. */
    async close(): Promise<void> {
      reevaluation.close()
      await leaderboard.close()
    },
  }
}

function levelStanding(level: BoardPlace['level']): LevelStanding | null {
  return level && { id: level.id, name: level.name, icon: level.icon, requiredPoints: level.required_points }
}
