import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import type { Summariser } from '../agent/index.ts'
import { afterSummary, type StoredSummary } from './after-summary.ts'
import type { ChatRepository } from './repository.ts'
import { within } from './run-registry.ts'
import { chatSessions } from './schema.ts'

/** HISTORY_LIMIT is how many messages of a conversation are read for one answer. */
export const HISTORY_LIMIT = 200

/** SessionSummaries keeps the summaries of conversations up to date. */
export type SessionSummaries = ReturnType<typeof createSessionSummaries>

// More at once would take the model from the answers that people wait for.
const AT_ONCE = 2
// A conversation that grew long without a summary is caught up with in a few calls, and the rest after the next answer.
const FOLDS_AT_ONCE = 3
// Nothing is lost with a summary, so the process does not wait long for one.
const CLOSE_MS = 500

/**
 * createSessionSummaries makes the keeper of summaries. Refreshing one happens behind everybody's back: nothing waits for
 * it, and what fails is done after the next answer. Without a Summariser, as with the offline advisor, there are none.
 */
export function createSessionSummaries(deps: {
  db: Database
  repository: Pick<ChatRepository, 'said'>
  summariser: Summariser | undefined
  log: Log
}) {
  const { db, summariser, log } = deps
  const closing = new AbortController()
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

  async function fold(sessionId: string, by: Summariser): Promise<boolean> {
    const said = await deps.repository.said({ sessionId, limit: HISTORY_LIMIT })
    if (!said) return false
    const { rows, summary } = afterSummary({ rows: said.history, stored: said.summary })
    const messages = rows.slice(0, by.foldable(rows))
    const last = messages.at(-1)
    if (!last) return false
    const { text, usage, model } = await by.summarise({ previous: summary, messages }, closing.signal)
    log.info({ session_id: sessionId, messages: messages.length, usage, model }, 'a conversation was summarised')
    return keep(sessionId, said.summaryUntil, { text, until: last.id })
  }

  async function refresh(sessionId: string, by: Summariser): Promise<void> {
    try {
      for (let folds = 0; folds < FOLDS_AT_ONCE; folds++) if (!(await fold(sessionId, by))) return
    } catch (error) {
      if (!closing.signal.aborted) log.warn({ err: error, session_id: sessionId }, 'a summary could not be refreshed')
    }
  }

  return {
    /** consider refreshes the summary of a conversation where that is due, and returns at once. */
    consider(sessionId: string): void {
      if (!summariser || closing.signal.aborted || underWay.has(sessionId) || underWay.size >= AT_ONCE) return
      const work = refresh(sessionId, summariser).finally(() => underWay.delete(sessionId))
      underWay.set(sessionId, work)
    },

    /** idle resolves when no summary is being written. */
    async idle(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay.values())
    },

    /** close ends what is under way. */
    async close(): Promise<void> {
      closing.abort()
      await within(CLOSE_MS, Promise.all(underWay.values()))
    },
  }
}
