import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { Usage } from '../agent/index.ts'
import { accessibleBusiness } from '../business/index.ts'
import { type RunBudgetRequest, settle } from './budget/budget-repository.ts'
import { type Charge, chargeColumns } from './budget/charge.ts'
import type { ChatMessage, ChatSession } from './repository.ts'
import { RUN_CHANNEL, type RunCommand, runCommandText } from './run-instance.ts'
import { type AskedNames, findNamed } from './name-repository.ts'
import type { ConversationNames } from './conversation-name.ts'
import { createRunInterrupts, running } from './run-interrupts.ts'
import type { RunRecord } from './run-record.ts'
import { type RunStartAnswer, runStartAnswer, runStartInput } from './run-start-row.ts'
import { chatMessages, chatRuns, chatSessions, type StoredToolCall } from './schema.ts'

/** LEASE_SECONDS is how long a run is believed to be alive without a sign of its process. */
export const LEASE_SECONDS = 30

/** ChatRun is a run as stored. */
export type ChatRun = typeof chatRuns.$inferSelect

/** NewRun is a message and the rows that its answer will be written into. */
export type NewRun = {
  runId: string
  userId: string
  /** That of the session, or the owner's first where it is left out. */
  businessId: string | undefined
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

/** StartResult says for whom the run was written, with what it needs to begin, or why it was not. */
export type StartResult = Exclude<RunStartAnswer, { kind: 'run_expired' }>

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

// Leases are set and judged by the database's clock alone, which every process shares.
const leaseEnd = sql`now() + make_interval(secs => ${LEASE_SECONDS})`
const jsonOf = (value: unknown) => sql`${JSON.stringify(value)}::json`
const jsonbOf = (value: unknown[]) => (value.length === 0 ? sql`NULL` : sql`${JSON.stringify(value)}::jsonb`)

/** createRunRows makes them over a database. */
export function createRunRows(db: Database) {
  const interrupts = createRunInterrupts(db)
  const startStatement = db
    .select({ answer: sql<unknown>`answer` })
    .from(sql`start_run(${sql.placeholder('input')}::json) AS answer`)
    .prepare('start_run')
  const flushStatement = db
    .select({ flushed: sql<unknown>`flushed` })
    .from(sql`flush_runs() AS flushed`)
    .prepare('flush_runs')

  /** activeRun gives the run that is answering in a session. */
  async function activeRun(sessionId: string): Promise<string | undefined> {
    const [run] = await db
      .select({ id: chatRuns.id })
      .from(chatRuns)
      .where(and(eq(chatRuns.sessionId, sessionId), running))
    return run?.id
  }

  /** findRepeat gives the run that the same client message started before, in the session or, without one, in any. */
  async function findRepeat(message: {
    userId: string
    clientMessageId: string
    businessId: string | undefined
    sessionId: string | undefined
  }): Promise<string | undefined> {
    const [found] = await db
      .select({ runId: chatMessages.runId })
      .from(chatMessages)
      .innerJoin(chatSessions, eq(chatSessions.id, chatMessages.sessionId))
      .where(
        and(
          eq(chatMessages.clientMessageId, message.clientMessageId),
          eq(
            chatSessions.businessId,
            accessibleBusiness(
              message.userId,
              message.sessionId === undefined ? message.businessId : chatSessions.businessId,
            ),
          ),
          isNull(chatSessions.deletedAt),
          message.sessionId === undefined ? undefined : eq(chatSessions.id, message.sessionId),
        ),
      )
      .orderBy(chatMessages.id)
      .limit(1)
    return found?.runId ?? undefined
  }

  return {
    ...interrupts,

    activeRun,
    findRepeat,

    /** findNamed gives what a client means by names of its own. */
    findNamed: (asked: AskedNames) => findNamed(db, asked),

    /**
     * startRun writes the session, if new, the run and both messages at once, or says why not. What it wrote is safe from
     * a crash of the database once `flush` resolves.
     */
    async startRun(run: NewRun): Promise<StartResult> {
      const input = JSON.stringify({ ...runStartInput(run), lease_seconds: LEASE_SECONDS })
      for (;;) {
        const [row] = await startStatement.execute({ input })
        const result = runStartAnswer.parse(row?.answer)
        if (result.kind !== 'run_expired') return result
        const { runId } = result
        if (run.liveHere.includes(runId)) return { kind: 'run_active', runId }
        await interrupts.interruptIfExpired(runId)
      }
    },

    /** flush resolves when everything that was committed before is on the database's disk. */
    async flush(): Promise<void> {
      await flushStatement.execute()
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
