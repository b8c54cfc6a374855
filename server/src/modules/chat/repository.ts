import { and, desc, eq, getTableColumns, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { accessibleBusiness, businesses } from '../business/index.ts'
import type { HistoryRow, StoredSummary } from './after-summary.ts'
import { createAnswerProgress } from './answer-progress.ts'
import { createBranches, type MessageVersions, versionCount } from './branches.ts'
import type { OwnSession } from './chat-access.ts'
import { createRunRows } from './run-rows.ts'
import { historyRows } from './run-start-row.ts'
import { chatMessages, chatSessions } from './schema.ts'

export type { AnswerRows, ChatRun, FinishedRun, KeptStatus, NewRun, StartResult } from './run-rows.ts'

/** ChatSession is a conversation as stored. */
export type ChatSession = typeof chatSessions.$inferSelect
/** ChatMessage is something that was said, as stored. */
export type ChatMessage = typeof chatMessages.$inferSelect

/** Said is what was said in a conversation. `summaryUntil` is where the summary that it has ends, of whichever branch. */
export type Said = { history: HistoryRow[]; summary: StoredSummary | undefined; summaryUntil: string | null }

const AFTER_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** ChatRepository reads and writes sessions, runs and messages. */
export type ChatRepository = ReturnType<typeof createChatRepository>

/** createChatRepository makes the repository over a database. */
export function createChatRepository(db: Database) {
  const ownSession = db
    .select({ session: chatSessions, business: businesses })
    .from(chatSessions)
    .innerJoin(businesses, eq(businesses.id, accessibleBusiness(sql.placeholder('userId'), chatSessions.businessId)))
    .where(and(eq(chatSessions.id, sql.placeholder('sessionId')), isNull(chatSessions.deletedAt)))
    .prepare('own_session')

  return {
    ...createRunRows(db),
    ...createAnswerProgress(db),
    ...createBranches(db),

    /** ownSession gives a session that is not deleted, with its business, where the user may act for that. */
    async ownSession(userId: string, sessionId: string): Promise<OwnSession | undefined> {
      const [found] = await ownSession.execute({ userId, sessionId })
      return found
    },

    /** session gives a session that is not deleted, whosever it is. */
    async session(sessionId: string): Promise<ChatSession | undefined> {
      const [session] = await db
        .select()
        .from(chatSessions)
        .where(and(eq(chatSessions.id, sessionId), isNull(chatSessions.deletedAt)))
      return session
    },

    /** messages lists the newest current ones of a session, newest first, one more than `limit` when there are more. */
    messages(query: { sessionId: string; limit: number; before: string | undefined }): Promise<MessageVersions[]> {
      return db
        .select({ ...getTableColumns(chatMessages), versionCount })
        .from(chatMessages)
        .where(
          and(
            eq(chatMessages.sessionId, query.sessionId),
            eq(chatMessages.isCurrent, true),
            query.before === undefined ? undefined : lt(chatMessages.id, query.before),
          ),
        )
        .orderBy(desc(chatMessages.id))
        .limit(query.limit + 1)
    },

    /** messagesAfter gives the current messages of a session after one of them, or from the start, oldest first. */
    messagesAfter(query: { sessionId: string; after: string | undefined; limit: number }): Promise<ChatMessage[]> {
      return db
        .select()
        .from(chatMessages)
        .where(
          and(
            eq(chatMessages.sessionId, query.sessionId),
            eq(chatMessages.isCurrent, true),
            query.after === undefined ? undefined : gt(chatMessages.id, query.after),
          ),
        )
        .orderBy(chatMessages.id)
        .limit(query.limit)
    },

    /**
     * said gives what was said in a session that is not deleted, oldest first, at most `limit` messages of the current
     * branch, and its summary where that is of this branch. One statement, so that both are of the same moment.
     */
    async said({ sessionId, limit }: { sessionId: string; limit: number }): Promise<Said | undefined> {
      const [row] = await db
        .select({
          history: sql<unknown>`chat_history(${chatSessions.id}, ${AFTER_ALL}, ${limit})`,
          text: chatSessions.summary,
          summaryUntil: chatSessions.summaryUntil,
          until: chatMessages.id,
        })
        .from(chatSessions)
        .leftJoin(chatMessages, and(eq(chatMessages.id, chatSessions.summaryUntil), eq(chatMessages.isCurrent, true)))
        .where(and(eq(chatSessions.id, sessionId), isNull(chatSessions.deletedAt)))
      if (!row) return undefined
      const { text, until, summaryUntil } = row
      return {
        history: historyRows.parse(row.history),
        summary: text !== null && until !== null ? { text, until } : undefined,
        summaryUntil,
      }
    },
  }
}
