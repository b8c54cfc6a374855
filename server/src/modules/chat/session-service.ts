import type { Clock } from '../../platform/clock.ts'
import { problem } from '../../platform/errors.ts'
import { type Page, pageOf } from '../../platform/http/paging.ts'
import { purgeTime } from './session-purge.ts'
import type { ChatAccess } from './chat-access.ts'
import type { ChatSession } from './repository.ts'
import type { SessionRepository, SessionShelf } from './session-repository.ts'

/** SessionService keeps an owner's conversations in order. Everything of somebody else's is 404. */
export type SessionService = ReturnType<typeof createSessionService>

/** createSessionService wires the service. */
export function createSessionService(deps: { sessions: SessionRepository; access: ChatAccess; clock: Clock }) {
  const { sessions, access, clock } = deps

  return {
    /**
     * getBusinessSessions lists the conversations of a business (the caller's first without one): the last used first,
     * and of the deleted ones the last deleted.
     */
    async getBusinessSessions(
      userId: string,
      query: {
        businessId: string | undefined
        shelf: SessionShelf
        limit: number
        before: { at: Date; id: string } | undefined
      },
    ): Promise<Page<ChatSession>> {
      const { id: businessId } = await access.business(userId, query.businessId)
      const rows = await sessions.list({ ...query, businessId })
      const cursorAt = ({ deletedAt, updatedAt }: ChatSession) => deletedAt ?? updatedAt
      return pageOf(rows, query.limit, (last) => ({ at: cursorAt(last).toISOString(), id: last.id }))
    },

    /** updateSession gives a conversation another title, pins or unpins it; when it was last used stays as it was. */
    async updateSession(
      userId: string,
      sessionId: string,
      change: { title?: string | undefined; pinned?: boolean | undefined },
    ): Promise<ChatSession> {
      const { session } = await access.session(userId, sessionId)
      const { title, pinned } = change
      if (title === undefined && pinned === undefined) return session
      const changed = await sessions.change(session.id, {
        ...(title === undefined ? {} : { title }),
        ...(pinned === undefined ? {} : { pinned }),
      })
      if (!changed) throw problem.notFound()
      return changed
    },

    /** restoreSession brings a deleted conversation back as it was; one that is not deleted stays as it is. */
    async restoreSession(userId: string, sessionId: string): Promise<ChatSession> {
      const session = await sessions.findAny(sessionId)
      if (!session) throw problem.notFound()
      await access.business(userId, session.businessId)
      if (!session.deletedAt) return session
      // Its time is over, whether or not it has been erased yet.
      if (purgeTime(session.deletedAt) <= clock.now()) throw problem.notFound()
      const restored = await sessions.restore(session.id)
      if (!restored) throw problem.notFound()
      return restored
    },
  }
}
