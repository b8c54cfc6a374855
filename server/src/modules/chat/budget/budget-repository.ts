import { and, desc, eq, isNull, lt, or, sql } from 'drizzle-orm'
import type { Executor, Transaction } from '../../../platform/db/database.ts'
import { newId } from '../../../platform/ids.ts'
import type { Usage } from '../../agent/index.ts'
import { users } from '../../auth/index.ts'
import { chatBudgetDays, chatBudgets, chatRuns } from '../schema.ts'
import type { Tariff } from './prices.ts'

/** Budget is what an owner may use in a day; null is "as the programme" or "as the settings", 0 is no limit. */
export type Budget = { tokensPerDay: number | null; runsPerDay: number | null }

/** RunLimits are the limits of an owner's day as they hold: `runs` is null where no admin has set a number. */
export type RunLimits = { tokens: number; runs: number | null }

/** DayUse is what an owner has used of a day's budget, and what their running answers hold of it. */
export type DayUse = { runs: number; usedTokens: number; reservedTokens: number }

/**
 * RunBudgetRequest is a message to be paid for: `tokens` without what was said before, 0 where the model uses none;
 * `historyTokens` is the most that is sent of that.
 */
export type RunBudgetRequest = { day: string; tokens: number; historyTokens: number; model: string; tariff: Tariff }

/** Reserved is what a run may hold; `tokenLimit` 0 is no limit. */
export type Reserved = { tokens: number; tokenLimit: number }

/** BudgetSpent is a refusal, with all that tells why. */
export type BudgetSpent = { kind: 'budget_spent'; tokens: number; limits: RunLimits; use: DayUse }

/** ownBudget gives the budget that admins have set for one owner, or for the programme, undefined where they have not. */
export async function ownBudget(db: Executor, userId: string | null) {
  const whose = userId === null ? isNull(chatBudgets.userId) : eq(chatBudgets.userId, userId)
  const [budget] = await db.select().from(chatBudgets).where(whose)
  return budget
}

/** limitsOf gives the limits that hold for an owner: their own, then the programme's. */
export async function limitsOf(db: Executor, userId: string): Promise<RunLimits> {
  const rows = await db
    .select()
    .from(chatBudgets)
    .where(or(isNull(chatBudgets.userId), eq(chatBudgets.userId, userId)))
  const own = rows.find((row) => row.userId !== null)
  const programme = rows.find((row) => row.userId === null)
  return {
    tokens: own?.tokensPerDay ?? programme?.tokensPerDay ?? 0,
    runs: own?.runsPerDay ?? programme?.runsPerDay ?? null,
  }
}

/** dayUse gives what an owner has used of a day. */
export async function dayUse(db: Executor, whose: { userId: string; day: string }): Promise<DayUse> {
  const [use] = await db
    .select()
    .from(chatBudgetDays)
    .where(and(eq(chatBudgetDays.userId, whose.userId), eq(chatBudgetDays.day, whose.day)))
  return use ?? { runs: 0, usedTokens: 0, reservedTokens: 0 }
}

/** isDaySpent says whether nothing is left of an owner's day that running answers do not hold. */
export async function isDaySpent(db: Executor, whose: { userId: string; day: string }): Promise<boolean> {
  const { tokens } = await limitsOf(db, whose.userId)
  if (tokens === 0) return false
  const use = await dayUse(db, whose)
  return use.usedTokens + use.reservedTokens >= tokens
}

/** extend lets a running answer hold `upTo` tokens in all; false when they do not fit, or the run has ended. */
export async function extend(
  db: Executor,
  { runId, upTo, limit }: { runId: string; upTo: number; limit: number },
): Promise<boolean> {
  const { rows } = await db.execute(sql`
    WITH run AS (
      SELECT id, user_id, budget_day, ${upTo}::int - reserved_tokens AS more FROM ${chatRuns}
      WHERE id = ${runId} AND status = 'running' AND reserved_tokens IS NOT NULL FOR UPDATE
    ), grown AS (
      UPDATE ${chatBudgetDays} AS d SET reserved_tokens = d.reserved_tokens + run.more FROM run
      WHERE d.user_id = run.user_id AND d.day = run.budget_day
        AND d.used_tokens + d.reserved_tokens + run.more <= ${limit}::bigint
      RETURNING run.id
    )
    UPDATE ${chatRuns} AS r SET reserved_tokens = ${upTo} FROM grown WHERE r.id = grown.id RETURNING r.id`)
  return rows.length > 0
}

