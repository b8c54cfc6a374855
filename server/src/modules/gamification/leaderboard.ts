import type { Store } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import { aliasFor } from './alias.ts'
import type { AwardOutcome } from './award-repository.ts'
import { createBoard, type BoardPlace, type HypotheticalPlace } from './board/board.ts'
import { createBoardFeed } from './board/board-feed.ts'
import { createBoardFollower } from './board/board-follower.ts'
import type { BoardAward } from './board/board-table.ts'
import type { LeaderboardEntry } from './dto.ts'
import type { FeedHub } from './feed/feed-hub.ts'
import { type BoardRow, createRanking } from './ranking.ts'

type LeaderboardQuery = { userId: string; businessId: string | undefined; limit: number }

/**
 * Leaderboard is the one source of every rank: from memory once the board is warm, and from the database until then. The
 * two follow the same rules, and each answer comes from one of them alone.
 */
export type Leaderboard = ReturnType<typeof createLeaderboard>

/** FeedSignals wake whoever follows businesses live; the leaderboard is where news of all instances come together. */
export type FeedSignals = Pick<FeedHub, 'changed' | 'lookAgain'>

/** createLeaderboard makes the leaderboard of this process; `start` begins to warm it up. */
export function createLeaderboard({ store, log, feeds }: { store: Store; log: Log; feeds: FeedSignals }) {
  const ranking = createRanking(store.pool)
  const board = createBoard(createBoardFeed(store.pool), feeds.changed)
  const follower = createBoardFollower({ board, pool: store.pool, log })
  let isInDoubt = false

  /** settleDoubt reads the news where there may be some that were not heard. */
  async function settleDoubt(): Promise<void> {
    isInDoubt = false
    await board.follow().catch((error: unknown) => {
      isInDoubt = true
      throw error
    })
  }

  /** catchUp takes over what has committed, in this process or another, and tells the others to do the same. */
  async function catchUp(): Promise<void> {
    if (board.isWarm) await board.follow()
    follower.changed()
  }

  async function takeOver(outcomes: AwardOutcome[]): Promise<void> {
    // What is repeated was awarded by somebody else, or by an award whose answer was lost: perhaps not heard of here yet.
    if (outcomes.some(({ outcome }) => outcome === 'replayed')) isInDoubt = true
    const awards: BoardAward[] = []
    for (const outcome of outcomes) {
      if (outcome.outcome !== 'awarded' || !outcome.change) continue
      const { receipt, change } = outcome
      awards.push({
        businessId: receipt.business_id,
        totalPoints: receipt.total_points,
        unlocked: receipt.unlocked.length,
        ...change,
      })
    }
    if (awards.length === 0) return
    feeds.changed(awards.map((award) => [award.businessId, award.sequence]))
    const missed = board.applied(awards)
    // What the board cannot read now, it reads with its next news.
    if (missed.length > 0)
      await board
        .refresh(missed)
        .catch((error: unknown) => log.warn({ err: error }, 'the board could not read what it had missed'))
    follower.changed()
  }

  return {
    /** isWarm tells whether ranks come from memory yet. */
    get isWarm() {
      return board.isWarm
    },

    catchUp,

    /** awarded takes over awards of this process that have committed. It never fails, since these must not be tried again. */
    async awarded(outcomes: AwardOutcome[]): Promise<void> {
      try {
        await takeOver(outcomes)
      } catch (error) {
        // Whatever was missed is read with the news.
        isInDoubt = true
        log.error({ err: error }, 'the board could not take over what was awarded')
      }
    },

    /** json is the leaderboard, ready to be sent: the top, and last the own business where it is not among it. */
    async json(query: LeaderboardQuery): Promise<string> {
      if (!board.isWarm) {
        const rows = await ranking.board(query)
        return JSON.stringify(rows.map((row) => boardEntry(row, query.userId)))
      }
      if (isInDoubt) await settleDoubt()
      const known = board.leaderboardJson(query)
      if (known !== null) return known
      // Somebody new here may have made their business at another instance, just now.
      await board.follow()
      return board.leaderboardJson(query) ?? board.topJson(query.limit)
    },

    /** firstBusinessOf is a person's first business as far as memory knows, or null. */
    firstBusinessOf: (userId: string): string | null => (board.isWarm ? board.firstBusinessOf(userId) : null),

    /** rankOf is a business's rank, null off the board. */
    async rankOf(businessId: string): Promise<number | null> {
      if (!board.isWarm) return (await ranking.ranksOf([businessId])).get(businessId) ?? null
      if (isInDoubt) await settleDoubt()
      const rank = board.rankOf(businessId)
      if (rank !== undefined) return rank
      await board.follow()
      return board.rankOf(businessId) ?? null
    },

    /** ranksOf are the ranks of businesses, null off the board. */
    async ranksOf(businessIds: Iterable<string>): Promise<Map<string, number | null>> {
      const ids = [...new Set(businessIds)]
      if (!board.isWarm) return ids.length === 0 ? new Map() : ranking.ranksOf(ids)
      if (isInDoubt) await settleDoubt()
      let ranks = ids.map((id) => board.rankOf(id))
      if (ranks.includes(undefined)) {
        await board.follow()
        ranks = ids.map((id) => board.rankOf(id))
      }
      return new Map(ids.map((id, nth) => [id, ranks[nth] ?? null]))
    },

    /** placeOf is where a business stands, or undefined when there is no such business. */
    async placeOf(businessId: string): Promise<BoardPlace | undefined> {
      if (!board.isWarm) return ranking.placeOf(businessId)
      if (isInDoubt) await settleDoubt()
      if (board.placeOf(businessId) === undefined) await board.follow()
      return board.placeOf(businessId)
    },

    /** placeWith is where a business would stand with so many more points, or undefined when there is none such. */
    async placeWith(businessId: string, morePoints: number): Promise<HypotheticalPlace | undefined> {
      if (!board.isWarm) return ranking.placeWith(businessId, morePoints)
      if (isInDoubt) await settleDoubt()
      if (board.placeOf(businessId) === undefined) await board.follow()
      return board.placeWith(businessId, morePoints)
    },

    /** start warms the board up in the background; `warm` resolves when it answers from memory. */
    start() {
      const { warm } = follower.start()
      // Until then, nothing was heard of other instances.
      return { warm: warm.then(feeds.lookAgain) }
    },
    close: follower.close,
  }
}

function boardEntry(row: BoardRow, userId: string): LeaderboardEntry {
  const isOwn = row.user_id === userId
  const isVeiled = row.board_visibility === 'alias' && !isOwn
  return {
    rank: row.rank,
    business_id: row.business_id,
    business_name: isVeiled ? aliasFor(row.business_id) : row.business_name,
    total_points: row.total_points,
    level_name: row.level_name,
    achievements_count: row.achievements_count,
    user_id: isVeiled ? null : row.user_id,
    user_name: isVeiled ? null : row.user_name,
    is_current_user: isOwn,
  }
}
