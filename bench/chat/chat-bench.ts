import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServer } from '../processes.ts'
import type { Addresses } from './clients.ts'
import { nowMs } from './clock.ts'
import type { BareProcess, ClientsProcess, ModelProcess } from './processes.ts'
import type { Usage } from './serve-parent.ts'
import type { LoadWindow } from './steady-load.ts'

/** ChatBench is what the measures of the chat work with. */
export type ChatBench = {
  databaseUrl: string
  service: BenchServer
  bare: BareProcess
  model: ModelProcess
  clients: ClientsProcess
  at: Addresses
  isQuick: boolean
  tell: (what: string) => void
}

/** Contender is the service or the baseline under a load. */
export type Contender = 'tangga' | 'bare'

/** EVERY_MS is the time between two tokens of a live answer: 20 a second. */
export const EVERY_MS = 50

/** ANSWER_TOKENS is the length of an answer under load: half a minute of it. */
export const ANSWER_TOKENS = 600

/** MeasuredWindow is a window of load with what each process used in it. */
export type MeasuredWindow = LoadWindow & { server: Share; modelServer: Share; clientsShare: number }

type Share = { cpuMs: number; perCore: number }

/** beginLoad has the clients hold live answers of a contender. */
export async function beginLoad({ clients, at }: ChatBench, of: Contender, tokens = ANSWER_TOKENS): Promise<void> {
  await clients.load({ at, of, tokens, everyMs: EVERY_MS })
}

/** endLoad lets all live answers end and waits until the last one is done with. */
export async function endLoad({ clients, model }: ChatBench): Promise<void> {
  await clients.streams(0, 0)
  await model.end(true)
  await clients.drained()
  await model.end(false)
  await sleep(300)
}

/** measuredWindow measures the load as it is for a while. */
export async function measuredWindow(bench: ChatBench, of: Contender, ms: number): Promise<MeasuredWindow> {
  const server = of === 'tangga' ? bench.service : bench.bare
  const before = await Promise.all([server.usage(), bench.model.usage()])
  const window = await bench.clients.window(ms)
  const after = await Promise.all([server.usage(), bench.model.usage()])
  const { clients } = window
  return {
    ...window,
    server: used(before[0], after[0]),
    modelServer: used(before[1], after[1]),
    clientsShare: used(clients.before, clients.after).perCore,
  }
}

function used(before: Usage, after: Usage): Share {
  const cpuMs = after.cpuMs - before.cpuMs
  return { cpuMs, perCore: cpuMs / (after.atMs - before.atMs) }
}

/** sharesOf tells what each process took of a core. */
export function sharesOf({ server, modelServer, clientsShare }: MeasuredWindow): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`
  return `of a core: server ${percent(server.perCore)}, model server ${percent(modelServer.perCore)}, clients ${percent(clientsShare)}`
}

/** checkClocks throws unless all processes read one clock: delays between them would mean nothing. */
export async function checkClocks(processes: { usage(): Promise<Usage> }[]): Promise<void> {
  for (const process of processes) {
    const before = nowMs()
    const { atMs } = await process.usage()
    const after = nowMs()
    if (atMs < before || atMs > after) throw new Error(`a process read ${atMs} ms between ${before} and ${after} here`)
  }
}
