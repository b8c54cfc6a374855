import { and, desc, eq, gt, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Database, Executor, Transaction } from '../../platform/db/database.ts'
import type { Usage } from '../agent/index.ts'
import { lockUser, type User } from '../auth/index.ts'
import {
  type BudgetSpent,
  limitsOf,
  type Reserved,
  reserveForRun,
  type RunBudgetRequest,
  type RunLimits,
  settle,
} from './budget/budget-repository.ts'
import { type Charge, chargeColumns } from './budget/charge.ts'
import { endOfBranch, showBranch } from './branches.ts'
import type { ChatMessage, ChatSession } from './repository.ts'
import { RUN_CHANNEL, type RunCommand, runCommandText } from './run-instance.ts'
import { type AskedNames, findNamed, keepNames } from './name-repository.ts'
import type { ConversationNames } from './conversation-name.ts'
import { createRunInterrupts, interruptExpiredIn, running } from './run-interrupts.ts'
import type { RunRecord } from './run-record.ts'
import { chatMessages, chatRuns, chatSessions, type StoredToolCall } from './schema.ts'

/** LEASE_SECONDS is how long a run is believed to be alive without a sign of its process. */
export const LEASE_SECONDS = 30

/** ChatRun is a run as stored. */
export type ChatRun = typeof chatRuns.$inferSelect

/** NewRun is a message and the rows that its answer will be written into. */
export type NewRun = {
  runId: string
  userId: string
  businessId: string
  session: { id: string; title: string; isNew: boolean }
  userMessage: { id: string; content: string }
  place: MessagePlace
  /** What a retry of the same request is known by. */
  clientMessageId: string | null
  /** What the client calls the conversation, where it has ids of its own. */
  names: ConversationNames | undefined
  assistantMessageId: string
  record: RunRecord
  limits: { runsPerOwner: number; perDay: number }
  budget: RunBudgetRequest
  /** Runs of this process, which are alive whatever their lease says. */
  liveHere: string[]
  /** The number of this process, see run-instance.ts. */
  instance: number
  at: Date
}

/**
 * MessagePlace is where a message stands: at the end of the conversation as it is shown; beside another that follows
 * `afterId` too, as a version of it; or it stands there already and is answered anew.
 */
export type MessagePlace = { kind: 'end' } | { kind: 'beside'; afterId: string } | { kind: 'stands' }

/** StartResult says for whom the run was written, or why it was not. */
export type StartResult = { kind: 'started'; user: User; budget: Reserved } | Refusal

type Refusal =
  | { kind: 'no_account' }
  | { kind: 'repeated'; runId: string }
  | { kind: 'run_active'; runId: string }
  | { kind: 'session_gone' }
  /** What should have been a new session has been begun meanwhile under the same names. */
  | { kind: 'session_known'; sessionId: string }
  | { kind: 'too_many_runs' }
  | { kind: 'day_limit'; freeAt: Date }
  | (BudgetSpent & { locale: User['locale'] })

/** AnswerRows is what is written of an answer, while it grows and when it is finished. */
export type AnswerRows = {
  runId: string
  assistantMessageId: string
  content: string
  toolCalls: StoredToolCall[]
  record: RunRecord
  charge: Charge
}

/** FinishedRun is an answer with how its run ended. */
export type FinishedRun = AnswerRows & {
  sessionId: string
  status: 'complete' | 'interrupted' | 'stopped'
  errorCode: string | null
  usage: Usage | null
  at: Date
}

/** KeptStatus is what a run's row says in the end. */
export type KeptStatus = { status: ChatRun['status']; errorCode: string | null }

/** RunRows reads and writes runs, with the messages that they answer and make. */
export type RunRows = ReturnType<typeof createRunRows>

const day = 24 * 60 * 60 * 1000
// Leases are set and judged by the database's clock alone, which every process shares.
const leaseEnd = sql`now() + make_interval(secs => ${LEASE_SECONDS})`
const jsonOf = (value: unknown) => sql`${JSON.stringify(value)}::json`
const jsonbOf = (value: unknown[]) => (value.length === 0 ? sql`NULL` : sql`${JSON.stringify(value)}::jsonb`)

