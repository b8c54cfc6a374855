import { z } from 'zod'
import type { AdvisorMemory } from '../facts.ts'
import { dayIn } from '../prompt.ts'
import { defineTool } from './tool.ts'

const SHOWN = 20

/** factList is what list_facts answers, newest first. */
export const factList = z.object({
  facts: z.array(z.object({ fact: z.string(), remembered_on: z.string() })),
  total: z.number(),
})

/** listFacts lists what is remembered about the run's business. */
export function listFacts(facts: AdvisorMemory) {
  return defineTool({
    name: 'list_facts',
    description: 'Lists what was remembered about the business, newest first, each with the day it was told.',
    input: z.object({}),
    output: factList,
    labels: {
      en: { start: 'Looking through my notes', end: 'Looked through my notes', failed: 'My notes could not be read' },
      id: { start: 'Membaca catatan', end: 'Sudah membaca catatan', failed: 'Catatan tidak dapat dibaca' },
    },
    async execute({ business }) {
      const known = await facts.list(business.id)
      return {
        facts: known
          .slice(0, SHOWN)
          .map((fact) => ({ fact: fact.content, remembered_on: dayIn(business.timeZone, fact.updatedAt) })),
        total: known.length,
      }
    },
  })
}
