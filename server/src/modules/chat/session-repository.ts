import { and, desc, eq, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import type { ChatSession } from './repository.ts'
import { chatSessions } from './schema.ts'

/** SessionShelf is where conversations lie: those in use (all, pinned or not), or those that were deleted. */
export type SessionShelf = 'all' | 'pinned' | 'unpinned' | 'deleted'

/** SessionRepository reads and writes conversations, but not what is said in them. */
export type SessionRepository = ReturnType<typeof createSessionRepository>

const present = isNull(chatSessions.deletedAt)
const lastUsed = chatSessions.updatedAt
const PURGED_AT_ONCE = 100

/** createSessionRepository makes the repository over a database. */
export function createSessionRepository(db: Database) {
  async function change(
    sessionId: string,
    values: Partial<Pick<ChatSession, 'title' | 'titleSource' | 'pinned'>>,
    unless = present,
  ): Promise<ChatSession | undefined> {
    const [session] = await db
      .update(chatSessions)
      .set(values)
      .where(and(eq(chatSessions.id, sessionId), present, unless))
      .returning()
    return session
  }

  return {
    /** findAny gives a session, deleted or not. */
    async findAny(sessionId: string): Promise<ChatSession | undefined> {
      const [session] = await db.select().from(chatSessions).where(eq(chatSessions.id, sessionId))
      return session
    },

    /**
     * list gives those of a business on one shelf, one more than `limit` when there are more: the last used first, and
     * of the deleted ones the last deleted.
     */
    list(query: {
      businessId: string
      shelf: SessionShelf
      limit: number
      before: { at: Date; id: string } | undefined
    }): Promise<ChatSession[]> {
      const { before, shelf } = query
      const order = shelf === 'deleted' ? chatSessions.deletedAt : lastUsed
      return (
        db
          .select()
          .from(chatSessions)
          .where(
            and(
              eq(chatSessions.businessId, query.businessId),
              shelf === 'deleted' ? isNotNull(chatSessions.deletedAt) : present,
              shelf === 'pinned' ? sql`${chatSessions.pinned}` : undefined,
              shelf === 'unpinned' ? sql`NOT ${chatSessions.pinned}` : undefined,
              before && or(lt(order, before.at), and(eq(order, before.at), lt(chatSessions.id, before.id))),
            ),
          )
          // As the index has it; the columns are never null, but the planner wants the same words.
          .orderBy(sql`${order} DESC NULLS LAST, ${chatSessions.id} DESC NULLS LAST`)
          .limit(query.limit + 1)
      )
    },

    /** change sets what an owner may set of a session, undefined when it is not there any more. */
    change: (sessionId: string, values: { title?: string; pinned?: boolean }) =>
      change(sessionId, { ...values, ...(values.title === undefined ? {} : { titleSource: 'owner' }) }),

    /** titleByModel gives a session the title of a model, unless it has another than the one it began with by now. */
    titleByModel: (sessionId: string, title: string) =>
      change(sessionId, { title, titleSource: 'model' }, eq(chatSessions.titleSource, 'message')),

    /** softDelete takes a session out of sight; no run starts in it from then on. */
    async softDelete(sessionId: string, at: Date): Promise<void> {
      await db.update(chatSessions).set({ deletedAt: at }).where(eq(chatSessions.id, sessionId))
    },

    /** restore brings a session back as it was. */
    async restore(sessionId: string): Promise<ChatSession | undefined> {
      const [session] = await db
        .update(chatSessions)
        .set({ deletedAt: null })
        .where(eq(chatSessions.id, sessionId))
        .returning()
      return session
    },

    /** purge erases some of the sessions deleted before an instant, with all that was said, and tells how many it took. */
    async purge(before: Date): Promise<{ purged: number; more: boolean }> {
      // Locked one by one, so that a session restored meanwhile is passed over, and several servers share the work.
      const old = db
        .select({ id: chatSessions.id })
        .from(chatSessions)
        .where(lt(chatSessions.deletedAt, before))
        .orderBy(desc(chatSessions.deletedAt))
        .limit(PURGED_AT_ONCE)
        .for('update', { skipLocked: true })
      const gone = await db
        .delete(chatSessions)
        .where(sql`${chatSessions.id} IN ${old}`)
        .returning({ id: chatSessions.id })
      return { purged: gone.length, more: gone.length === PURGED_AT_ONCE }
    },
  }
}
