import { createAgent, createOfflineModel, runContext } from '../modules/agent/index.ts'
import type { User } from '../modules/auth/index.ts'
import { type Business, businessLevels } from '../modules/business/index.ts'
import { insertPastConversation, type PastTurn } from '../modules/chat/index.ts'
import type { GamificationService, PastAward } from '../modules/gamification/index.ts'
import type { Transaction } from '../platform/db/database.ts'
import { newId } from '../platform/ids.ts'
import type { Log } from '../platform/logger.ts'
import { startOfDay } from './activity.ts'

type Talk = { daysAgo: number; hour: number; messages: [string, ...string[]] }

const TALKS: Talk[] = [
  { daysAgo: 62, hour: 9, messages: ['Hello! What can you do?', 'How do I earn points?'] },
  {
    daysAgo: 40,
    hour: 20,
    messages: [
      'Remember that we are closed on Mondays',
      'Remember that our best seller is the palm sugar latte',
      'What do you remember?',
    ],
  },
  { daysAgo: 21, hour: 8, messages: ['Berapa poin saya?', 'Apa yang harus saya lakukan selanjutnya?'] },
  { daysAgo: 9, hour: 19, messages: ['What is my rank?', 'Which achievement is next?'] },
  { daysAgo: 1, hour: 21, messages: ['How am I doing?', 'What should I do next?', 'Thanks!'] },
]

const MINUTE_MS = 60_000
const TOOK_MS = 1_400

/** Owner is whose conversations are held. */
export type Owner = { user: User; business: Business; utcOffsetHours: number }

/** PastBoard is what is needed to tell where everybody stood at a time; awards come oldest first. */
export type PastBoard = { businesses: Business[]; awards: PastAward[] }

/**
 * holdConversations lets the owner talk to the offline advisor on earlier days. The advisor is the real one and reads where
 * the business stood at that time, so that what it said agrees with the ledger.
 */
export async function holdConversations(
  tx: Transaction,
  options: { owner: Owner; board: PastBoard; gamification: GamificationService; now: Date; log: Log },
): Promise<void> {
  const { owner, board, gamification, now, log } = options
  const { user, business } = owner
  let moment = now
  const { engine, facts } = createAgent({
    store: { db: tx },
    settings: { llmBaseUrl: undefined, llmApiKey: undefined, llmModelName: undefined },
    model: { name: 'offline', model: createOfflineModel({ pieceMs: 0 }), secrets: [] },
    clock: { now: () => moment },
    log,
    business: { businessFor: async () => business },
    gamification: await pastStandings(tx, { board, gamification, moment: () => moment }),
  })
  const dayStart = startOfDay({ now, utcOffsetHours: owner.utcOffsetHours })

  for (const talk of TALKS) {
    const begins = dayStart(talk.daysAgo).getTime() + talk.hour * 60 * MINUTE_MS
    const turnAt = async (message: string, index: number): Promise<PastTurn> => {
      moment = new Date(begins + index * 2 * MINUTE_MS)
      const context = runContext({ runId: newId(), user, business })
      const input = { context, facts: await facts.list(business.id), history: [], message }
      const events = await Array.fromAsync(engine.run(input, new AbortController().signal))
      return { runId: context.runId, at: moment, tookMs: TOOK_MS, message, events }
    }
    const [first, ...others] = talk.messages
    const turns: [PastTurn, ...PastTurn[]] = [await turnAt(first, 0)]
    for (const message of others) turns.push(await turnAt(message, turns.length))
    await insertPastConversation(tx, { userId: user.id, businessId: business.id, turns })
  }
}

/** pastStandings answers what the advisor's tools ask, as it stood at `moment`. */
async function pastStandings(
  tx: Transaction,
  options: { board: PastBoard; gamification: GamificationService; moment: () => Date },
) {
  const { board, gamification, moment } = options
  const levels = (await tx.select().from(businessLevels)).toSorted((a, b) => a.requiredPoints - b.requiredPoints)
  const { items: achievements } = await gamification.listAchievements({ limit: 200 })
  const awardsOf = (businessId: string) =>
    board.awards.filter(({ at, receipt }) => receipt.business_id === businessId && at <= moment())
  const totalOf = (businessId: string) => awardsOf(businessId).at(-1)?.receipt.total_points ?? 0
  const highestOf = (businessId: string) =>
    Math.max(0, ...awardsOf(businessId).map(({ receipt }) => receipt.total_points))

  const standingWith = async (businessId: string, morePoints: number) => {
    const total = totalOf(businessId) + morePoints
    const ranked = board.businesses.filter(
      (business) => business.boardVisibility !== 'hidden' && business.createdAt <= moment(),
    )
    const others = ranked.filter((business) => business.id !== businessId).map((business) => totalOf(business.id))
    const above = others.filter((points) => points > total)
    const below = others.filter((points) => points < total)
    const nextLevel = levels.find((level) => level.requiredPoints > total) ?? null
    return {
      totalPoints: total,
      level: levels.findLast((level) => level.requiredPoints <= total) ?? null,
      nextLevel,
      pointsToNextLevel: nextLevel && nextLevel.requiredPoints - total,
      rank: above.length + 1,
      ranked: ranked.length,
      pointsToNextRank: above.length > 0 ? Math.min(...above) - total : null,
      leadOverNextRank: below.length > 0 ? total - Math.max(...below) : null,
    }
  }

  return {
    standingOf: (businessId: string) => standingWith(businessId, 0),
    standingWith,
    recentPoints: async (businessId: string, limit: number) =>
      awardsOf(businessId)
        .toReversed()
        .slice(0, limit)
        .map(({ at, receipt }) => ({
          type: receipt.type,
          points: receipt.points_awarded,
          totalAfter: receipt.total_points,
          reason: receipt.reason ?? null,
          createdAt: at,
        })),
    async achievementsOf(businessId: string) {
      const highest = highestOf(businessId)
      const total = totalOf(businessId)
      return achievements.map((achievement) => {
        const isUnlocked = achievement.required_points <= highest
        return {
          title: achievement.title,
          description: achievement.description,
          requiredPoints: achievement.required_points,
          isUnlocked,
          unlockedAt: null,
          progress: isUnlocked ? 1 : total / achievement.required_points,
        }
      })
    },
    earnableRules: () => gamification.earnableRules(),
  }
}
