import { z } from 'zod'
import type { Standings } from '../dependencies.ts'
import { defineTool } from './tool.ts'

const SHOWN = 5
const MOST_POINTS = 1_000_000_000

const rung = z.object({ name: z.string(), required_points: z.number() })

/**
 * imaginedStanding is what what_if answers: everything but `points_added` is how it would be, if all others stayed where
 * they are. `rank` is null for a business that is hidden from the leaderboard.
 */
export const imaginedStanding = z.object({
  points_added: z.number(),
  total_points: z.number(),
  level: rung.nullable(),
  is_new_level: z.boolean(),
  next_level: rung.extend({ points_missing: z.number() }).nullable(),
  rank: z.number().nullable(),
  rank_now: z.number().nullable(),
  ranked_businesses: z.number(),
  points_to_next_rank: z.number().nullable(),
  new_achievements: z.array(z.object({ title: z.string(), required_points: z.number() })),
  new_achievements_count: z.number(),
})

/** whatIf tells where the run's business would stand with more points. */
export function whatIf(standings: Standings) {
  return defineTool({
    name: 'what_if',
    description:
      "Works out what level, rank and achievements the owner's business would have with so many more points than now, if all other businesses stayed where they are. It changes nothing.",
    input: z.object({
      points: z.int().min(1).max(MOST_POINTS).describe('how many points more than now, not the total'),
    }),
    output: imaginedStanding,
    labels: {
      en: {
        start: 'Working out where more points would bring you',
        end: 'Worked out where more points would bring you',
        failed: 'Where more points would bring you could not be worked out',
      },
      id: {
        start: 'Menghitung hasil bila poin bertambah',
        end: 'Sudah menghitung hasil bila poin bertambah',
        failed: 'Hasil bila poin bertambah tidak dapat dihitung',
      },
    },
    async execute({ business }, { points }) {
      const [now, then, achievements] = await Promise.all([
        standings.standingOf(business.id),
        standings.standingWith(business.id, points),
        standings.achievementsOf(business.id),
      ])
      const { level, nextLevel, pointsToNextLevel } = then
      const unlocked = achievements
        .filter((achievement) => !achievement.isUnlocked && achievement.requiredPoints <= then.totalPoints)
        .toSorted((a, b) => a.requiredPoints - b.requiredPoints)
      return {
        points_added: points,
        total_points: then.totalPoints,
        level: level && { name: level.name, required_points: level.requiredPoints },
        is_new_level: level !== null && level.requiredPoints !== now.level?.requiredPoints,
        next_level: nextLevel && {
          name: nextLevel.name,
          required_points: nextLevel.requiredPoints,
          points_missing: pointsToNextLevel ?? Math.max(0, nextLevel.requiredPoints - then.totalPoints),
        },
        rank: then.rank,
        rank_now: now.rank,
        ranked_businesses: then.ranked,
        points_to_next_rank: then.pointsToNextRank,
        new_achievements: unlocked
          .slice(0, SHOWN)
          .map(({ title, requiredPoints }) => ({ title, required_points: requiredPoints })),
        new_achievements_count: unlocked.length,
      }
    },
  })
}