/** createRunRows makes them over a database. */
export function createRunRows(db: Database) {
  async function refusal(tx: Transaction, run: NewRun, limits: RunLimits): Promise<Refusal | undefined> {
    if (run.clientMessageId !== null) {
      const repeated = await findRepeat(tx, {
        clientMessageId: run.clientMessageId,
        businessId: run.businessId,
        sessionId: run.session.isNew ? null : run.session.id,
      })
      if (repeated) return { kind: 'repeated', runId: repeated }
    }
    if (run.session.isNew && run.names) {
      const { userId, businessId, names } = run
      const known = await findNamed(tx, { userId, businessId, names: names.find })
      if (known) return { kind: 'session_known', sessionId: known.sessionId }
    }
    if (!run.session.isNew) {
      const [session] = await tx
        .select({ id: chatSessions.id })
        .from(chatSessions)
        .where(and(eq(chatSessions.id, run.session.id), isNull(chatSessions.deletedAt)))
        .for('update')
      if (!session) return { kind: 'session_gone' }
      await interruptExpiredIn(tx, { sessionId: run.session.id, liveHere: run.liveHere })
      const active = await activeRun(tx, run.session.id)
      if (active) return { kind: 'run_active', runId: active }
    }
    if (run.limits.runsPerOwner > 0) {
      const alive = await tx.$count(
        chatRuns,
        and(eq(chatRuns.userId, run.userId), running, gt(chatRuns.leaseUntil, sql`now()`)),
      )
      if (alive >= run.limits.runsPerOwner) return { kind: 'too_many_runs' }
    }
    // Where admins have set a number of runs, that one holds, by the day.
    if (run.limits.perDay > 0 && limits.runs === null) {
      // The run whose 24 hours must be over before another one fits in.
      const [blocking] = await tx
        .select({ startedAt: chatRuns.startedAt })
        .from(chatRuns)
        .where(and(eq(chatRuns.userId, run.userId), gt(chatRuns.startedAt, new Date(run.at.getTime() - day))))
        .orderBy(desc(chatRuns.startedAt))
        .offset(run.limits.perDay - 1)
        .limit(1)
      if (blocking) return { kind: 'day_limit', freeAt: new Date(blocking.startedAt.getTime() + day) }
    }
    return undefined
  }

  async function activeRun(executor: Executor, sessionId: string): Promise<string | undefined> {
    const [run] = await executor
      .select({ id: chatRuns.id })
      .from(chatRuns)
      .where(and(eq(chatRuns.sessionId, sessionId), running))
    return run?.id
  }

  async function findRepeat(
    executor: Executor,
    message: { clientMessageId: string; businessId: string; sessionId: string | null },
  ): Promise<string | undefined> {
    const [found] = await executor
      .select({ runId: chatMessages.runId })
      .from(chatMessages)
      .innerJoin(chatSessions, eq(chatSessions.id, chatMessages.sessionId))
      .where(
        and(
          eq(chatMessages.clientMessageId, message.clientMessageId),
          eq(chatSessions.businessId, message.businessId),
          isNull(chatSessions.deletedAt),
          message.sessionId === null ? undefined : eq(chatSessions.id, message.sessionId),
        ),
      )
      .orderBy(chatMessages.id)
      .limit(1)
    return found?.runId ?? undefined
  }

  return {
    ...createRunInterrupts(db),

    activeRun: (sessionId: string) => activeRun(db, sessionId),

    /** findRepeat gives the run that the same client message started before, in the session or, without one, in any. */
    findRepeat: (message: Parameters<typeof findRepeat>[1]) => findRepeat(db, message),

    /** findNamed gives what a client means by names of its own. */
    findNamed: (asked: AskedNames) => findNamed(db, asked),

    /** startRun writes the session, if new, the run and both messages at once, or says why not. */
    startRun(run: NewRun): Promise<StartResult> {
      return db.transaction(async (tx) => {
        // Starts of one owner happen one after the other, so that limits and repeats are judged exactly, and none
        // happens while the account is being erased.
        const user = await lockUser(tx, run.userId)
        if (!user || user.disabledAt) return { kind: 'no_account' }
        const limits = await limitsOf(tx, run.userId)
        const refused = await refusal(tx, run, limits)
        if (refused) return refused
        const { id: sessionId, title } = run.session
        const budget = await reserveForRun(tx, {
          ...run.budget,
          userId: run.userId,
          sessionId: run.session.isNew ? null : sessionId,
          limits,
        })
        if (budget.kind === 'budget_spent') return { ...budget, locale: user.locale }
        if (run.session.isNew) {
          const { businessId, userId, at } = run
          await tx
            .insert(chatSessions)
            .values({ id: sessionId, businessId, userId, title, createdAt: at, updatedAt: at })
        } else {
          await tx.update(chatSessions).set({ updatedAt: run.at }).where(eq(chatSessions.id, sessionId))
        }
        await tx.insert(chatRuns).values({
          id: run.runId,
          sessionId,
          instance: run.instance,
          userId: run.userId,
          status: 'running',
          leaseUntil: leaseEnd,
          startedAt: run.at,
          record: jsonOf(run.record),
          ...budget.columns,
        })
        await insertMessages(tx, run)
        const { userId, businessId, userMessage, names } = run
        await keepNames(tx, names?.keep ?? [], { userId, businessId, sessionId, messageId: userMessage.id })
        return { kind: 'started', user, budget }
      })
    },

    /**
     * finishRun stores an answer and frees its session. A run that has been ended elsewhere meanwhile (stopped there, or
     * given up for dead) keeps the status it was given, but gets all that was said. Returns what the row says in the end,
     * undefined when the run is gone with its owner.
     */
    finishRun(run: FinishedRun): Promise<KeptStatus | undefined> {
      return db.transaction(async (tx) => {
        // Session, run, message: the order in which everything here takes its locks.
        await tx.update(chatSessions).set({ updatedAt: run.at }).where(eq(chatSessions.id, run.sessionId))
        const [finished] = await tx
          .update(chatRuns)
          .set({
            status: run.status,
            errorCode: run.errorCode,
            inputTokens: run.usage?.inputTokens ?? null,
            outputTokens: run.usage?.outputTokens ?? null,
            finishedAt: run.at,
            record: jsonOf(run.record),
            ...chargeColumns(run.charge),
          })
          .where(and(eq(chatRuns.id, run.runId), running))
          .returning({ status: chatRuns.status, errorCode: chatRuns.errorCode })
        const kept = finished ?? (await endedElsewhere(tx, run))
        if (!kept || kept.status === 'running') return kept
        await settle(tx, [run.runId])
        await tx
          .update(chatMessages)
          .set({ content: run.content, status: kept.status, toolCalls: jsonbOf(run.toolCalls) })
          .where(eq(chatMessages.id, run.assistantMessageId))
        return kept
      })
    },

    /** renewLeases keeps running runs alive and returns those that still are. */
    async renewLeases(runIds: string[]): Promise<Set<string>> {
      const rows = await db
        .update(chatRuns)
        .set({ leaseUntil: leaseEnd })
        .where(and(inArray(chatRuns.id, runIds), running))
        .returning({ id: chatRuns.id })
      return new Set(rows.map((row) => row.id))
    },

    /** tell has the instances that make a run, or runs of a user, end them; they hear of it at once. */
    async tell(command: RunCommand): Promise<void> {
      await db.execute(sql`SELECT pg_notify(${RUN_CHANNEL}, ${runCommandText(command)})`)
    },

    /** markStopped stops a run that nobody else ends, with what is stored of it. */
    async markStopped(runId: string): Promise<void> {
      await db.execute(sql`
        WITH ended AS (
          UPDATE ${chatRuns} SET status = 'stopped', finished_at = now() WHERE id = ${runId} AND ${running} RETURNING id
        )
        UPDATE ${chatMessages} SET status = 'stopped'
        WHERE run_id IN (SELECT id FROM ended) AND role = 'assistant' AND status = 'streaming'`)
    },

    /** runStatus says how a run stands, also one of a deleted session; undefined when it is gone with its owner. */
    async runStatus(runId: string): Promise<ChatRun['status'] | undefined> {
      const [row] = await db.select({ status: chatRuns.status }).from(chatRuns).where(eq(chatRuns.id, runId))
      return row?.status
    },

    /** run gives a run of a session that is not deleted, with its session. */
    async run(runId: string): Promise<{ run: ChatRun; session: ChatSession } | undefined> {
      const [row] = await db
        .select({ run: chatRuns, session: chatSessions })
        .from(chatRuns)
        .innerJoin(chatSessions, eq(chatSessions.id, chatRuns.sessionId))
        .where(and(eq(chatRuns.id, runId), isNull(chatSessions.deletedAt)))
      return row
    },

    /** runWithAnswer gives a run and the answer it makes or made. */
    async runWithAnswer(runId: string): Promise<{ run: ChatRun; answer: ChatMessage } | undefined> {
      const [row] = await db
        .select({ run: chatRuns, answer: chatMessages })
        .from(chatRuns)
        .innerJoin(chatMessages, and(eq(chatMessages.runId, chatRuns.id), eq(chatMessages.role, 'assistant')))
        .where(eq(chatRuns.id, runId))
      return row
    },
  }
}

