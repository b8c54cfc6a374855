import { z } from 'zod'
import type { Standings } from '../dependencies.ts'
import { defineTool } from './tool.ts'

/** leaderboardPosition is what get_leaderboard_position answers; it never holds anybody else's name. */
export const leaderboardPosition = z.object({
  is_ranked: z.boolean(),
  rank: z.number().nullable(),
  ranked_businesses: z.number(),
  total_points: z.number(),
  points_to_next_rank: z.number().nullable(),
  lead_over_next_rank: z.number().nullable(),
})

/** getLeaderboardPosition tells the rank of the run's business and its gaps to the neighbours. */
export function getLeaderboardPosition(standings: Standings) {
  return defineTool({
    name: 'get_leaderboard_position',
    description:
      "Looks up the rank of the owner's business on the leaderboard, how many businesses are ranked, the points missing to the total of the next better-placed business, and the lead over the next one below. Other businesses are never named.",
    input: z.object({}),
    output: leaderboardPosition,
    labels: {
      en: {
        start: 'Looking up your place on the leaderboard',
        end: 'Looked up your place on the leaderboard',
        failed: 'Your place on the leaderboard could not be looked up',
      },
      id: {
        start: 'Melihat posisi Anda di papan peringkat',
        end: 'Sudah melihat posisi Anda di papan peringkat',
        failed: 'Posisi Anda di papan peringkat tidak dapat dilihat',
      },
    },
    async execute({ business }) {
      const standing = await standings.standingOf(business.id)
      return {
        is_ranked: standing.rank !== null,
        rank: standing.rank,
        ranked_businesses: standing.ranked,
        total_points: standing.totalPoints,
        points_to_next_rank: standing.pointsToNextRank,
        lead_over_next_rank: standing.leadOverNextRank,
      }
    },
  })
}
