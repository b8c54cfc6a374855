import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../../../platform/db/database.ts'
import { toolApprovals } from '../schema.ts'

/** MOST_APPROVALS_A_RUN is how often one run may ask its owner. */
export const MOST_APPROVALS_A_RUN = 5

const KEPT_DAYS = 7
const DROPPED_AT_ONCE = 100

/** Approval is a question to the owner as stored. */
export type Approval = typeof toolApprovals.$inferSelect

/** ApprovalRepository reads and writes approvals. Time is the database's alone, which every process shares. */
export type ApprovalRepository = ReturnType<typeof createApprovalRepository>

/** createApprovalRepository makes the repository over a database. */
export function createApprovalRepository(db: Database) {
  const waiting = eq(toolApprovals.status, 'waiting')
  const inTime = sql`${toolApprovals.expiresAt} > now()`
  const byId = (id: string) => eq(toolApprovals.id, id)

  return {
    /** earlier are the states of what a run has asked before. */
    async earlier(runId: string): Promise<Approval['status'][]> {
      const rows = await db
        .select({ status: toolApprovals.status })
        .from(toolApprovals)
        .where(eq(toolApprovals.runId, runId))
        .limit(MOST_APPROVALS_A_RUN)
      return rows.map(({ status }) => status)
    },

    /** add writes a question that waits for so long, and drops some old ones. */
    async add(
      asked: Pick<Approval, 'id' | 'runId' | 'userId' | 'callId' | 'tool' | 'argumentsHash'>,
      waitMs: number,
    ): Promise<Approval> {
      const [added] = await db
        .insert(toolApprovals)
        .values({
          ...asked,
          status: 'waiting',
          createdAt: sql`now()`,
          expiresAt: sql`now() + make_interval(secs => ${waitMs / 1000})`,
        })
        .returning()
      if (!added) throw new Error('an approval was not written')
      await db.execute(sql`
        DELETE FROM ${toolApprovals} WHERE id IN (
          SELECT id FROM ${toolApprovals} WHERE created_at < now() - make_interval(days => ${KEPT_DAYS})
          ORDER BY created_at LIMIT ${DROPPED_AT_ONCE})`)
      return added
    },

    /** find gives a question of a run. */
    async find(runId: string, id: string): Promise<Approval | undefined> {
      const [found] = await db
        .select()
        .from(toolApprovals)
        .where(and(byId(id), eq(toolApprovals.runId, runId)))
      return found
    },

    /** decide settles a question that still waits; false when it does not any more. One caller alone gets true. */
    async decide(id: string, decision: 'approved' | 'denied'): Promise<boolean> {
      const rows = await db
        .update(toolApprovals)
        .set({ status: decision, decidedAt: sql`now()` })
        .where(and(byId(id), waiting, inTime))
        .returning({ id: toolApprovals.id })
      return rows.length > 0
    },

    /** look tells how a question stands, and lets it expire when its time is over. */
    async look(id: string): Promise<Approval['status'] | undefined> {
      await db
        .update(toolApprovals)
        .set({ status: 'expired' })
        .where(and(byId(id), waiting, sql`NOT ${inTime}`))
      const [found] = await db.select({ status: toolApprovals.status }).from(toolApprovals).where(byId(id))
      return found?.status
    },

    /** lapse ends a question whose run does not wait any more. */
    async lapse(id: string): Promise<void> {
      await db
        .update(toolApprovals)
        .set({ status: 'lapsed' })
        .where(and(byId(id), waiting))
    },
  }
}
