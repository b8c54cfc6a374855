import { recordAudit } from '../../../platform/audit/index.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { Database, Executor, Transaction } from '../../../platform/db/database.ts'
import { problem } from '../../../platform/errors.ts'
import { idOfCursor, type Page, pageOf } from '../../../platform/http/paging.ts'
import { findUser, type User } from '../../auth/index.ts'
import { budgetDate, budgetDay } from './budget-day.ts'
import { type Budget, dayUse, limitsOf, ownBudget, ownBudgets, removeBudget, writeBudget } from './budget-repository.ts'
import type { AdminUsageView, BudgetBody, UsageQuery, UsageView } from './dto.ts'
import { type Period, runsSince, usageByDay, usageByModel, usageByOwner, usageBySession } from './usage-repository.ts'
import { usageSums, usageUnder } from './usage-sums.ts'

const DAY_MS = 86_400_000
const LONGEST_PERIOD_DAYS = 366
const USUAL_PERIOD_DAYS = 30
// Audit entries are about something with an id; the budget of the programme has none but this.
const PROGRAMME = '00000000-0000-7000-8000-000000000000'
const noSuchUser = () => problem.notFound('not_found', 'There is no such user.')

/** BudgetService says what owners may use and have used. The routes of admins let nobody else in. */
export type BudgetService = ReturnType<typeof createBudgetService>

/** createBudgetService wires budgets and usage; `perDay` is CHAT_LIMIT_PER_DAY. */
export function createBudgetService(options: { db: Database; clock: Clock; timeZone: string; perDay: number }) {
  const { db, clock, timeZone, perDay } = options

  /** todayOf is how the day of an owner stands. */
  async function todayOf(executor: Executor, userId: string) {
    const now = clock.now()
    const { day, endsAt } = budgetDay(now, timeZone)
    const limits = await limitsOf(executor, userId)
    const use = await dayUse(executor, { userId, day })
    const isRolling = limits.runs === null
    const runs = isRolling ? await runsSince(executor, userId, new Date(now.getTime() - DAY_MS)) : use.runs
    return {
      day,
      ends_at: endsAt.toISOString(),
      tokens: {
        used: use.usedTokens,
        reserved: use.reservedTokens,
        ...whatIsLeft(limits.tokens, use.usedTokens + use.reservedTokens),
      },
      runs: {
        used: runs,
        ...whatIsLeft(limits.runs ?? perDay, runs),
        counted_over: isRolling ? ('last_24_hours' as const) : ('day' as const),
      },
    }
  }

  async function userOf(executor: Executor, userId: string): Promise<User> {
    const user = await findUser(executor, userId)
    if (!user) throw noSuchUser()
    return user
  }

  async function ofOwner(executor: Executor, user: User) {
    const budget = await ownBudget(executor, user.id)
    return {
      ...ownerBudget({
        userId: user.id,
        userName: user.name,
        userEmail: user.email,
        tokensPerDay: budget?.tokensPerDay ?? null,
        runsPerDay: budget?.runsPerDay ?? null,
        updatedAt: budget?.updatedAt ?? null,
      }),
      today: await todayOf(executor, user.id),
    }
  }

  async function ofProgramme(executor: Executor) {
    const budget = await ownBudget(executor, null)
    return {
      tokens_per_day: budget?.tokensPerDay ?? null,
      runs_per_day: budget?.runsPerDay ?? null,
      messages_per_24_hours: perDay,
      time_zone: timeZone,
      updated_at: budget?.updatedAt.toISOString() ?? null,
    }
  }

  async function change(tx: Transaction, edit: { actorId: string; userId: string | null; body: BudgetBody }) {
    const { actorId, userId, body } = edit
    const before = await ownBudget(tx, userId)
    const after: Budget = {
      tokensPerDay: body.tokens_per_day === undefined ? (before?.tokensPerDay ?? null) : body.tokens_per_day,
      runsPerDay: body.runs_per_day === undefined ? (before?.runsPerDay ?? null) : body.runs_per_day,
    }
    await writeBudget(tx, { userId, ...after, at: clock.now() })
    await audit(tx, { actorId, userId, before: before ?? null, after })
  }

  function periodOf({ from, to }: UsageQuery): Period {
    const today = budgetDate(clock.now(), timeZone)
    const last = to ?? (from !== undefined && from > today ? from : today)
    const first = from ?? daysBefore(last, USUAL_PERIOD_DAYS - 1)
    if (first > last) throw problem.invalid([{ path: 'from', message: 'must not be after to' }])
    if (first < daysBefore(last, LONGEST_PERIOD_DAYS - 1))
      throw problem.invalid([{ path: 'from', message: `must be at most ${LONGEST_PERIOD_DAYS} days before to` }])
    return { from: first, to: last }
  }

  async function daysAndModels(period: Period, userId?: string) {
    const days = await usageByDay(db, period, userId)
    const models = await usageByModel(db, period, userId)
    return {
      ...period,
      time_zone: timeZone,
      total: usageSums(days),
      days: usageUnder(days, ({ day }) => day).map(({ first, sums }) => ({ day: first.day, ...sums })),
      models: usageUnder(models, ({ model }) => model).map(({ first, sums }) => ({ model: first.model, ...sums })),
    }
  }

  return {
    /** programmeBudget is what an owner without a budget of their own may use. */
    programmeBudget: () => ofProgramme(db),

    /** changeProgrammeBudget changes it, from the next message of everybody on. */
    async changeProgrammeBudget(edit: { actorId: string; body: BudgetBody }) {
      return db.transaction(async (tx) => {
        await change(tx, { ...edit, userId: null })
        return ofProgramme(tx)
      })
    },

    /** listBudgets pages through the owners who have a budget of their own. */
    async listBudgets({ limit, cursor }: { limit: number; cursor?: string | undefined }) {
      const after = idOfCursor(cursor)
      const rows = await ownBudgets(db, { after, limit: limit + 1 })
      const page: Page<(typeof rows)[number]> = pageOf(rows, limit, ({ userId }) => ({ id: userId }))
      return { items: page.items.map(ownerBudget), next: page.next }
    },

    /** budgetOf is the budget of one owner, and how their day stands. */
    budgetOf: async (userId: string) => ofOwner(db, await userOf(db, userId)),

    /** changeBudgetOf gives one owner a budget of their own, from their next message on. */
    async changeBudgetOf({ actorId, userId, body }: { actorId: string; userId: string; body: BudgetBody }) {
      return db.transaction(async (tx) => {
        const user = await userOf(tx, userId)
        await change(tx, { actorId, userId, body })
        return ofOwner(tx, user)
      })
    },

    /** removeBudgetOf lets the programme's budget hold for an owner again. */
    async removeBudgetOf({ actorId, userId }: { actorId: string; userId: string }): Promise<void> {
      await db.transaction(async (tx) => {
        const before = await removeBudget(tx, userId)
        if (!before) throw problem.notFound('not_found', 'This owner has no budget of their own.')
        await audit(tx, { actorId, userId, before, after: null })
      })
    },

    /** usageOf is what an owner has used, and how their day stands. */
    async usageOf(userId: string, query: UsageQuery): Promise<UsageView> {
      const period = periodOf(query)
      const sessions = await usageBySession(db, period, userId)
      return {
        ...(await daysAndModels(period, userId)),
        today: await todayOf(db, userId),
        sessions: usageUnder(sessions, ({ sessionId }) => sessionId).map(({ first, sums }) => ({
          session_id: first.sessionId,
          title: first.title,
          ...sums,
        })),
      }
    },

    /** usageOfAll is what everybody has used. */
    async usageOfAll(query: UsageQuery): Promise<AdminUsageView> {
      const period = periodOf(query)
      const owners = await usageByOwner(db, period)
      return {
        ...(await daysAndModels(period)),
        owners: usageUnder(owners, ({ userId }) => userId).map(({ first, sums }) => ({
          user_id: first.userId,
          user_name: first.userName,
          user_email: first.userEmail,
          ...sums,
        })),
      }
    },
  }
}

