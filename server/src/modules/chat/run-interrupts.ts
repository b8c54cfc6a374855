import { and, eq, lt, notInArray, type SQL, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { settle, unsettled } from './budget/budget-repository.ts'
import { INSTANCE_LOCKS } from './run-instance.ts'
import { chatMessages, chatRuns } from './schema.ts'

/** running is true of runs that have not ended. */
export const running = eq(chatRuns.status, 'running')

const expired = lt(chatRuns.leaseUntil, sql`now()`)
// Free only when no process holds it; what is taken here is given back with the statement's transaction.
const isGone = sql`pg_try_advisory_xact_lock(${INSTANCE_LOCKS}, instance)`
const notThese = (ids: string[]) => (ids.length === 0 ? undefined : notInArray(chatRuns.id, ids))

/** createRunInterrupts makes the statements that end runs whose process is gone, over a database. */
export function createRunInterrupts(db: Database) {
  const interruptAll = (which: SQL | undefined) => db.transaction((tx) => interrupt(tx, which))

  return {
    /** interruptExpired ends every run whose lease ran out, but for those that live in this process. */
    async interruptExpired(liveHere: string[]): Promise<string[]> {
      const ended = await interruptAll(and(expired, notThese(liveHere)))
      await db.transaction(async (tx) => settle(tx, await unsettled(tx)))
      return ended
    },

    /** interruptIfExpired ends one run when its lease ran out. */
    async interruptIfExpired(runId: string): Promise<void> {
      await interruptAll(and(eq(chatRuns.id, runId), expired))
    },

    /** instancesGone gives the numbers of other instances that have running runs and are gone, or seem to be. */
    async instancesGone(own: number): Promise<number[]> {
      const { rows } = await db.execute<{ instance: number }>(sql`
        WITH others AS MATERIALIZED (
          SELECT DISTINCT instance FROM ${chatRuns} WHERE ${running} AND instance NOT IN (0, ${own})
        )
        SELECT instance FROM others WHERE ${isGone}`)
      return rows.map(({ instance }) => instance)
    },

    /** interruptRunsOf ends the runs of those instances that are still gone. */
    interruptRunsOf(instances: number[]): Promise<string[]> {
      return interruptAll(
        sql`instance IN (
          WITH silent AS MATERIALIZED (SELECT unnest(${sql.param(instances)}::int[]) AS instance)
          SELECT instance FROM silent WHERE ${isGone}
        )`,
      )
    },
  }
}

/**
 * interrupt ends runs, which must be ones whose process is gone, and the answers they were making; what they held of
 * their owners' budgets is given back.
 */
async function interrupt(tx: Transaction, which: SQL | undefined): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    WITH ended AS (
      UPDATE ${chatRuns} SET status = 'interrupted', error_code = 'interrupted', finished_at = now()
      WHERE ${and(which, running)}
      RETURNING id
    ), messages AS (
      UPDATE ${chatMessages} SET status = 'interrupted'
      WHERE run_id IN (SELECT id FROM ended) AND role = 'assistant' AND status = 'streaming'
    )
    SELECT id FROM ended`)
  const ids = rows.map((row) => row.id)
  await settle(tx, ids)
  return ids
}
