import { randomBytes } from 'node:crypto'
import { measureAnswersLost } from './chat/answers-lost.ts'
import { type ChatBench, checkClocks } from './chat/chat-bench.ts'
import { measureCpu, measureLiveStreams, measureMemory } from './chat/loads.ts'
import { measureFirstToken, measureResumes } from './chat/measures.ts'
import { startBareProcess, startClientsProcess, startModelProcess } from './chat/processes.ts'
import { startDatabases } from './databases.ts'
import { startBenchServer } from './processes.ts'
import type { Measure } from './report.ts'

const OWNERS = 2_000

// What a single owner may do says nothing about what a process can bear, so the limits are out of the way.
const SETTINGS = {
  CHAT_LIMIT_PER_MINUTE: '0',
  CHAT_LIMIT_PER_DAY: '0',
  RUNS_PER_OWNER: '0',
  STREAMS_PER_OWNER: '0',
  API_LIMIT_PER_MINUTE: '0',
  MAX_LIVE_RUNS: '100000',
  LLM_MODEL_NAME: 'bench',
}

// The parts of the bench by name, in the order in which they run. Each has a service of its own, in a young process, so that
// no load before it is measured with it; the one that wants an idle machine comes first.
const parts: Record<string, (bench: ChatBench) => Promise<Measure[]>> = {
  first_token: measureFirstToken,
  memory: measureMemory,
  cpu: measureCpu,
  live_streams: measureLiveStreams,
  resume: measureResumes,
  answers_lost: measureAnswersLost,
}

type ChatBenchOptions = { isQuick: boolean; only: string | undefined; tell: (what: string) => void }

/** runChatBench measures the advisor's streams: their delays, what they cost, and that no answer is lost. */
export async function runChatBench({ isQuick, only, tell }: ChatBenchOptions): Promise<Measure[]> {
  const chosen = Object.entries(parts).filter(([name]) => only === undefined || name === only)
  if (chosen.length === 0)
    throw new Error(`there is no part called ${only}; there are: ${Object.keys(parts).join(', ')}`)
  const secretKey = randomBytes(32).toString('hex')
  const databases = await startDatabases(tell)
  const model = await startModelProcess()
  const bare = await startBareProcess(model.url)
  const clients = await startClientsProcess()
  try {
    const databaseUrl = await databases.create('bench_chat', { businesses: OWNERS })
    const measures: Measure[] = []
    for (const [, measure] of chosen) {
      const service = await startBenchServer(databaseUrl, secretKey, { ...SETTINGS, LLM_BASE_URL: model.url })
      await checkClocks([service, bare, model, clients])
      const at = { service: service.url, bare: bare.url, model: model.url, secretKey, owners: OWNERS }
      measures.push(...(await measure({ databaseUrl, service, bare, model, clients, at, isQuick, tell })))
      await service.stop()
    }
    return measures
  } finally {
    for (const child of [clients, bare, model]) child.stop()
    await databases.close()
  }
}