/**
 * settle gives back what ended runs held, and enters what they are taken to have used: into the day of their owner, and
 * into the usage that is kept. A run is settled once; settling it again changes nothing.
 */
export async function settle(tx: Transaction, runIds: string[]): Promise<void> {
  if (runIds.length === 0) return
  await tx.execute(sql`
    WITH held AS (
      SELECT id, reserved_tokens FROM ${chatRuns}
      WHERE id = ANY (${sql.param(runIds)}::uuid[]) AND status <> 'running' AND reserved_tokens IS NOT NULL
      ORDER BY id FOR UPDATE
    ), run AS (
      UPDATE ${chatRuns} AS r SET reserved_tokens = NULL,
        cost = (charged_input * input_price + charged_output * output_price) / 1000000
      FROM held WHERE r.id = held.id
      RETURNING r.user_id, budget_day AS day, coalesce(model, '') AS model, coalesce(price_currency, '') AS currency,
        charge_estimated, charged_input::bigint AS input, charged_output::bigint AS output, coalesce(cost, 0) AS cost,
        held.reserved_tokens AS reserved
    ), days AS (
      UPDATE ${chatBudgetDays} AS d
      SET reserved_tokens = d.reserved_tokens - s.reserved, used_tokens = d.used_tokens + s.used
      FROM (SELECT user_id, day, sum(reserved) AS reserved, sum(input + output) AS used FROM run GROUP BY user_id, day) AS s
      WHERE d.user_id = s.user_id AND d.day = s.day
    )
    INSERT INTO chat_usage_days AS u
      (day, user_id, model, currency, runs, estimated_runs, input_tokens, output_tokens, cost)
    SELECT day, user_id, model, currency, count(*), count(*) FILTER (WHERE charge_estimated AND input + output > 0),
      sum(input), sum(output), sum(cost)
    FROM run GROUP BY day, user_id, model, currency
    ON CONFLICT (day, user_id, model, currency) DO UPDATE SET
      runs = u.runs + excluded.runs, estimated_runs = u.estimated_runs + excluded.estimated_runs,
      input_tokens = u.input_tokens + excluded.input_tokens,
      output_tokens = u.output_tokens + excluded.output_tokens, cost = u.cost + excluded.cost`)
}

/**
 * enter adds what a call used that made no answer of its own, such as a title: into the day of the owner of its session,
 * and into the usage that is kept. Where the session was erased meanwhile, with its owner or for good, it is entered
 * without a name. The session is locked first, as by whoever erases it, so that no name is entered after that.
 */
export async function enter(
  db: Executor,
  entry: { sessionId: string; day: string; model: string; usage: Usage; tariff: Tariff },
): Promise<void> {
  const { sessionId, day, model, tariff } = entry
  const { inputTokens: input, outputTokens: output } = entry.usage
  await db.execute(sql`
    WITH session AS (
      SELECT user_id FROM chat_sessions WHERE id = ${sessionId} FOR KEY SHARE
    ), days AS (
      INSERT INTO ${chatBudgetDays} AS d (user_id, day, used_tokens)
      SELECT user_id, ${day}::date, ${input + output}::bigint FROM session
      ON CONFLICT (user_id, day) DO UPDATE SET used_tokens = d.used_tokens + excluded.used_tokens
    )
    INSERT INTO chat_usage_days AS u (day, user_id, model, currency, input_tokens, output_tokens, cost)
    SELECT ${day}::date, (SELECT user_id FROM session), ${model}, ${tariff?.currency ?? ''}, ${input}, ${output},
      (${input} * ${tariff?.input ?? 0}::numeric + ${output} * ${tariff?.output ?? 0}::numeric) / 1000000
    ON CONFLICT (day, user_id, model, currency) DO UPDATE SET
      input_tokens = u.input_tokens + excluded.input_tokens,
      output_tokens = u.output_tokens + excluded.output_tokens, cost = u.cost + excluded.cost`)
}