function whatIsLeft(limit: number, taken: number): { limit: number | null; left: number | null } {
  return limit === 0 ? { limit: null, left: null } : { limit, left: Math.max(0, limit - taken) }
}

function daysBefore(day: string, count: number): string {
  return new Date(Date.parse(day) - count * DAY_MS).toISOString().slice(0, 10)
}

type OwnerBudget = Budget & { userId: string; userName: string; userEmail: string; updatedAt: Date | null }

function ownerBudget({ userId, userName, userEmail, tokensPerDay, runsPerDay, updatedAt }: OwnerBudget) {
  return {
    user_id: userId,
    user_name: userName,
    user_email: userEmail,
    tokens_per_day: tokensPerDay,
    runs_per_day: runsPerDay,
    updated_at: updatedAt?.toISOString() ?? null,
  }
}

function audit(
  tx: Transaction,
  edit: { actorId: string; userId: string | null; before: Budget | null; after: Budget | null },
): Promise<void> {
  const content = (budget: Budget | null) =>
    budget && { tokens_per_day: budget.tokensPerDay, runs_per_day: budget.runsPerDay }
  return recordAudit(tx, {
    actorKind: 'user',
    actorId: edit.actorId,
    action: edit.after ? 'chat_budget.update' : 'chat_budget.delete',
    subjectType: 'chat_budget',
    subjectId: edit.userId ?? PROGRAMME,
    before: content(edit.before),
    after: content(edit.after),
  })
}
