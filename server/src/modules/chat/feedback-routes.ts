import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { idSchema } from '../../platform/text.ts'
import { callerOf } from '../auth/index.ts'
import type { FeedbackService } from './feedback.ts'
import { feedbackBody, feedbackDto, toFeedbackDto } from './feedback-dto.ts'

const tags = ['Chat']
const params = z.object({ id: idSchema })

/** feedbackRoutes are how owners say what they think of answers. */
export function feedbackRoutes({ feedback }: { feedback: FeedbackService }): (app: App) => Promise<void> {
  return async (app) => {
    app.put(
      '/chat/messages/:id/feedback',
      {
        config: { access: 'user', problems: [409] },
        schema: {
          tags,
          summary: 'Rate an answer',
          description:
            'Takes the place of what was said before, the note included. Admins see rating and note, but neither the ' +
            'conversation nor whose it is. 409 `not_an_answer` for anything but a finished answer.',
          params,
          body: feedbackBody,
          response: { 200: feedbackDto },
        },
      },
      async (request) => {
        const { rating, note } = request.body
        const messageId = request.params.id
        return toFeedbackDto(
          // A note in which nothing can be seen is none.
          await feedback.rate(callerOf(request).userId, { messageId, rating, note: note?.trim() || null }),
        )
      },
    )

    app.delete(
      '/chat/messages/:id/feedback',
      {
        config: { access: 'user' },
        schema: { tags, summary: 'Take back the rating of an answer', params, response: { 204: z.null() } },
      },
      async (request, reply) => {
        await feedback.takeBack(callerOf(request).userId, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
