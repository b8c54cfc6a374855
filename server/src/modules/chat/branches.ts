import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import type { ChatMessage, ChatSession } from './repository.ts'
import { chatMessages, chatSessions } from './schema.ts'

/** MessageVersions is a message with how many there are in its place, itself included. */
export type MessageVersions = ChatMessage & { versionCount: number }

/** versionCount is, for a row of `chat_messages`, how many messages stand in its place. */
export const versionCount = sql<number>`(
  SELECT count(*) FROM ${chatMessages} AS version WHERE version.after_id = "chat_messages"."after_id"
)`.mapWith(Number)

/** Branches reads and shows the versions of messages. */
export type Branches = ReturnType<typeof createBranches>

/** createBranches makes them over a database. */
export function createBranches(db: Database) {
  return {
    /** message gives a message of a session that is not deleted, with its session. */
    async message(messageId: string): Promise<{ message: ChatMessage; session: ChatSession } | undefined> {
      const [row] = await db
        .select({ message: chatMessages, session: chatSessions })
        .from(chatMessages)
        .innerJoin(chatSessions, eq(chatSessions.id, chatMessages.sessionId))
        .where(and(eq(chatMessages.id, messageId), isNull(chatSessions.deletedAt)))
      return row
    },

    /** versions lists the messages in one place, newest first, one more than `limit` when there are more. */
    versions(query: { afterId: string; limit: number; before: string | undefined }): Promise<ChatMessage[]> {
      return db
        .select()
        .from(chatMessages)
        .where(
          and(
            eq(chatMessages.afterId, query.afterId),
            query.before === undefined ? undefined : lt(chatMessages.id, query.before),
          ),
        )
        .orderBy(desc(chatMessages.id))
        .limit(query.limit + 1)
    },

    /**
     * showVersion makes a message current, with the way to it and, of what follows it, the branch that was written in
     * last. Says which run is in the way, if one is: its answer belongs to the conversation as it is shown.
     */
    showVersion(version: {
      sessionId: string
      messageId: string
    }): Promise<'shown' | 'session_gone' | { runId: string }> {
      const { sessionId, messageId } = version
      return db.transaction(async (tx) => {
        const [session] = await tx
          .select({ id: chatSessions.id })
          .from(chatSessions)
          .where(and(eq(chatSessions.id, sessionId), isNull(chatSessions.deletedAt)))
          .for('update')
        if (!session) return 'session_gone'
        const { rows: running } = await tx.execute<{ id: string }>(
          sql`SELECT id FROM chat_runs WHERE session_id = ${sessionId} AND status = 'running'`,
        )
        if (running[0]) return { runId: running[0].id }
        const [chosen] = await tx
          .select({ isCurrent: chatMessages.isCurrent })
          .from(chatMessages)
          .where(eq(chatMessages.id, messageId))
        if (chosen?.isCurrent) return 'shown'
        const { rows } = await tx.execute<{ id: string }>(sql`
          WITH RECURSIVE below AS (
            SELECT id FROM ${chatMessages} WHERE id = ${messageId}
            UNION ALL
            SELECT m.id FROM ${chatMessages} AS m JOIN below ON m.after_id = below.id
          ) SELECT id FROM below ORDER BY id DESC LIMIT 1`)
        await tx.execute(sql`SELECT show_branch(${sessionId}, ${rows[0]?.id ?? messageId})`)
        return 'shown'
      })
    },
  }
}
