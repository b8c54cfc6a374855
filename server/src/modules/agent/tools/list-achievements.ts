import { z } from 'zod'
import type { Standings } from '../dependencies.ts'
import { defineTool } from './tool.ts'

const SHOWN = 20
const DESCRIPTION = 160

/** achievementList is what list_achievements answers. */
export const achievementList = z.object({
  unlocked_count: z.number(),
  total: z.number(),
  total_points: z.number(),
  unlocked: z.array(
    z.object({
      title: z.string(),
      description: z.string(),
      required_points: z.number(),
      is_unlocked: z.literal(true),
      progress: z.number(),
      points_missing: z.number(),
    }),
  ),
  locked: z.array(
    z.object({
      title: z.string(),
      description: z.string(),
      required_points: z.number(),
      is_unlocked: z.literal(false),
      progress: z.number(),
      points_missing: z.number(),
    }),
  ),
  not_shown: z.number(),
})

/** listAchievements lists achievements with how far each is: the highest unlocked ones and the nearest locked ones. */
export function listAchievements(standings: Standings) {
  return defineTool({
    name: 'list_achievements',
    description:
      'Lists the achievements: the unlocked ones (highest first) and the locked ones (nearest first), each with its required points, progress from 0 to 1 and the points still missing.',
    input: z.object({}),
    output: achievementList,
    labels: {
      en: {
        start: 'Looking up your achievements',
        end: 'Looked up your achievements',
        failed: 'Your achievements could not be looked up',
      },
      id: {
        start: 'Melihat pencapaian Anda',
        end: 'Sudah melihat pencapaian Anda',
        failed: 'Pencapaian Anda tidak dapat dilihat',
      },
    },
    async execute({ business }) {
      const [standing, all] = await Promise.all([
        standings.standingOf(business.id),
        standings.achievementsOf(business.id),
      ])
      const entry = (achievement: (typeof all)[number]) => ({
        title: achievement.title,
        description: achievement.description.slice(0, DESCRIPTION),
        required_points: achievement.requiredPoints,
        progress: Math.floor(achievement.progress * 100) / 100,
      })
      const unlocked = all
        .filter((achievement) => achievement.isUnlocked)
        .toSorted((a, b) => b.requiredPoints - a.requiredPoints)
      const locked = all
        .filter((achievement) => !achievement.isUnlocked)
        .toSorted((a, b) => a.requiredPoints - b.requiredPoints)
      return {
        unlocked_count: unlocked.length,
        total: all.length,
        total_points: standing.totalPoints,
        unlocked: unlocked
          .slice(0, SHOWN)
          .map((achievement) => ({ ...entry(achievement), is_unlocked: true as const, points_missing: 0 })),
        locked: locked.slice(0, SHOWN).map((achievement) => ({
          ...entry(achievement),
          is_unlocked: false as const,
          points_missing: Math.max(0, achievement.requiredPoints - standing.totalPoints),
        })),
        not_shown: Math.max(0, unlocked.length - SHOWN) + Math.max(0, locked.length - SHOWN),
      }
    },
  })
}
