import type { LeaderboardEntry } from '../dto.ts'
import { aliasFor } from '../alias.ts'
import type { BoardFeed, BoardLevel, BoardNews } from './board-feed.ts'
import { type BoardAward, BoardTable } from './board-table.ts'

const STATES_AT_ONCE = 2_000
const FIRST_TRANSACTION = 3
// Every commit writes down all before it, so these are at most what some connections began and did not end.
const UNWRITTEN_TRANSACTIONS = 10_000

/** BoardPlace is where a business stands. */
export type BoardPlace = {
  totalPoints: number
  level: BoardLevel | null
  nextLevel: BoardLevel | null
  /** Null off the board. */
  rank: number | null
  ranked: number
  totalAbove: number | null
  totalBelow: number | null
}

/** HypotheticalPlace is where a business would stand with more points. */
export type HypotheticalPlace = Omit<BoardPlace, 'totalBelow'>

type BoardQuery = { userId: string; businessId: string | undefined; limit: number }

type Top = { version: number; levelsVersion: number; slots: number[]; owners: Set<string | null>; json: string }

/**
 * Board answers every question about ranks from memory: the top list, the own rank, the gaps beside it. It is derived
 * state. `warmUp` reads everything once, and `follow` reads what changed since, here or in another instance; awards of
 * this process are applied at once. Whoever asks before it is warm reads the database instead.
 */
export type Board = ReturnType<typeof createBoard>

