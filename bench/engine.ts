import { randomBytes } from 'node:crypto'
import { createApp } from '../server/src/app.ts'
import { loadSettings } from '../server/src/platform/config.ts'
import { openPool } from '../server/src/platform/db/database.ts'
import { createLog } from '../server/src/platform/logger.ts'
import { measureAwards } from './awards.ts'
import { startDatabases } from './databases.ts'
import { measureFollow } from './follow.ts'
import { measureHttpAwards, measureLeaderboard, measureNaiveLeaderboard } from './http-measures.ts'
import { type BenchServer, startBenchServer, startGenerator } from './processes.ts'
import { BOARD_INDEX } from './naive.ts'
import type { Measure } from './report.ts'
import { ownerToken } from './owner-token.ts'
import { median, spreadOf } from './statistics.ts'
import { countWrong } from './wrong.ts'

type EngineBench = { isQuick: boolean; tell: (what: string) => void }

/** runEngineBench measures awards, the board and its followers, and checks at the end that nothing went wrong. */
export async function runEngineBench({ isQuick, tell }: EngineBench): Promise<Measure[]> {
  const small = isQuick ? 20_000 : 100_000
  const large = isQuick ? 50_000 : 1_000_000
  // Many short slices: what a machine does beside, such as a vacuum, then spoils few of them, and not their median.
  const size = isQuick ? { sliceMs: 700, pairs: 2 } : { sliceMs: 1_500, pairs: 11 }
  const secretKey = randomBytes(32).toString('hex')
  const databases = await startDatabases(tell)
  const generator = startGenerator()
  const background = startGenerator()
  try {
    const oursUrl = await databases.create('bench', { businesses: small })
    const naiveUrl = await databases.create('bench_naive', { copyOf: 'bench' })
    await databases.run('bench_naive', BOARD_INDEX.create)
    const awards = await benchAwards({ oursUrl, naiveUrl, businesses: small, size, tell })

    const empty = await databases.create('bench_empty', { businesses: 1 })
    const none = await startBenchServer(empty, secretKey)
    const { memory: base } = await none.memory()
    await none.stop()

    const url = await databases.create('bench_large', { businesses: large })
    const { server, measure: started } = await measureStart({ url, secretKey, starts: isQuick ? 2 : 5, tell })
    const { memory } = await server.memory()
    const http = { server, generator, background, secretKey, businesses: large, ...size, onProgress: tell }
    server.setConstant(await aLeaderboard(http))

    const idle = await measureLeaderboard({
      ...http,
      name: 'leaderboard_1m_vs_static',
      isBusy: false,
      atLeast: 1.5,
      aim: 1.15,
    })
    const busy = await measureLeaderboard({
      ...http,
      name: 'leaderboard_1m_busy_vs_static',
      isBusy: true,
      atLeast: 1.7,
      aim: 1.3,
    })
    await databases.run('bench_large', BOARD_INDEX.create)
    const naive = await measureNaiveLeaderboard(http)
    await databases.run('bench_large', BOARD_INDEX.drop)
    const awarded = await measureHttpAwards(http)
    const second = await startBenchServer(url, secretKey)
    const follow = await measureFollow({
      first: server,
      second,
      secretKey,
      businesses: large,
      awards: isQuick ? 50 : 300,
      onProgress: tell,
    })
    await second.stop()

    tell('wrong_1m')
    const wrong =
      (await countWrong({ databaseUrl: oursUrl, acknowledged: awards.acknowledged })) +
      (await countWrong({
        databaseUrl: url,
        acknowledged: [idle, busy, awarded, follow].reduce((sum, part) => sum + part.acknowledged, 0),
        board: { server, secretKey, businesses: large },
      })) +
      follow.wrong
    await server.stop()

    const used = (bytes: typeof memory) => bytes.heapUsed + bytes.external
    return [
      ...awards.measures,
      awarded.measure,
      idle.measure,
      busy.measure,
      naive,
      plain({
        name: 'ranking_memory_1m_mb',
        value: (used(memory) - used(base)) / 1e6,
        unit: 'MB',
        atLeast: 400,
        aim: 150,
        baseline: `resident ${Math.round((memory.rss - base.rss) / 1e6)} MB more than with one business`,
      }),
      started,
      follow.measure,
      plain({ name: 'wrong_1m', value: wrong, unit: '', atLeast: 0, aim: 0, baseline: null }),
    ]
  } finally {
    generator.stop()
    background.stop()
    await databases.close()
  }
}

type AwardOptions = {
  oursUrl: string
  naiveUrl: string
  businesses: number
  size: { sliceMs: number; pairs: number }
  tell: (what: string) => void
}

// Both contenders use the same driver and the same pool, each on its own copy of one database: the naive one leaves
// totals behind that are not the sum of the ledger.
async function benchAwards({ oursUrl, naiveUrl, businesses, size, tell }: AwardOptions) {
  const ours = openPool({ connectionString: oursUrl, max: 32 }, () => {})
  const naive = openPool({ connectionString: naiveUrl, max: 32 }, () => {})
  const app = await createApp({
    settings: loadSettings({ DATABASE_URL: oursUrl, API_LIMIT_PER_MINUTE: '0' }),
    store: ours,
    databaseKind: 'embedded',
    secretKey: randomBytes(32).toString('hex'),
    log: createLog({ level: 'warn' }),
  })
  try {
    const { boardWarm } = await app.start()
    await boardWarm
    return await measureAwards({
      pool: naive.pool,
      service: app.gamification.service,
      businesses,
      ...size,
      onProgress: tell,
    })
  } finally {
    await app.close()
    await Promise.all([ours.pool.end(), naive.pool.end()])
  }
}

type StartOptions = { url: string; secretKey: string; starts: number; tell: (what: string) => void }

// The first start after the seed takes longest, and is counted like the others.
async function measureStart({ url, secretKey, starts, tell }: StartOptions) {
  const listeningMs: number[] = []
  const warmMs: number[] = []
  for (;;) {
    const server = await startBenchServer(url, secretKey)
    listeningMs.push(server.listeningMs)
    warmMs.push(server.warmMs)
    tell(
      `the server serves after ${Math.round(server.listeningMs)} ms and ranks from memory after ${Math.round(server.warmMs)} ms`,
    )
    if (warmMs.length < starts) {
      await server.stop()
      continue
    }
    const { min, max } = spreadOf(warmMs)
    const measure: Measure = {
      ...plain({
        name: 'start_1m_s',
        value: median(warmMs) / 1000,
        unit: 's',
        atLeast: 6,
        aim: 3,
        baseline: `serving after ${(median(listeningMs) / 1000).toFixed(2)} s, from memory after this`,
      }),
      spread: { min: min / 1000, max: max / 1000 },
    }
    return { server, measure }
  }
}

type Plain = Pick<Measure, 'name' | 'value' | 'unit' | 'atLeast' | 'aim' | 'baseline'>

const plain = (measure: Plain): Measure => ({ ...measure, spread: null, smallerIsBetter: true })

// The bytes that the constant route answers: one owner's board as it is.
async function aLeaderboard({ server, secretKey }: { server: BenchServer; secretKey: string }): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/gamification/leaderboard`, {
    headers: { authorization: ownerToken(secretKey, 77) },
  })
  return response.text()
}
