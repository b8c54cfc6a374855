import { z } from 'zod'
import type { Standings } from '../dependencies.ts'
import { defineTool } from './tool.ts'

const SHOWN = 40

/** pointRuleList is what list_point_rules answers; `daily_cap` is in points. */
export const pointRuleList = z.object({
  rules: z.array(
    z.object({
      type: z.string(),
      points: z.number(),
      daily_cap: z.number().nullable(),
      cooldown_seconds: z.number().nullable(),
    }),
  ),
})

/** listPointRules lists what earns points. */
export function listPointRules(standings: Standings) {
  return defineTool({
    name: 'list_point_rules',
    description:
      'Lists what earns points: the kind of event, its points, the most points it gives in one day (null: no limit) and the seconds to wait between two of them (null: none).',
    input: z.object({}),
    output: pointRuleList,
    labels: {
      en: {
        start: 'Looking up what earns points',
        end: 'Looked up what earns points',
        failed: 'What earns points could not be looked up',
      },
      id: {
        start: 'Melihat apa saja yang memberi poin',
        end: 'Sudah melihat apa saja yang memberi poin',
        failed: 'Daftar yang memberi poin tidak dapat dilihat',
      },
    },
    async execute() {
      const rules = await standings.earnableRules()
      return {
        rules: rules
          .toSorted((a, b) => b.points - a.points)
          .slice(0, SHOWN)
          .map((rule) => ({
            type: rule.type,
            points: rule.points,
            daily_cap: rule.dailyCap,
            cooldown_seconds: rule.cooldownSeconds,
          })),
      }
    },
  })
}
