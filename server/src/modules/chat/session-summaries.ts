import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import type { Summariser } from '../agent/index.ts'
import { afterSummary, type StoredSummary } from './after-summary.ts'
import type { ChatRepository } from './repository.ts'
import { chatSessions } from './schema.ts'
import type { SideCall, SideCalls } from './side-calls.ts'

/** HISTORY_LIMIT is how many messages of a conversation are read for one answer. */
export const HISTORY_LIMIT = 200

/** SessionSummaries keeps the summaries of conversations up to date. */
export type SessionSummaries = ReturnType<typeof createSessionSummaries>

// More at once would take the model from the answers that people wait for.
const AT_ONCE = 2
// A conversation that grew long without a summary is caught up with in a few calls, and the rest after the next answer.
const FOLDS_AT_ONCE = 3

/**
 * createSessionSummaries makes the keeper of summaries. Refreshing one happens behind everybody's back: nothing waits for
 * it, and what fails is done after the next answer. Without a Summariser, as with the offline advisor, there are none.
 */
export function createSessionSummaries(deps: {
  db: Database
  repository: Pick<ChatRepository, 'said'>
  summariser: Summariser | undefined
  calls: Pick<SideCalls, 'make'>
  log: Log
}) {
  const { db, summariser, calls, log } = deps
  const underWay = new Map<string, Promise<void>>()

  /** keep stores a summary, unless another instance has stored one meanwhile, or the conversation is gone. */
  async function keep(sessionId: string, before: string | null, now: StoredSummary): Promise<boolean> {
    const kept = await db
      .update(chatSessions)
      .set({ summary: now.text, summaryUntil: now.until })
      .where(
        and(
          eq(chatSessions.id, sessionId),
          isNull(chatSessions.deletedAt),
          sql`${chatSessions.summaryUntil} IS NOT DISTINCT FROM ${before}::uuid`,
        ),
      )
      .returning({ id: chatSessions.id })
    return kept.length > 0
  }

  const fold = (call: SideCall, by: Summariser) =>
    calls.make(call, async (ask) => {
      const { sessionId } = call
      const said = await deps.repository.said({ sessionId, limit: HISTORY_LIMIT })
      if (!said) return false
      const { rows, summary } = afterSummary({ rows: said.history, stored: said.summary })
      const messages = rows.slice(0, by.foldable(rows))
      const last = messages.at(-1)
      if (!last) return false
      const text = await ask((signal, used) => by.summarise({ previous: summary, messages }, signal, used))
      if (text === undefined) return false
      log.info({ session_id: sessionId, messages: messages.length }, 'a conversation was summarised')
      return keep(sessionId, said.summaryUntil, { text, until: last.id })
    })

  async function refresh(call: SideCall, by: Summariser): Promise<void> {
    try {
      for (let folds = 0; folds < FOLDS_AT_ONCE; folds++) if (!(await fold(call, by))) return
    } catch (error) {
      log.warn({ err: error, session_id: call.sessionId }, 'a summary could not be refreshed')
    }
  }

  return {
    /** consider refreshes the summary of a conversation where that is due, and returns at once. */
    consider({ userId, sessionId }: SideCall): void {
      if (!summariser || underWay.has(sessionId) || underWay.size >= AT_ONCE) return
      const work = refresh({ userId, sessionId }, summariser).finally(() => underWay.delete(sessionId))
      underWay.set(sessionId, work)
    },

    /** idle resolves when no summary is being written. */
    async idle(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay.values())
    },
  }
}
