import { z } from 'zod'
import type { Standings } from '../dependencies.ts'
import { defineTool } from './tool.ts'

const rung = z.object({ name: z.string(), required_points: z.number() })

/** businessSummary is what get_business_summary answers. */
export const businessSummary = z.object({
  business_name: z.string(),
  stage: z.string(),
  category: z.string(),
  primary_goal: z.string().nullable(),
  total_points: z.number(),
  level: rung.nullable(),
  next_level: rung.extend({ points_missing: z.number() }).nullable(),
  achievements_unlocked: z.number(),
  achievements_total: z.number(),
})

/** getBusinessSummary tells where the run's business stands. */
export function getBusinessSummary(standings: Standings) {
  return defineTool({
    name: 'get_business_summary',
    description:
      "Looks up the owner's business: name, stage, category, goal, total points, current level, the next level and the points missing to it, and how many achievements are unlocked.",
    input: z.object({}),
    output: businessSummary,
    labels: {
      en: {
        start: 'Looking up your points and level',
        end: 'Looked up your points and level',
        failed: 'Your points and level could not be looked up',
      },
      id: {
        start: 'Melihat poin dan level Anda',
        end: 'Sudah melihat poin dan level Anda',
        failed: 'Poin dan level Anda tidak dapat dilihat',
      },
    },
    async execute({ business }) {
      const [standing, achievements] = await Promise.all([
        standings.standingOf(business.id),
        standings.achievementsOf(business.id),
      ])
      const { level, nextLevel, pointsToNextLevel } = standing
      return {
        business_name: business.name,
        stage: business.stage,
        category: business.category,
        primary_goal: business.primaryGoal,
        total_points: standing.totalPoints,
        level: level && { name: level.name, required_points: level.requiredPoints },
        next_level: nextLevel && {
          name: nextLevel.name,
          required_points: nextLevel.requiredPoints,
          points_missing: pointsToNextLevel ?? Math.max(0, nextLevel.requiredPoints - standing.totalPoints),
        },
        achievements_unlocked: achievements.filter((achievement) => achievement.isUnlocked).length,
        achievements_total: achievements.length,
      }
    },
  })
}
