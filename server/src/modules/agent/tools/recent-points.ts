import { z } from 'zod'
import type { Clock } from '../../../platform/clock.ts'
import type { Standings } from '../dependencies.ts'
import { dayIn } from '../prompt.ts'
import { defineTool } from './tool.ts'

const SHOWN = 10
const REASON = 160
// Two weeks of a business that is busy; where there was more, a sum that is not known is null and never a part of it.
const READ = 500

/**
 * recentPointList is what recent_points answers, newest first. The sums are in points, by the days and weeks (from
 * Monday) of the business's own time zone; null where the entries reach back too far to be added up.
 */
export const recentPointList = z.object({
  entries: z.array(
    z.object({
      points: z.number(),
      type: z.string(),
      reason: z.string().nullable(),
      total_after: z.number(),
      day: z.string(),
    }),
  ),
  today: z.string(),
  points_today: z.number().nullable(),
  points_this_week: z.number().nullable(),
  points_last_week: z.number().nullable(),
})

/** recentPoints tells what the newest points of the run's business were for. */
export function recentPoints({ standings, clock }: { standings: Standings; clock: Clock }) {
  return defineTool({
    name: 'recent_points',
    description:
      "Looks up the newest entries of the owner's ledger: what each was for, its points (negative when points were taken), the total after it, and the day. Also the sums of today, of this week (from Monday) and of last week; a sum is null when it is not known.",
    input: z.object({}),
    output: recentPointList,
    labels: {
      en: {
        start: 'Looking up what your points were for',
        end: 'Looked up what your points were for',
        failed: 'What your points were for could not be looked up',
      },
      id: {
        start: 'Melihat asal poin Anda',
        end: 'Sudah melihat asal poin Anda',
        failed: 'Asal poin Anda tidak dapat dilihat',
      },
    },
    async execute({ business }) {
      const today = dayIn(business.timeZone, clock.now())
      const ledger = await standings.recentPoints(business.id, READ)
      const entries = ledger.map((entry) => ({
        points: entry.points,
        type: entry.type,
        reason: entry.reason?.slice(0, REASON) ?? null,
        total_after: entry.totalAfter,
        day: dayIn(business.timeZone, entry.createdAt),
      }))
      // Days written like this sort like their dates.
      const monday = daysBefore(today, (new Date(today).getUTCDay() + 6) % 7)
      const oldestRead = entries.length < READ ? '' : (entries.at(-1)?.day ?? '')
      const sum = (from: string, to: string) =>
        oldestRead >= from
          ? null
          : entries.reduce((total, { day, points }) => (day >= from && day <= to ? total + points : total), 0)
      return {
        entries: entries.slice(0, SHOWN),
        today,
        points_today: sum(today, today),
        points_this_week: sum(monday, today),
        points_last_week: sum(daysBefore(monday, 7), daysBefore(monday, 1)),
      }
    },
  })
}

function daysBefore(day: string, days: number): string {
  const date = new Date(day)
  date.setUTCDate(date.getUTCDate() - days)
  return date.toISOString().slice(0, 10)
}
