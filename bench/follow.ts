import { z } from 'zod'
import { EVENT } from './awards.ts'
import { readBoard } from './board-client.ts'
import type { BenchServer } from './processes.ts'
import type { Measure } from './report.ts'
import { ownerToken } from './owner-token.ts'
import { percentile, spreadOf } from './statistics.ts'

type FollowBench = {
  first: BenchServer
  second: BenchServer
  secretKey: string
  businesses: number
  awards: number
  onProgress: (what: string) => void
}

/**
 * measureFollow awards on one instance and asks the other for the same owner's place until it shows the new total: the
 * time from the award's answer to the answer that shows it. `wrong` counts the ranks that then differ between the two.
 */
export async function measureFollow(
  bench: FollowBench,
): Promise<{ measure: Measure; acknowledged: number; wrong: number }> {
  bench.onProgress('follow_p99_ms')
  const timesMs: number[] = []
  let wrong = 0
  for (let index = 0; index < bench.awards; index++) {
    const n = 1 + Math.floor(Math.random() * bench.businesses)
    const authorization = ownerToken(bench.secretKey, n)
    const own = async (server: BenchServer) =>
      (await readBoard(server, authorization, 1)).find((entry) => entry.is_current_user)
    const response = await fetch(`${bench.first.url}/api/v1/gamification/events`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ type: EVENT, idempotency_key: `follow-${index}-${Date.now()}` }),
    })
    const receipt = z.object({ total_points: z.number() }).parse(await response.json())
    if (response.status !== 201) throw new Error(`an award answered ${response.status}`)
    const answered = performance.now()
    while ((await own(bench.second))?.total_points !== receipt.total_points) {
      if (performance.now() - answered > 10_000) throw new Error('the other instance did not follow within 10 s')
    }
    timesMs.push(performance.now() - answered)
    const [here, there] = await Promise.all([own(bench.first), own(bench.second)])
    if (here?.rank !== there?.rank) wrong++
  }
  return {
    wrong,
    acknowledged: bench.awards,
    measure: {
      name: 'follow_p99_ms',
      value: percentile(timesMs, 0.99),
      unit: 'ms',
      atLeast: 100,
      aim: 50,
      baseline: `median ${percentile(timesMs, 0.5).toFixed(1)} ms of ${bench.awards} awards`,
      spread: spreadOf(timesMs),
      smallerIsBetter: true,
    },
  }
}
