import { and, between, desc, eq, gt, isNotNull, sql, type SQL } from 'drizzle-orm'
import type { Executor } from '../../../platform/db/database.ts'
import { users } from '../../auth/index.ts'
import { chatRuns, chatSessions, chatUsageDays } from '../schema.ts'

/** Period is whole days, both ends included. */
export type Period = { from: string; to: string }

/** UsageRow is what was used in one currency, under one heading. */
export type UsageRow = {
  runs: number
  estimatedRuns: number
  inputTokens: number
  outputTokens: number
  currency: string
  cost: string
}

const LONGEST_LIST = 50
const days = chatUsageDays
const whole = (value: SQL) => sql<number>`${value}::bigint`
const sums = {
  runs: whole(sql`sum(${days.runs})`),
  estimatedRuns: whole(sql`sum(${days.estimatedRuns})`),
  inputTokens: whole(sql`sum(${days.inputTokens})`),
  outputTokens: whole(sql`sum(${days.outputTokens})`),
  currency: days.currency,
  cost: sql<string>`sum(${days.cost})`,
}
const tokens = sql`sum(${days.inputTokens} + ${days.outputTokens})`

const within = ({ from, to }: Period, userId: string | undefined) =>
  and(between(days.day, from, to), userId === undefined ? undefined : eq(days.userId, userId))

/** usageByDay sums by day, newest first; of one owner, or of everybody. */
export function usageByDay(db: Executor, period: Period, userId?: string) {
  return db
    .select({ day: days.day, ...sums })
    .from(days)
    .where(within(period, userId))
    .groupBy(days.day, days.currency)
    .orderBy(desc(days.day), days.currency)
}

/** usageByModel sums by model, most tokens first. */
export function usageByModel(db: Executor, period: Period, userId?: string) {
  return db
    .select({ model: days.model, ...sums })
    .from(days)
    .where(within(period, userId))
    .groupBy(days.model, days.currency)
    .orderBy(desc(tokens), days.model, days.currency)
}

/** usageByOwner sums by owner, of those who used most tokens. */
export function usageByOwner(db: Executor, period: Period) {
  const most = db
    .select({ userId: days.userId })
    .from(days)
    .where(and(within(period, undefined), isNotNull(days.userId)))
    .groupBy(days.userId)
    .orderBy(desc(tokens), days.userId)
    .limit(LONGEST_LIST)
    .as('most')
  return db
    .select({ userId: users.id, userName: users.name, userEmail: users.email, ...sums })
    .from(days)
    .innerJoin(most, eq(most.userId, days.userId))
    .innerJoin(users, eq(users.id, days.userId))
    .where(within(period, undefined))
    .groupBy(users.id, days.currency)
    .orderBy(desc(tokens), users.id, days.currency)
}

/** usageBySession sums by conversation of one owner, of those that used most tokens; runs under way are left out. */
export function usageBySession(db: Executor, { from, to }: Period, userId: string) {
  const used = sql`${chatRuns.chargedInput} + ${chatRuns.chargedOutput}`
  const currency = sql<string>`coalesce(${chatRuns.priceCurrency}, '')`
  // What was never settled, such as demo data of the past, has used nothing.
  const counted = sql`${chatRuns.reservedTokens} IS NULL AND ${chatRuns.budgetDay} BETWEEN ${from} AND ${to}`
  const mine = and(eq(chatRuns.userId, userId), counted)
  const most = db
    .select({ sessionId: chatRuns.sessionId })
    .from(chatRuns)
    .where(mine)
    .groupBy(chatRuns.sessionId)
    .orderBy(desc(sql`sum(${used})`), chatRuns.sessionId)
    .limit(LONGEST_LIST)
    .as('most')
  return db
    .select({
      sessionId: chatSessions.id,
      title: sql<string | null>`CASE WHEN ${chatSessions.deletedAt} IS NULL THEN ${chatSessions.title} END`,
      runs: sql<number>`count(*)`,
      estimatedRuns: sql<number>`count(*) FILTER (WHERE ${chatRuns.chargeEstimated} AND ${used} > 0)`,
      inputTokens: whole(sql`sum(${chatRuns.chargedInput})`),
      outputTokens: whole(sql`sum(${chatRuns.chargedOutput})`),
      currency,
      cost: sql<string>`coalesce(sum(${chatRuns.cost}), 0)`,
    })
    .from(chatRuns)
    .innerJoin(most, eq(most.sessionId, chatRuns.sessionId))
    .innerJoin(chatSessions, eq(chatSessions.id, chatRuns.sessionId))
    .where(mine)
    .groupBy(chatSessions.id, chatRuns.priceCurrency)
    .orderBy(desc(sql`sum(${used})`), chatSessions.id, chatRuns.priceCurrency)
}

/** runsSince counts the runs that an owner has started since then. */
export function runsSince(db: Executor, userId: string, since: Date): Promise<number> {
  return db.$count(chatRuns, and(eq(chatRuns.userId, userId), gt(chatRuns.startedAt, since)))
}