/** insertMessages writes the message, where it is new, and the answer that is to follow it, at the end of what is shown. */
async function insertMessages(tx: Transaction, run: NewRun): Promise<void> {
  const { place, clientMessageId } = run
  const { id: sessionId } = run.session
  const { id: questionId, content } = run.userMessage
  if (place.kind !== 'end') {
    const tipId = place.kind === 'stands' ? questionId : place.afterId
    await showBranch(tx, { sessionId, tipId })
  }
  const common = { sessionId, runId: run.runId, createdAt: run.at }
  const question = {
    ...common,
    id: questionId,
    content,
    clientMessageId,
    role: 'user' as const,
    status: 'complete' as const,
    afterId: place.kind === 'beside' ? place.afterId : endOfBranch(sessionId),
  }
  const answer = {
    ...common,
    id: run.assistantMessageId,
    content: '',
    role: 'assistant' as const,
    status: 'streaming' as const,
    afterId: questionId,
  }
  if (place.kind === 'stands') await tx.insert(chatMessages).values({ ...answer, clientMessageId })
  else await tx.insert(chatMessages).values([question, answer])
}

async function endedElsewhere(tx: Transaction, run: FinishedRun): Promise<KeptStatus | undefined> {
  // What is settled stays as it was entered.
  const unsettledRun = and(eq(chatRuns.id, run.runId), isNotNull(chatRuns.reservedTokens))
  await tx.update(chatRuns).set(chargeColumns(run.charge)).where(unsettledRun)
  const [kept] = await tx
    .update(chatRuns)
    .set({ record: jsonOf(run.record) })
    .where(eq(chatRuns.id, run.runId))
    .returning({ status: chatRuns.status, errorCode: chatRuns.errorCode })
  return kept
}
