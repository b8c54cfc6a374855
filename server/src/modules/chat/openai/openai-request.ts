import { z } from 'zod'
import { messagePart, newestText, textOfParts } from '../message-text.ts'

const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(messagePart)]).nullish(),
})

/**
 * openAiRequest is what clients of the OpenAI interface send. Sampling settings, tools, system messages and answers that
 * stand in it are dropped: the advisor has its own.
 */
export const openAiRequest = z
  .object({
    model: z.string().max(200).optional().describe('any; there is one advisor'),
    messages: z
      .array(message)
      .min(1)
      .describe('only what the user said is read: the newest is asked, earlier ones tell which conversation goes on'),
    n: z.literal(1, 'must be 1').nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  })
  .meta({ id: 'OpenAiChatRequest' })

/** OpenAiRequest is what clients of the OpenAI interface send, parsed. */
export type OpenAiRequest = z.output<typeof openAiRequest>

/** userTexts are what the user said, oldest first; the newest one is checked as a message to the advisor, 422 else. */
export function userTexts(messages: OpenAiRequest['messages']): { earlier: string[]; newest: string } {
  const said = messages.filter(({ role }) => role === 'user').map(textOf)
  return { earlier: said.slice(0, -1), newest: newestText(said.at(-1)) }
}

function textOf({ content: said }: z.output<typeof message>): string {
  return typeof said === 'string' ? said : textOfParts(said ?? [])
}
