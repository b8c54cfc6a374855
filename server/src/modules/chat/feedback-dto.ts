import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { multiLine, timestamp } from '../../platform/text.ts'
import type { ChatFeedback } from './feedback-repository.ts'

const verdict = z.enum(['up', 'down'])

/** feedbackBody is what an owner says of an answer, all of it: what was said before is gone. */
export const feedbackBody = z
  .object({ rating: verdict, note: multiLine(0, 2_000).nullish() })
  .meta({ id: 'ChatFeedback' })

const said = { rating: verdict, note: z.string().nullable(), created_at: timestamp, updated_at: timestamp }

/** feedbackDto is what an owner said of an answer. */
export const feedbackDto = z.object({ message_id: z.uuid(), ...said }).meta({ id: 'ChatFeedbackGiven' })

/** toFeedbackDto is what an owner said of an answer, as the API shows it to them. */
export function toFeedbackDto(feedback: ChatFeedback): z.infer<typeof feedbackDto> {
  return { message_id: feedback.messageId, ...saidOf(feedback) }
}

/** adminFeedbackQuery asks for what was said of all answers. */
export const adminFeedbackQuery = pageQuery.extend({ rating: verdict.optional() })

/** adminFeedbackDto is what somebody said of some answer: nothing in it leads to either. */
export const adminFeedbackDto = z
  .object({ id: z.uuid(), ...said, model: z.string().describe('who gave the answer: `offline` or the model') })
  .meta({ id: 'AdminChatFeedback' })

/** toAdminFeedbackDto is what somebody said of some answer, as admins see it. */
export function toAdminFeedbackDto(feedback: ChatFeedback): z.infer<typeof adminFeedbackDto> {
  return { id: feedback.id, ...saidOf(feedback), model: feedback.model }
}

const saidOf = ({ rating, note, createdAt, updatedAt }: ChatFeedback) => ({
  rating,
  note,
  created_at: createdAt.toISOString(),
  updated_at: updatedAt.toISOString(),
})
