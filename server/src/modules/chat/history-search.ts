import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../../platform/db/database.ts'
import type { SearchHistory } from '../agent/index.ts'
import { chatMessages, chatSessions } from './schema.ts'

const rows = z.array(
  z.object({ title: z.string(), role: z.enum(['user', 'assistant']), excerpt: z.string(), said_at: z.coerce.date() }),
)

// Of the newest messages, so many are looked at.
const NEWEST = 5_000
// What is searched of a message, in characters; see migration 0006.
const READ = 20_000

/**
 * createHistorySearch makes the search that the advisor has: any of the words in what is shown, the most fitting messages first, with
 * an excerpt around the words. Whoever calls has checked the business.
 */
export function createHistorySearch(db: Database): SearchHistory {
  return async ({ businessId, query, limit, exceptRunId }) => {
    const found = await db.execute(sql`
      WITH words AS (
        SELECT to_tsquery('simple', array_to_string(tsvector_to_array(chat_search_words(${query})), ' | ')) AS q
      ), said AS (
        SELECT s.title, m.role, m.content, m.search, m.created_at
        FROM ${chatMessages} AS m JOIN ${chatSessions} AS s ON s.id = m.session_id
        WHERE s.business_id = ${businessId} AND s.deleted_at IS NULL AND m.is_current
          AND m.run_id IS DISTINCT FROM ${exceptRunId}::uuid
        ORDER BY m.id DESC LIMIT ${NEWEST}
      )
      SELECT title, role, created_at AS said_at,
        ts_headline('simple', left(content, ${READ}), q, 'StartSel="", StopSel="", MinWords=25, MaxWords=60') AS excerpt
      FROM said, words WHERE search @@ q
      ORDER BY ts_rank(search, q) DESC, created_at DESC LIMIT ${limit}`)
    return rows.parse(found.rows).map(({ title, role, excerpt, said_at: saidAt }) => ({ title, role, excerpt, saidAt }))
  }
}
