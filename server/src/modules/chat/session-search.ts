import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../../platform/db/database.ts'
import { type Page, pageOf } from '../../platform/http/paging.ts'
import { excerptOf, type Excerpt, type Highlight, highlightsOf } from './excerpt.ts'
import type { ChatAccess } from './chat-access.ts'
import { chatMessages, chatSessions } from './schema.ts'
import { prefixQuery, wordsAsked } from './words-of.ts'

/** FoundSession is a conversation that a search found: where in its title, and the message that answers best. */
export type FoundSession = {
  id: string
  title: string
  businessId: string
  pinned: boolean
  createdAt: Date
  updatedAt: Date
  titleHighlights: Highlight[]
  message: { id: string; role: 'user' | 'assistant'; createdAt: Date; excerpt: Excerpt } | null
  matchingMessages: number
}

/** SearchPlace is where a page of results ended. */
export type SearchPlace = { score: number; at: string; id: string }

/** SessionSearch finds conversations. */
export type SessionSearch = ReturnType<typeof createSessionSearch>

// Of titles the last used ones and of messages the newest ones are ranked; who matches more often asks too little.
const RANKED_TITLES = 1_000
const RANKED_MESSAGES = 2_000
// As many characters of a message as are indexed.
const SEARCHED_CHARACTERS = 20_000

const instant = z.coerce.date()
const foundRow = z.object({
  id: z.string(),
  title: z.string(),
  business_id: z.string(),
  pinned: z.boolean(),
  created_at: instant,
  updated_at: instant,
  score: z.number(),
  messages: z.number(),
  message_id: z.string().nullable(),
  role: z.enum(['user', 'assistant']).nullable(),
  content: z.string().nullable(),
  said_at: instant.nullable(),
})

/** createSessionSearch makes the search over a database. */
export function createSessionSearch({ db, access }: { db: Database; access: ChatAccess }) {
  return {
    /**
     * search finds the conversations of a business (the caller's first without one) in whose title, or in one of whose
     * messages as they are shown, every word of the question begins a word. Best first: a title counts more than any message; then the
     * last used. Deleted conversations are not found.
     */
    async search(
      userId: string,
      query: {
        question: string
        businessId: string | undefined
        limit: number
        after: SearchPlace | undefined
      },
    ): Promise<Page<FoundSession>> {
      const { id: businessId } = await access.business(userId, query.businessId)
      const words = wordsAsked(query.question)
      if (words.length === 0) return { items: [], next: null }
      const { rows } = await db.execute(found({ ...query, businessId, tsquery: prefixQuery(words) }))
      const page = pageOf(z.array(foundRow).parse(rows), query.limit, ({ score, updated_at: at, id }) => ({
        score,
        at: at.toISOString(),
        id,
      }))
      return { items: page.items.map((row) => foundSession(row, words)), next: page.next }
    },
  }
}

function found(query: { businessId: string; tsquery: string; limit: number; after: SearchPlace | undefined }) {
  const { after } = query
  // A row: …-4f1 | Harga kopi | score 1060792 (a title by its rank 0.0608) | 3 messages | the best of them.
  return sql`
    WITH asked AS (SELECT to_tsquery('simple', ${query.tsquery}) AS words),
    titles AS (
      SELECT s.id AS session_id, 1 + ts_rank(s.search, asked.words, 1) AS rank
      FROM ${chatSessions} AS s, asked
      WHERE s.business_id = ${query.businessId} AND s.deleted_at IS NULL AND s.search @@ asked.words
      ORDER BY s.updated_at DESC LIMIT ${RANKED_TITLES}
    ), said AS (
      SELECT m.session_id, m.id, ts_rank(m.search, asked.words, 1) AS rank
      FROM ${chatSessions} AS s JOIN ${chatMessages} AS m ON m.session_id = s.id, asked
      WHERE s.business_id = ${query.businessId} AND s.deleted_at IS NULL AND m.is_current AND m.search @@ asked.words
      ORDER BY m.id DESC LIMIT ${RANKED_MESSAGES}
    ), best AS (
      SELECT DISTINCT ON (session_id) session_id, id, rank, count(*) OVER (PARTITION BY session_id) AS messages
      FROM said ORDER BY session_id, rank DESC, id DESC
    ), scored AS (
      SELECT session_id, best.id AS message_id, coalesce(best.messages, 0) AS messages,
        round((coalesce(titles.rank, 0) + coalesce(best.rank, 0))::numeric * 1000000)::int AS score
      FROM titles FULL JOIN best USING (session_id)
    )
    SELECT s.id, s.title, s.business_id, s.pinned, s.created_at, s.updated_at, f.score, f.messages,
      m.id AS message_id, m.role, left(m.content, ${SEARCHED_CHARACTERS}) AS content, m.created_at AS said_at
    FROM scored AS f JOIN ${chatSessions} AS s ON s.id = f.session_id LEFT JOIN ${chatMessages} AS m ON m.id = f.message_id
    ${after ? sql`WHERE (f.score, s.updated_at, s.id) < (${after.score}, ${after.at}::timestamptz, ${after.id}::uuid)` : sql``}
    ORDER BY f.score DESC, s.updated_at DESC, s.id DESC
    LIMIT ${query.limit + 1}`
}

function foundSession(row: z.output<typeof foundRow>, words: string[]): FoundSession {
  const { message_id: messageId, role, said_at: saidAt } = row
  return {
    id: row.id,
    title: row.title,
    businessId: row.business_id,
    pinned: row.pinned,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    titleHighlights: highlightsOf(row.title, words),
    message:
      messageId === null || role === null || saidAt === null
        ? null
        : { id: messageId, role, createdAt: saidAt, excerpt: excerptOf(row.content ?? '', words) },
    matchingMessages: row.messages,
  }
}
