import { and, desc, eq, getTableColumns, gt, isNull, lt, ne, or, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import type { HistoryRow } from './after-summary.ts'
import { createAnswerProgress } from './answer-progress.ts'
import { createBranches, type MessageVersions, versionCount } from './branches.ts'
import { createRunRows } from './run-rows.ts'
import { chatMessages, chatSessions } from './schema.ts'

export type { AnswerRows, ChatRun, FinishedRun, KeptStatus, NewRun, StartResult } from './run-rows.ts'

/** ChatSession is a conversation as stored. */
export type ChatSession = typeof chatSessions.$inferSelect
/** ChatMessage is something that was said, as stored. */
export type ChatMessage = typeof chatMessages.$inferSelect

/** ChatRepository reads and writes sessions, runs and messages. */
export type ChatRepository = ReturnType<typeof createChatRepository>

/** createChatRepository makes the repository over a database. */
export function createChatRepository(db: Database) {
  return {
    ...createRunRows(db),
    ...createAnswerProgress(db),
    ...createBranches(db),

    /** session gives a session that is not deleted. */
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

    /** historyBefore gives what was said before a message, oldest first, at most `limit` messages of the current branch. */
    async historyBefore(query: { sessionId: string; messageId: string; limit: number }): Promise<HistoryRow[]> {
      const rows = await db
        .select({
          id: chatMessages.id,
          role: chatMessages.role,
          content: chatMessages.content,
          toolCalls: chatMessages.toolCalls,
        })
        .from(chatMessages)
        .where(
          and(
            eq(chatMessages.sessionId, query.sessionId),
            lt(chatMessages.id, query.messageId),
            eq(chatMessages.isCurrent, true),
            ne(chatMessages.status, 'streaming'),
            // An answer that failed before its first word has nothing to remember, and models refuse empty turns.
            or(ne(chatMessages.content, ''), sql`${chatMessages.toolCalls} IS NOT NULL`),
          ),
        )
        .orderBy(desc(chatMessages.id))
        .limit(query.limit)
      return rows.toReversed().map(({ id, role, content, toolCalls }) => ({
        id,
        role,
        content,
        ...(toolCalls ? { toolCalls: toolCalls.map(({ call_id, ...call }) => ({ callId: call_id, ...call })) } : {}),
      }))
    },
  }
}
