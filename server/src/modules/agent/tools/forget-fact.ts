import { z } from 'zod'
import { type AdvisorMemory, factText } from '../facts.ts'
import { defineTool, ToolError } from './tool.ts'

/** forgottenFact is what forget_fact answers. */
export const forgottenFact = z.object({ forgotten: z.string() })

/** forgetFact deletes one fact about the run's business; it takes the words of the fact, so that no id is guessed. */
export function forgetFact(facts: AdvisorMemory) {
  return defineTool({
    name: 'forget_fact',
    description:
      'Deletes one remembered fact, named by its own words as list_facts gives them. Use it only when the owner asks to forget something, or says that it is no longer so; then keep the new fact with remember_fact.',
    writes: true,
    input: z.object({ fact: factText.describe('the words of the fact, unchanged') }),
    output: forgottenFact,
    labels: {
      en: { start: 'Deleting a note', end: 'Deleted a note', failed: 'The note could not be deleted' },
      id: { start: 'Menghapus catatan', end: 'Catatan dihapus', failed: 'Catatan tidak dapat dihapus' },
    },
    async execute({ business }, args) {
      const gone = await facts.forget(business.id, args.fact)
      if (!gone) throw new ToolError('There is no such note. list_facts gives the exact words of all notes.')
      return { forgotten: gone.content }
    },
  })
}
