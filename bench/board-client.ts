import { z } from 'zod'
import type { BenchServer } from './processes.ts'

const entry = z.object({
  business_id: z.string(),
  is_current_user: z.boolean(),
  rank: z.number(),
  total_points: z.number(),
})

/** readBoard asks a server for the leaderboard as one owner. */
export async function readBoard(server: BenchServer, authorization: string, limit = 10) {
  const response = await fetch(`${server.url}/api/v1/gamification/leaderboard?limit=${limit}`, {
    headers: { authorization },
  })
  return z.array(entry).parse(await response.json())
}
