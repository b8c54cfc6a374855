import { z } from 'zod'
import { problem } from '../../platform/errors.ts'
import { multiLine } from '../../platform/text.ts'

/** messageText is what an owner may say in one message. */
export const messageText = multiLine(1, 8000)

/** messagePart is a part of a message, of clients that send messages in parts; what is not text is not read. */
export const messagePart = z.looseObject({ type: z.string(), text: z.string().optional() })

/** textOfParts joins the texts of a message in parts. */
export function textOfParts(parts: z.output<typeof messagePart>[]): string {
  return parts.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : [])).join('\n')
}

/** newestText checks the newest message of the user, of clients that send a whole conversation; 422 when there is none. */
export function newestText(text: string | undefined): string {
  const parsed = messageText.safeParse(text ?? '')
  if (!parsed.success)
    throw problem.invalid([
      { path: 'messages', message: parsed.error.issues[0]?.message ?? 'must have a message of the user' },
    ])
  return parsed.data
}
