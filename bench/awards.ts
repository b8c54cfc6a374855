import type pg from 'pg'
import type { GamificationService } from '../server/src/modules/gamification/index.ts'
import { type NaiveAward, naiveAward } from './naive.ts'
import type { Measure } from './report.ts'
import { seededId } from './seed.ts'
import { pairedSlices, type Pair, rate } from './slices.ts'
import { median, spreadOf } from './statistics.ts'

/** EVENT is the type of event that every award of the bench is of. */
export const EVENT = 'bench_event'

type AwardBench = {
  pool: pg.Pool
  service: GamificationService
  businesses: number
  sliceMs: number
  pairs: number
  onProgress: (what: string) => void
}

let key = 0

/** measureAwards compares awards through the service with the naive baseline, in paired slices on one database. */
export async function measureAwards(bench: AwardBench): Promise<{ measures: Measure[]; acknowledged: number }> {
  const { pool, service, sliceMs, pairs } = bench
  const anybody = () => 1 + Math.floor(Math.random() * bench.businesses)
  let acknowledged = 0

  async function single(): Promise<number> {
    await service.recordEvent(seededId.user(anybody()), { type: EVENT, idempotency_key: `single-${key++}` })
    acknowledged++
    return 1
  }
  async function batch(): Promise<number> {
    const events = Array.from({ length: 100 }, () => ({
      type: EVENT,
      business_id: seededId.business(anybody()),
      idempotency_key: `batch-${key++}`,
    }))
    const results = await service.recordBatch({ keyId: BENCH_KEY, events })
    const accepted = results.filter((result) => 'event_id' in result).length
    if (accepted !== events.length) throw new Error(`of ${events.length} events of a batch ${accepted} were accepted`)
    acknowledged += accepted
    return accepted
  }
  async function naive(): Promise<number> {
    const n = anybody()
    const award: NaiveAward = { businessId: seededId.business(n), eventId: seededId.event(n), points: 5 }
    await naiveAward(pool, award)
    return 1
  }

  async function compare(name: string, ours: () => Promise<number>, callers: { ours: number; theirs: number }) {
    bench.onProgress(name)
    return pairedSlices(
      { ours: () => rate(ours, callers.ours, sliceMs), theirs: () => rate(naive, callers.theirs, sliceMs) },
      pairs,
    )
  }
  const one = await compare('award_c1_vs_naive', single, { ours: 1, theirs: 1 })
  const many = await compare('award_c32_vs_naive', single, { ours: 32, theirs: 32 })
  const batches = await compare('batch100_vs_naive', batch, { ours: 8, theirs: 32 })
  return {
    acknowledged,
    measures: [
      ratio('award_c1_vs_naive', one, 2.5, 4),
      ratio('award_c32_vs_naive', many, 8, 12),
      ratio('batch100_vs_naive', batches, 15, 25),
    ],
  }
}

/** BENCH_KEY is the API key that batches are posted with; it needs no row of its own to award. */
export const BENCH_KEY = '01930000-0000-7000-8000-000000000001'

function ratio(name: string, pairs: Pair[], atLeast: number, aim: number): Measure {
  const ratios = pairs.map((pair) => pair.ours / pair.theirs)
  const theirs = median(pairs.map((pair) => pair.theirs))
  const ours = median(pairs.map((pair) => pair.ours))
  return {
    name,
    value: median(ratios),
    unit: '×',
    atLeast,
    aim,
    baseline: `naive ${Math.round(theirs)} awards/s, ours ${Math.round(ours)}`,
    spread: spreadOf(ratios),
    smallerIsBetter: false,
  }
}