/**
 * unsettled names ended runs that nobody settles any more: another process has stopped them, and their own died before
 * it could note what they used.
 */
export async function unsettled(tx: Transaction): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    SELECT id FROM ${chatRuns}
    WHERE reserved_tokens IS NOT NULL AND status <> 'running' AND lease_until < now() - interval '1 minute'
    ORDER BY id LIMIT 1000`)
  return rows.map(({ id }) => id)
}

/**
 * forget ends the accounts of an owner who is being erased: running answers are settled as they stand, and what was used
 * stays in the sums, without a name. Locks in the order in which a run that ends does: sessions, runs.
 */
export async function forget(tx: Transaction, userId: string): Promise<void> {
  await tx.execute(sql`SELECT FROM chat_sessions WHERE user_id = ${userId} ORDER BY id FOR UPDATE`)
  const { rows } = await tx.execute<{ id: string }>(sql`
    UPDATE ${chatRuns} SET status = CASE WHEN status = 'running' THEN 'interrupted' ELSE status END
    WHERE user_id = ${userId} AND reserved_tokens IS NOT NULL RETURNING id`)
  await settle(
    tx,
    rows.map(({ id }) => id),
  )
  await tx.execute(sql`DELETE FROM ${chatBudgetDays} WHERE user_id = ${userId}`)
  await tx.execute(sql`
    WITH gone AS (DELETE FROM chat_usage_days WHERE user_id = ${userId} RETURNING *)
    INSERT INTO chat_usage_days AS u
      (day, user_id, model, currency, runs, estimated_runs, input_tokens, output_tokens, cost)
    SELECT day, NULL, model, currency, runs, estimated_runs, input_tokens, output_tokens, cost FROM gone
    ON CONFLICT (day, user_id, model, currency) DO UPDATE SET
      runs = u.runs + excluded.runs, estimated_runs = u.estimated_runs + excluded.estimated_runs,
      input_tokens = u.input_tokens + excluded.input_tokens,
      output_tokens = u.output_tokens + excluded.output_tokens, cost = u.cost + excluded.cost`)
}

/** ownBudgets lists owners who have a budget of their own, by their ids, newest first. */
export function ownBudgets(db: Executor, { after, limit }: { after: string | undefined; limit: number }) {
  return db
    .select({
      userId: users.id,
      userName: users.name,
      userEmail: users.email,
      tokensPerDay: chatBudgets.tokensPerDay,
      runsPerDay: chatBudgets.runsPerDay,
      updatedAt: chatBudgets.updatedAt,
    })
    .from(chatBudgets)
    .innerJoin(users, eq(users.id, chatBudgets.userId))
    .where(after === undefined ? undefined : lt(chatBudgets.userId, after))
    .orderBy(desc(chatBudgets.userId))
    .limit(limit)
}

/** writeBudget sets what an owner, or the programme, may use in a day. */
export async function writeBudget(
  tx: Transaction,
  budget: Budget & { userId: string | null; at: Date },
): Promise<void> {
  const { userId, tokensPerDay, runsPerDay, at } = budget
  const values = { tokensPerDay, runsPerDay, updatedAt: at }
  await tx
    .insert(chatBudgets)
    .values({ id: newId(), userId, ...values })
    .onConflictDoUpdate({ target: chatBudgets.userId, set: values })
}

/** removeBudget takes an owner's own budget away and gives what it was, undefined when there was none. */
export async function removeBudget(tx: Transaction, userId: string): Promise<Budget | undefined> {
  const [budget] = await tx.delete(chatBudgets).where(eq(chatBudgets.userId, userId)).returning()
  return budget
}
