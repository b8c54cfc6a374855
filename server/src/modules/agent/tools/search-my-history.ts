import { z } from 'zod'
import { oneLine } from '../../../platform/text.ts'
import { dayIn } from '../prompt.ts'
import { defineTool } from './tool.ts'

const SHOWN = 8
const EXCERPT = 400

/** SearchHistory finds what was said in a business's conversations, the most fitting first; those that are deleted are left out. */
export type SearchHistory = (search: {
  businessId: string
  query: string
  limit: number
  /** The run that asks; what was said in it is no history yet. */
  exceptRunId: string
}) => Promise<{ title: string; role: 'user' | 'assistant'; excerpt: string; saidAt: Date }[]>

/** foundInHistory is what search_my_history answers. */
export const foundInHistory = z.object({
  found: z.array(
    z.object({ conversation: z.string(), said_by: z.enum(['owner', 'advisor']), excerpt: z.string(), day: z.string() }),
  ),
})

/** searchMyHistory searches what the owner and the advisor said to each other about the run's business. */
export function searchMyHistory(search: SearchHistory) {
  return defineTool({
    name: 'search_my_history',
    description:
      'Searches earlier conversations with this owner about this business, by a few words that were used then. It answers excerpts with who said it and when. Numbers in them may be out of date.',
    input: z.object({ query: oneLine(2, 200).describe('a few words, in the language of then') }),
    output: foundInHistory,
    labels: {
      en: {
        start: 'Searching our earlier conversations',
        end: 'Searched our earlier conversations',
        failed: 'Our earlier conversations could not be searched',
      },
      id: {
        start: 'Mencari di percakapan kita sebelumnya',
        end: 'Sudah mencari di percakapan kita sebelumnya',
        failed: 'Percakapan kita sebelumnya tidak dapat dicari',
      },
    },
    async execute({ runId, business }, { query }) {
      const found = await search({ businessId: business.id, query, limit: SHOWN, exceptRunId: runId })
      return {
        found: found.slice(0, SHOWN).map(({ title, role, excerpt, saidAt }) => ({
          conversation: cut(title, 100),
          said_by: role === 'user' ? ('owner' as const) : ('advisor' as const),
          excerpt: cut(excerpt, EXCERPT),
          day: dayIn(business.timeZone, saidAt),
        })),
      }
    },
  })
}

const cut = (text: string, characters: number) =>
  text.length <= characters ? text : `${text.slice(0, characters - 1).toWellFormed()}…`
