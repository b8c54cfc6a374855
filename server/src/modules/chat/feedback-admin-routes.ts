import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { idOfCursor, sendPage } from '../../platform/http/paging.ts'
import type { FeedbackService } from './feedback.ts'
import { adminFeedbackDto, adminFeedbackQuery, toAdminFeedbackDto } from './feedback-dto.ts'

/** feedbackAdminRoutes show admins what is thought of the advisor's answers. */
export function feedbackAdminRoutes({ feedback }: { feedback: FeedbackService }): (app: App) => Promise<void> {
  return async (app) => {
    app.get(
      '/admin/chat/feedback',
      {
        config: { access: 'admin' },
        schema: {
          tags: ['Admin'],
          summary: 'What owners said of answers, newest first',
          description: 'Ratings and notes; never the conversation, its title, or who it is.',
          querystring: adminFeedbackQuery,
          response: { 200: z.array(adminFeedbackDto) },
        },
      },
      async (request, reply) => {
        const { rating, limit, cursor } = request.query
        const before = idOfCursor(cursor)
        const page = await feedback.listForAdmins({ rating, limit, before })
        return sendPage(request, reply, page).map(toAdminFeedbackDto)
      },
    )
  }
}
