import type { Measure } from '../report.ts'
import { pairedSlices } from '../slices.ts'
import { median, spreadOf } from '../statistics.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  beginLoad,
  type ChatBench,
  type Contender,
  endLoad,
  EVERY_MS,
  type MeasuredWindow,
  measuredWindow,
  sharesOf,
} from './chat-bench.ts'
import { databaseCpuMs } from './database-cpu.ts'

const DELAY_LIMIT_MS = 150

/** measureLiveStreams raises the number of live answers step by step until their delays are too long, for both contenders. */
export async function measureLiveStreams(bench: ChatBench): Promise<Measure[]> {
  const ours = await mostStreams(bench, 'tangga')
  const bare = await mostStreams(bench, 'bare')
  return [
    { ...streamsMeasure('live_streams', ours), atLeast: 300, aim: 1_000 },
    { ...streamsMeasure('live_streams_bare', bare), atLeast: null, aim: null },
  ]
}

type Ramp = { streams: number; window: MeasuredWindow | undefined }

async function mostStreams(bench: ChatBench, of: Contender): Promise<Ramp> {
  const { isQuick, clients, tell } = bench
  const step = isQuick ? 100 : 50
  const cap = isQuick ? 1_050 : 1_500
  const settleMs = isQuick ? 1_500 : 2_000
  const windowMs = isQuick ? 1_500 : 3_000
  let best: Ramp = { streams: 0, window: undefined }
  await beginLoad(bench, of)
  for (let streams = step; streams <= cap; streams += step) {
    await clients.streams(streams, settleMs)
    let window = await measuredWindow(bench, of, windowMs)
    // Something else on the machine may have had its moment; a level that cannot be held fails again.
    if (!isHeld(window, streams)) window = await measuredWindow(bench, of, windowMs)
    tell(
      `${of}: ${streams} streams, delay p50 ${window.delayMs.p50.toFixed(1)} p99 ${window.delayMs.p99.toFixed(1)} ms, ${Math.round(shareOfDue(window, streams) * 100)} % of the tokens; ${sharesOf(window)}`,
    )
    if (!isHeld(window, streams)) {
      if (window.failure !== undefined) tell(`${of}: ${window.failures} answers failed, as with ${window.failure}`)
      break
    }
    best = { streams, window }
  }
  await endLoad(bench)
  return best
}

// All tokens come, and come in time.
function isHeld(window: MeasuredWindow, streams: number): boolean {
  return window.delayMs.p99 < DELAY_LIMIT_MS && window.failures === 0 && shareOfDue(window, streams) >= 0.93
}

// Between two answers of a client there is a moment without one, so a little less than everything is due.
const shareOfDue = ({ tokens, seconds }: MeasuredWindow, streams: number) =>
  tokens / ((streams * seconds * 1000) / EVERY_MS)

function streamsMeasure(name: string, { streams, window }: Ramp) {
  const baseline = window
    ? `delay p50 ${window.delayMs.p50.toFixed(1)}, p99 ${window.delayMs.p99.toFixed(1)} ms; ${sharesOf(window)}`
    : null
  return { name, value: streams, unit: 'streams', baseline, spread: null, smallerIsBetter: false }
}

/** measureCpu compares the CPU time that a token costs the process of each contender, in paired slices. */
export async function measureCpu(bench: ChatBench): Promise<Measure[]> {
  bench.tell('cpu_per_token_vs_bare')
  const streams = bench.isQuick ? 50 : 100
  const database: number[] = []
  async function slice(of: Contender): Promise<number> {
    await beginLoad(bench, of)
    await bench.clients.streams(streams, 1_000)
    await sleep(500)
    const before = await databaseCpuMs(bench.databaseUrl)
    const window = await measuredWindow(bench, of, bench.isQuick ? 2_000 : 6_000)
    const after = await databaseCpuMs(bench.databaseUrl)
    await endLoad(bench)
    if (window.failures > 0) throw new Error(`${of}: ${window.failures} answers failed, as with ${window.failure}`)
    if (of === 'tangga' && before !== null && after !== null) database.push((after - before) / window.tokens)
    return window.server.cpuMs / window.tokens
  }
  const pairs = await pairedSlices({ ours: () => slice('tangga'), theirs: () => slice('bare') }, bench.isQuick ? 1 : 5)
  const ratios = pairs.map((pair) => pair.ours / pair.theirs)
  const us = (ms: number[]) => `${Math.round(median(ms) * 1000)} µs`
  const beside = database.length > 0 ? `, PostgreSQL beside it ${us(database)}` : ''
  return [
    {
      name: 'cpu_per_token_vs_bare',
      value: median(ratios),
      unit: '×',
      atLeast: 0.7,
      aim: 0.35,
      baseline: `bare ${us(pairs.map((pair) => pair.theirs))} a token, ours ${us(pairs.map((pair) => pair.ours))}${beside}; ${streams} streams`,
      spread: spreadOf(ratios),
      smallerIsBetter: true,
    },
  ]
}

/** measureMemory measures how much the resident memory of the service grows with live answers. */
export async function measureMemory(bench: ChatBench): Promise<Measure[]> {
  bench.tell('memory_per_stream_kb')
  const streams = bench.isQuick ? 150 : 300
  async function perStream(of: Contender) {
    const collect = () => (of === 'tangga' ? bench.service.memory() : bench.bare.collect())
    const server = of === 'tangga' ? bench.service : bench.bare
    await beginLoad(bench, of)
    await bench.clients.streams(20, 500)
    await sleep(1_000)
    await endLoad(bench)
    await collect()
    const before = await server.usage()
    await beginLoad(bench, of)
    await bench.clients.streams(streams, 3_000)
    await sleep(bench.isQuick ? 2_000 : 10_000)
    const asItStands = await server.usage()
    await collect()
    const collected = await server.usage()
    await endLoad(bench)
    const kb = (usage: typeof before) => (usage.rssBytes - before.rssBytes) / 1024 / streams
    return { asItStands: kb(asItStands), collected: kb(collected) }
  }
  const ours = await perStream('tangga')
  const bare = bench.isQuick ? undefined : await perStream('bare')
  const shown = ({ asItStands, collected }: typeof ours) =>
    `${Math.round(asItStands)} kB, ${Math.round(collected)} after a collection`
  return [
    {
      name: 'memory_per_stream_kb',
      value: ours.asItStands,
      unit: 'kB',
      atLeast: 250,
      aim: 100,
      baseline: `${streams} streams: ours ${shown(ours)}${bare ? `; bare ${shown(bare)}` : ''}`,
      spread: null,
      smallerIsBetter: true,
    },
  ]
}
