import { and, desc, eq, getTableColumns, isNull, lt, ne, or, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import type { HistoryMessage } from '../agent/index.ts'
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
    ...createBranches(db),

    /** session gives a session that is not deleted. */
    async session(sessionId: string): Promise<ChatSession | undefined> {
      const [session] = await db
        .select()
        .from(chatSessions)
        .where(and(eq(chatSessions.id, sessionId), isNull(chatSessions.deletedAt)))
      return session
    },

    /** sessions lists those of a business, the last used first, one more than `limit` when there are more. */
    sessions(query: {
      businessId: string
      limit: number
      before: { updatedAt: Date; id: string } | undefined
    }): Promise<ChatSession[]> {
      const { before } = query
      return (
        db
          .select()
          .from(chatSessions)
          .where(
            and(
              eq(chatSessions.businessId, query.businessId),
              isNull(chatSessions.deletedAt),
              before &&
                or(
                  lt(chatSessions.updatedAt, before.updatedAt),
                  and(eq(chatSessions.updatedAt, before.updatedAt), lt(chatSessions.id, before.id)),
                ),
            ),
          )
          // As the index has it; the columns are never null, but the planner wants the same words.
          .orderBy(sql`${chatSessions.updatedAt} DESC NULLS LAST, ${chatSessions.id} DESC NULLS LAST`)
          .limit(query.limit + 1)
      )
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

    /** historyBefore gives what was said before a message, oldest first, at most `limit` messages of the current branch. */
    async historyBefore(query: { sessionId: string; messageId: string; limit: number }): Promise<HistoryMessage[]> {
      const rows = await db
        .select({ role: chatMessages.role, content: chatMessages.content, toolCalls: chatMessages.toolCalls })
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
      return rows.toReversed().map(({ role, content, toolCalls }) => ({
        role,
        content,
        ...(toolCalls ? { toolCalls: toolCalls.map(({ call_id, ...call }) => ({ callId: call_id, ...call })) } : {}),
      }))
    },

    /** rename gives a session another title and returns it, undefined when it is not there any more. */
    async rename(sessionId: string, title: string): Promise<ChatSession | undefined> {
      const [session] = await db
        .update(chatSessions)
        .set({ title })
        .where(and(eq(chatSessions.id, sessionId), isNull(chatSessions.deletedAt)))
        .returning()
      return session
    },

    /** softDelete takes a session out of sight; no run starts in it from then on. */
    async softDelete(sessionId: string, at: Date): Promise<void> {
      await db.update(chatSessions).set({ deletedAt: at }).where(eq(chatSessions.id, sessionId))
    },
  }
}
