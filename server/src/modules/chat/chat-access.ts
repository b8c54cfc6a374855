import { Problem, problem } from '../../platform/errors.ts'
import type { businesses } from '../business/index.ts'
import type { ChatMessage, ChatRepository, ChatRun, ChatSession } from './repository.ts'

/** Business is a business as stored. */
export type Business = typeof businesses.$inferSelect

/** BusinessAccess is what the chat needs of the business module: it decides whose a business is, and throws 404. */
export type BusinessAccess = { businessFor(userId: string, businessId?: string): Promise<Business> }

/** OwnSession is a conversation that its reader may see, with the business that it is about. */
export type OwnSession = { session: ChatSession; business: Business }

/** ChatAccess finds what is a user's own. Everything of somebody else's, or that is not there, is 404. */
export type ChatAccess = ReturnType<typeof createChatAccess>

/** createChatAccess makes it; the first line of every method of the chat goes through it. */
export function createChatAccess(deps: {
  repository: Pick<ChatRepository, 'ownSession' | 'run' | 'message'>
  business: BusinessAccess
}) {
  const { repository, business } = deps

  async function session(userId: string, sessionId: string): Promise<OwnSession> {
    const own = await repository.ownSession(userId, sessionId)
    if (!own) throw problem.notFound()
    return own
  }

  return {
    business: (userId: string, businessId?: string): Promise<Business> => business.businessFor(userId, businessId),

    session,

    /** maySee tells whether a session may be seen, for whom "no" is an answer. */
    async maySee(userId: string, { businessId }: Pick<ChatSession, 'businessId'>): Promise<boolean> {
      try {
        await business.businessFor(userId, businessId)
        return true
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return false
        throw error
      }
    },

    async run(userId: string, runId: string): Promise<ChatRun> {
      const found = await repository.run(runId)
      if (!found) throw problem.notFound()
      await business.businessFor(userId, found.session.businessId)
      return found.run
    },

    async message(userId: string, messageId: string): Promise<OwnSession & { message: ChatMessage }> {
      const found = await repository.message(messageId)
      if (!found) throw problem.notFound()
      return { ...found, business: await business.businessFor(userId, found.session.businessId) }
    },
  }
}
