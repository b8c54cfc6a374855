import { z } from 'zod'
import { idSchema } from '../../../platform/text.ts'
import { messagePart, newestText, textOfParts } from '../message-text.ts'

// Compared and never shown, so it is taken as it is.
const clientId = z.string().min(1).max(200)
const message = z.looseObject({ id: clientId.optional(), role: z.string(), parts: z.array(messagePart) })

/**
 * uiRequest is what `useChat` sends. Of the messages only the newest one of the user is read; the conversation itself is
 * known here, and what a client says of it is not believed.
 */
export const uiRequest = z
  .object({
    id: clientId.describe("the client's own id of the conversation, or the id of a session"),
    messages: z.array(message).min(1).describe('only the newest message of the user is read, and only its text'),
    trigger: z.enum(['submit-message', 'regenerate-message']).default('submit-message'),
    messageId: clientId.nullish().describe('the message to replace'),
    business_id: idSchema.nullish().describe('of the caller; their first business when left out'),
  })
  .meta({ id: 'ChatUiRequest' })

/** UiRequest is what `useChat` sends, parsed. */
export type UiRequest = z.output<typeof uiRequest>

/** newestUserMessage is the text of the newest message of the user, with the client's id of it; 422 when there is none. */
export function newestUserMessage(messages: UiRequest['messages']): { id: string | undefined; text: string } {
  const newest = messages.findLast(({ role }) => role === 'user')
  return { id: newest?.id, text: newestText(newest && textOfParts(newest.parts)) }
}
