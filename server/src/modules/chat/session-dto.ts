import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, instantSchema, oneLine, timestamp } from '../../platform/text.ts'
import { sessionDto, toSessionDto } from './dto.ts'
import type { SessionShelf } from './session-repository.ts'
import type { FoundSession } from './session-search.ts'

const yesOrNo = z.enum(['true', 'false'])

/** sessionsQuery asks for the conversations of a business. */
export const sessionsQuery = pageQuery.extend({
  business_id: idSchema.optional(),
  pinned: yesOrNo.optional().describe('`true` gives the pinned ones alone, `false` the others'),
  deleted: yesOrNo.optional().describe('`true` gives the deleted ones, the last deleted first'),
})

/** shelfOf is where the conversations that a query asks for lie. */
export function shelfOf({ pinned, deleted }: Pick<z.output<typeof sessionsQuery>, 'pinned' | 'deleted'>): SessionShelf {
  if (deleted === 'true') return 'deleted'
  if (pinned === undefined) return 'all'
  return pinned === 'true' ? 'pinned' : 'unpinned'
}

/** sessionCursor is where a page of conversations ended. */
export const sessionCursor = z.object({ at: instantSchema, id: z.uuid() })

/** sessionBody renames a conversation, and pins or unpins it. */
export const sessionBody = z
  .object({ title: oneLine(1, 200).optional(), pinned: z.boolean().optional() })
  .meta({ id: 'ChatSessionUpdate' })

/** searchQuery looks for words in the conversations of a business. */
export const searchQuery = pageQuery.extend({
  q: oneLine(1, 200).describe('words, each of which must begin a word of the title or of one message; up to 12 count'),
  business_id: idSchema.optional(),
})

/** searchCursor is where a page of results ended. */
export const searchCursor = z.object({ score: z.int32(), at: instantSchema, id: z.uuid() })

const highlight = z.object({ start: z.int().min(0), end: z.int().min(1) }).meta({
  id: 'ChatHighlight',
  description: 'a place in a text, in characters (Unicode code points); `end` is beyond it',
})

/** foundSessionDto is a conversation that a search found. */
export const foundSessionDto = z
  .object({
    session: sessionDto,
    title_highlights: z.array(highlight),
    message: z
      .object({
        id: z.uuid(),
        role: z.enum(['user', 'assistant']),
        created_at: timestamp,
        excerpt: z.string().describe('plain text on one line, never HTML'),
        highlights: z.array(highlight).describe('places in the excerpt'),
      })
      .nullable()
      .describe('the message that answers best; null where only the title does'),
    matching_messages: z.int(),
  })
  .meta({ id: 'ChatSearchResult' })

/** toFoundSessionDto is a conversation that a search found, as the API shows it. */
export function toFoundSessionDto(found: FoundSession): z.infer<typeof foundSessionDto> {
  const { message } = found
  return {
    session: toSessionDto(found),
    title_highlights: found.titleHighlights,
    message: message && {
      id: message.id,
      role: message.role,
      created_at: message.createdAt.toISOString(),
      excerpt: message.excerpt.text,
      highlights: message.excerpt.highlights,
    },
    matching_messages: found.matchingMessages,
  }
}

/** exportQuery says how a conversation is written down. */
export const exportQuery = z.object({ format: z.enum(['markdown', 'json']).default('markdown') })
