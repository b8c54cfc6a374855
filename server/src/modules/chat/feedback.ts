import type { Clock } from '../../platform/clock.ts'
import { pgErrorCode } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { type Page, pageOf } from '../../platform/http/paging.ts'
import { newId } from '../../platform/ids.ts'
import type { ChatFeedback, FeedbackRating, FeedbackRepository } from './feedback-repository.ts'
import type { ChatAccess } from './chat-access.ts'

/** FeedbackService is what owners say of answers, and what admins see of it. */
export type FeedbackService = ReturnType<typeof createFeedbackService>

const FOREIGN_KEY = '23503'

/** createFeedbackService wires the service; `advisor` names who gives answers of which that was not kept. */
export function createFeedbackService(deps: {
  repository: FeedbackRepository
  access: Pick<ChatAccess, 'message'>
  clock: Clock
  advisor: string
}) {
  const { repository, access, clock } = deps

  return {
    /** rate stores what an owner says of an answer of theirs, in place of what they said before. */
    async rate(
      userId: string,
      feedback: { messageId: string; rating: FeedbackRating; note: string | null },
    ): Promise<ChatFeedback> {
      const { message } = await access.message(userId, feedback.messageId)
      const { id: messageId, role, status, runId } = message
      if (role !== 'assistant' || status === 'streaming')
        throw problem.conflict('not_an_answer', 'Only answers of the advisor that are finished can be rated.')
      const { rating, note } = feedback
      const model = (runId && (await repository.modelOf(runId))) || deps.advisor
      try {
        return await repository.put({ id: newId(), messageId, rating, note, model, at: clock.now() })
      } catch (error) {
        // Erased since it was looked at.
        if (pgErrorCode(error) === FOREIGN_KEY) throw problem.notFound()
        throw error
      }
    },

    /** takeBack removes what an owner said of an answer of theirs; nothing happens when they said nothing. */
    async takeBack(userId: string, messageId: string): Promise<void> {
      const { message } = await access.message(userId, messageId)
      await repository.remove(message.id)
    },

    /** listForAdmins gives ratings and notes, the newest first; never whose, nor of what. For admins' routes only. */
    async listForAdmins(query: {
      rating: FeedbackRating | undefined
      limit: number
      before: string | undefined
    }): Promise<Page<ChatFeedback>> {
      return pageOf(await repository.list(query), query.limit, (last) => ({ id: last.id }))
    },
  }
}