/** createBoard makes an empty board over the feed; `onNews` hears which businesses changed, more than once at times. */
export function createBoard(feed: BoardFeed, onNews: (changed: BoardNews['changed']) => void = () => {}) {
  let table = new BoardTable()
  const tops = new Map<number, Top>()
  let levels: BoardLevel[] = []
  let levelsVersion = 0
  let revision = -1
  let deleted = new Set<string>()
  let since: string | undefined
  // Transactions from `since` on of which everything is here: a board need not read what its own process awarded.
  const own = new Set<string>()
  let isWarm = false
  let reading: Promise<void> = Promise.resolve()

  async function refresh(ids: string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += STATES_AT_ONCE)
      for (const business of await feed.businesses(ids.slice(from, from + STATES_AT_ONCE))) table.put(business)
  }

  async function readDefinitions(): Promise<void> {
    levels = await feed.levels()
    levelsVersion++
    const gone = await feed.deletedAchievements()
    const fresh = gone.filter((id) => !deleted.has(id))
    deleted = new Set(gone)
    if (isWarm && fresh.length > 0) await refresh(await feed.holdersOf(fresh))
  }

  async function readNews(): Promise<void> {
    if (since === undefined) return
    const news = await feed.news(since, [...own])
    onNews(news.changed)
    if (news.revision !== revision) {
      await readDefinitions()
      revision = news.revision
    }
    const unknown = news.changed.filter(([id, sequence]) => sequence === null || !table.knows(id, sequence))
    await refresh([...new Set(unknown.map(([id]) => id))])
    since = news.until
    for (const id of own) if (Number(id) < Number(since)) own.delete(id)
  }

  // Reads never overlap, so that an older state is never put over a newer one.
  function inTurn(read: () => Promise<void>): Promise<void> {
    const turn = reading.then(read)
    reading = turn.catch(() => {})
    return turn
  }

  const levelAt = (total: number) => levels.findLast((level) => level.required_points <= total) ?? null

  function entry(slot: number, userId: string | null): LeaderboardEntry {
    const business = table.read(slot)
    const isOwn = userId !== null && business.userId === userId
    const isVeiled = business.isAlias && !isOwn
    return {
      rank: table.rankOf(slot) ?? 0,
      business_id: business.businessId,
      business_name: isVeiled ? aliasFor(business.businessId) : business.businessName,
      total_points: business.totalPoints,
      level_name: levelAt(business.totalPoints)?.name ?? null,
      achievements_count: business.achievementsCount,
      user_id: isVeiled ? null : business.userId,
      user_name: isVeiled ? null : business.userName,
      is_current_user: isOwn,
    }
  }

  // The top as a stranger sees it, made once for everybody until it changes.
  function topFor(limit: number): Top {
    const known = tops.get(limit)
    if (known?.version === table.topVersion && known.levelsVersion === levelsVersion) return known
    const slots = table.first(limit)
    const top = {
      version: table.topVersion,
      levelsVersion,
      slots,
      owners: new Set(slots.map((slot) => table.read(slot).userId)),
      json: slots.map((slot) => JSON.stringify(entry(slot, null))).join(','),
    }
    tops.set(limit, top)
    return top
  }

  return {
    /** isWarm tells whether the board answers; until then the database does. */
    get isWarm(): boolean {
      return isWarm
    },

    /**
     * warmUp reads every business. What changes meanwhile is read after it, so that nothing falls in between. Then it drops
     * notes of changes that nobody can still be waiting for.
     */
    warmUp: () =>
      inTurn(async () => {
        const { bound, businesses } = await feed.beginning()
        since = bound
        own.clear()
        // An earlier attempt may have ended in the middle.
        table = new BoardTable()
        table.reserve(businesses)
        await feed.everything((row) => table.load(row))
        table.settle()
        await readNews()
        isWarm = true
        await feed.forget()
      }),

    /**
     * rewind lets the next read of news begin earlier. A database that was killed may give out once more the numbers of
     * transactions that it had not yet written down, which are lower than what was read of it before.
     */
    rewind: () =>
      inTurn(async () => {
        own.clear()
        if (since !== undefined) since = String(Math.max(FIRST_TRANSACTION, Number(since) - UNWRITTEN_TRANSACTIONS))
      }),

    /** follow reads what changed since the last time, in this process or another. */
    follow: () => inTurn(readNews),

    /** refresh reads the present state of these businesses. */
    refresh: (ids: string[]) => inTurn(() => refresh(ids)),

    /**
     * applied takes over awards of this process that have committed, and answers the businesses of which something in
     * between was missed.
     */
    applied(awards: BoardAward[]): string[] {
      if (!isWarm) return []
      const missed = awards.filter((award) => !table.award(award))
      for (const { transactionId } of awards) if (transactionId !== undefined) own.add(transactionId)
      for (const { transactionId } of missed) if (transactionId !== undefined) own.delete(transactionId)
      return missed.map((award) => award.businessId)
    },

    /** topJson is the top of the board, ready to be sent. */
    topJson: (limit: number): string => `[${topFor(limit).json}]`,

    /**
     * leaderboardJson is the top of the board and, where it is not among them, one business of the asking person with
     * its true rank: the one named, which the caller has checked, or their first. It is ready to be sent; null where no
     * such business is known.
     */
    leaderboardJson({ userId, businessId, limit }: BoardQuery): string | null {
      const asking = businessId === undefined ? table.firstOf(userId) : table.find(businessId)
      if (asking === -1) return null
      const top = topFor(limit)
      const listed = top.owners.has(userId)
        ? top.slots.map((slot) => JSON.stringify(entry(slot, userId))).join(',')
        : top.json
      if (top.slots.includes(asking) || !table.isOnBoard(asking)) return `[${listed}]`
      return `[${listed}${listed && ','}${JSON.stringify(entry(asking, userId))}]`
    },

    /** firstBusinessOf is a person's first business, or null where none is known. */
    firstBusinessOf(userId: string): string | null {
      const slot = table.firstOf(userId)
      return slot === -1 ? null : table.idOf(slot)
    },

    /** ranksOf are the ranks of businesses, null off the board; undefined for one that is not known. */
    rankOf(businessId: string): number | null | undefined {
      const slot = table.find(businessId)
      return slot === -1 ? undefined : table.rankOf(slot)
    },

    /** placeOf is where a business stands, or undefined when it is not known. */
    placeOf(businessId: string): BoardPlace | undefined {
      const slot = table.find(businessId)
      if (slot === -1) return undefined
      const { totalPoints } = table.read(slot)
      return {
        totalPoints,
        level: levelAt(totalPoints),
        nextLevel: levels.find((level) => level.required_points > totalPoints) ?? null,
        rank: table.rankOf(slot),
        ranked: table.ranked,
        totalAbove: table.totalAbove(slot),
        totalBelow: table.totalBelow(slot),
      }
    },

    /** placeWith is where a business would stand with so many more points, if all others stayed where they are. */
    placeWith(businessId: string, morePoints: number): HypotheticalPlace | undefined {
      const slot = table.find(businessId)
      if (slot === -1) return undefined
      const totalPoints = table.read(slot).totalPoints + morePoints
      return {
        totalPoints,
        level: levelAt(totalPoints),
        nextLevel: levels.find((level) => level.required_points > totalPoints) ?? null,
        rank: table.rankWith(slot, totalPoints),
        ranked: table.ranked,
        totalAbove: table.totalAboveWith(slot, totalPoints),
      }
    },
  }
}
