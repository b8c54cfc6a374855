import { and, desc, eq, inArray, isNull, lt } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { chatFeedback, chatMessages, chatRuns, chatSessions } from './schema.ts'

/** ChatFeedback is what an owner says of an answer, as stored. */
export type ChatFeedback = typeof chatFeedback.$inferSelect

/** FeedbackRating is an owner's verdict on an answer. */
export type FeedbackRating = ChatFeedback['rating']

/** FeedbackRepository reads and writes what owners say of answers. */
export type FeedbackRepository = ReturnType<typeof createFeedbackRepository>

/** createFeedbackRepository makes the repository over a database. */
export function createFeedbackRepository(db: Database) {
  return {
    /** ofMessages gives what was said of these messages, by their ids. */
    async ofMessages(messageIds: string[]): Promise<Map<string, ChatFeedback>> {
      const rows = await db.select().from(chatFeedback).where(inArray(chatFeedback.messageId, messageIds))
      return new Map(rows.map((row) => [row.messageId, row]))
    },

    /** modelOf names the model that gave an answer, undefined where that was not kept. */
    async modelOf(runId: string): Promise<string | undefined> {
      const [run] = await db.select({ model: chatRuns.model }).from(chatRuns).where(eq(chatRuns.id, runId))
      return run?.model ?? undefined
    },

    /** put stores what is said of an answer, in place of what was said before. */
    async put(feedback: Omit<ChatFeedback, 'createdAt' | 'updatedAt'> & { at: Date }): Promise<ChatFeedback> {
      const { at, ...values } = feedback
      const { rating, note, model } = values
      const [row] = await db
        .insert(chatFeedback)
        .values({ ...values, createdAt: at, updatedAt: at })
        .onConflictDoUpdate({ target: chatFeedback.messageId, set: { rating, note, model, updatedAt: at } })
        .returning()
      if (!row) throw new Error('the upsert of a feedback returned no row')
      return row
    },

    /** remove takes back what was said of an answer, if anything was. */
    async remove(messageId: string): Promise<void> {
      await db.delete(chatFeedback).where(eq(chatFeedback.messageId, messageId))
    },

    /**
     * list gives what was said of all answers, the newest first, one more than `limit` when there are more; but not of
     * conversations that their owners have deleted.
     */
    async list(query: {
      rating: FeedbackRating | undefined
      limit: number
      before: string | undefined
    }): Promise<ChatFeedback[]> {
      const rows = await db
        .select({ feedback: chatFeedback })
        .from(chatFeedback)
        .innerJoin(chatMessages, eq(chatMessages.id, chatFeedback.messageId))
        .innerJoin(chatSessions, eq(chatSessions.id, chatMessages.sessionId))
        .where(
          and(
            isNull(chatSessions.deletedAt),
            query.rating && eq(chatFeedback.rating, query.rating),
            query.before === undefined ? undefined : lt(chatFeedback.id, query.before),
          ),
        )
        .orderBy(desc(chatFeedback.id))
        .limit(query.limit + 1)
      return rows.map(({ feedback }) => feedback)
    },
  }
}
