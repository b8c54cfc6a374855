import { EVENT } from './awards.ts'
import type { LoadJob, LoadResult } from './load.ts'
import type { BenchServer, Generator } from './processes.ts'
import type { Measure } from './report.ts'
import { pairedSlices, type Pair } from './slices.ts'
import { median, spreadOf } from './statistics.ts'

type HttpBench = {
  server: BenchServer
  generator: Generator
  /** Puts a steady load on the server beside the measured one. */
  background: Generator
  secretKey: string
  businesses: number
  sliceMs: number
  pairs: number
  onProgress: (what: string) => void
}

const BOARD = '/api/v1/gamification/leaderboard'
const STATIC = '/bench/static'
const AWARDS_PER_SECOND = 1_000

/** measureHttpAwards measures single events over HTTP, 32 connections, one server process. */
export async function measureHttpAwards(bench: HttpBench): Promise<{ measure: Measure; acknowledged: number }> {
  bench.onProgress('http_award_c32')
  const slices: LoadResult[] = []
  let acknowledged = 0
  for (let index = 0; index <= bench.pairs; index++) {
    const result = await bench.generator.run({ ...awards(bench), connections: 32, durationMs: bench.sliceMs })
    refuseErrors(result)
    acknowledged += result.acknowledged
    if (index > 0) slices.push(result)
  }
  const rates = slices.map((slice) => slice.perSecond)
  return {
    acknowledged,
    measure: {
      name: 'http_award_c32',
      value: median(rates),
      unit: 'a second',
      atLeast: 3_000,
      aim: 6_000,
      baseline: `generator ${generatorShare(slices)} % of a core`,
      spread: spreadOf(rates),
      smallerIsBetter: false,
    },
  }
}

/**
 * measureLeaderboard compares the leaderboard with the same bytes from a constant, idle or beside 1,000 awards a second. On
 * one connection the two are asked in turn, some requests each: which processor a process happens to be on changes such
 * short times more than what is measured, and may stay so for a slice.
 */
export async function measureLeaderboard(
  bench: HttpBench & { name: string; isBusy: boolean; atLeast: number; aim: number },
): Promise<{ measure: Measure; acknowledged: number }> {
  let acknowledged = 0
  async function slice(job: LoadJob): Promise<LoadResult> {
    const background = bench.isBusy
      ? bench.background.run({ ...awards(bench), connections: 16, durationMs: job.durationMs, rate: AWARDS_PER_SECOND })
      : undefined
    const result = await bench.generator.run(job)
    const awarded = await background
    if (awarded) {
      refuseErrors(awarded)
      acknowledged += awarded.acknowledged
      if (awarded.perSecond < AWARDS_PER_SECOND * 0.9)
        bench.onProgress(`${bench.name}: only ${Math.round(awarded.perSecond)} awards a second ran beside it`)
    }
    refuseErrors(result)
    return result
  }
  bench.onProgress(`${bench.name}, 1 connection`)
  const alone: Pair[] = []
  for (let index = 0; index <= bench.pairs; index++) {
    const durationMs = 2 * bench.sliceMs
    const both = await slice({ ...reads(bench, BOARD), beside: STATIC, connections: 1, durationMs })
    if (index > 0) alone.push({ ours: median(both.latenciesMs), theirs: median(both.besideMs) })
  }
  bench.onProgress(`${bench.name}, 32 connections`)
  const throughput = async (path: string) =>
    (await slice({ ...reads(bench, path), connections: 32, durationMs: bench.sliceMs })).perSecond
  const together = await pairedSlices({ ours: () => throughput(BOARD), theirs: () => throughput(STATIC) }, bench.pairs)
  const byTime = alone.map((pair) => pair.ours / pair.theirs)
  const byRate = together.map((pair) => pair.theirs / pair.ours)
  const worse = median(byTime) > median(byRate) ? byTime : byRate
  return {
    acknowledged,
    measure: {
      name: bench.name,
      value: median(worse),
      unit: '×',
      atLeast: bench.atLeast,
      aim: bench.aim,
      baseline: `static ${ms(alone, 'theirs')} ms and ${perSecond(together, 'theirs')}/s, ours ${ms(alone, 'ours')} ms and ${perSecond(together, 'ours')}/s`,
      spread: spreadOf(worse),
      smallerIsBetter: true,
    },
  }
}

/** measureNaiveLeaderboard compares the leaderboard with the naive one, both over HTTP on one connection. */
export async function measureNaiveLeaderboard(bench: HttpBench): Promise<Measure> {
  bench.onProgress('leaderboard_1m_vs_naive')
  const time = async (path: string) => {
    const result = await bench.generator.run({ ...reads(bench, path), connections: 1, durationMs: bench.sliceMs * 2 })
    refuseErrors(result)
    return median(result.latenciesMs)
  }
  const pairs = await pairedSlices({ ours: () => time(BOARD), theirs: () => time('/bench/naive') }, bench.pairs)
  const ratios = pairs.map((pair) => pair.theirs / pair.ours)
  return {
    name: 'leaderboard_1m_vs_naive',
    value: median(ratios),
    unit: '×',
    atLeast: 200,
    aim: 500,
    baseline: `naive ${ms(pairs, 'theirs')} ms, ours ${ms(pairs, 'ours')} ms`,
    spread: spreadOf(ratios),
    smallerIsBetter: false,
  }
}

function awards(bench: HttpBench) {
  const { server, secretKey, businesses } = bench
  return {
    url: server.url,
    path: '/api/v1/gamification/events',
    method: 'POST' as const,
    owners: businesses,
    secretKey,
    eventType: EVENT,
  }
}

function reads(bench: HttpBench, path: string): Omit<LoadJob, 'connections' | 'durationMs'> {
  const { server, secretKey, businesses } = bench
  return { url: server.url, path, method: 'GET', owners: businesses, secretKey }
}

function refuseErrors(result: LoadResult): void {
  if (result.errors > 0) throw new Error(`${result.errors} of ${result.requests} requests failed`)
}

const ms = (pairs: Pair[], whose: keyof Pair) => median(pairs.map((pair) => pair[whose])).toFixed(3)
const perSecond = (pairs: Pair[], whose: keyof Pair) =>
  Math.round(median(pairs.map((pair) => pair[whose]))).toLocaleString('en')

function generatorShare(slices: LoadResult[]): number {
  return Math.round(median(slices.map((slice) => (slice.cpuMs / (slice.requests / slice.perSecond)) * 0.1)))
}
