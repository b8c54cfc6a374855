import { z } from 'zod'
import { type AdvisorMemory, factText } from '../facts.ts'
import { defineTool } from './tool.ts'

/** rememberedFact is what remember_fact answers. */
export const rememberedFact = z.object({ fact: z.string(), already_known: z.boolean() })

/** rememberFact keeps a fact about the run's business for later conversations. */
export function rememberFact(facts: AdvisorMemory) {
  return defineTool({
    name: 'remember_fact',
    description:
      'Keeps one lasting fact about the business or its owner for later conversations (1 to 500 characters, one fact a call). Use it when the owner asks to remember something.',
    writes: true,
    input: z.object({
      fact: factText.describe('the fact, as one sentence that is clear on its own'),
      about: z.enum(['business', 'owner']).optional().describe('what it is about; the business when left out'),
    }),
    output: rememberedFact,
    labels: {
      en: { start: 'Making a note', end: 'Made a note', failed: 'The note could not be made' },
      id: { start: 'Membuat catatan', end: 'Sudah dicatat', failed: 'Catatan tidak dapat dibuat' },
    },
    async execute({ userId, business }, args) {
      const { fact, isNew } = await facts.remember({ userId, businessId: business.id }, args.fact, { kind: args.about })
      return { fact: fact.content, already_known: !isNew }
    },
  })
}
