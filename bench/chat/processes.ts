import { fork } from 'node:child_process'
import { reply } from '../processes.ts'
import type { Resumed } from './resume-client.ts'
import type { ClientJob } from './clients.ts'
import type { CutRuns } from './cut-client.ts'
import type { FirstTokens } from './first-token-client.ts'
import type { Said } from './model-server.ts'
import type { Usage } from './serve-parent.ts'
import type { LoadWindow } from './steady-load.ts'

type Child<Ready> = Ready & {
  ask<T>(message: object): Promise<T>
  usage(): Promise<Usage>
  stop(): void
}

async function startChild<Ready extends object>(script: string, args: string[] = []): Promise<Child<Ready>> {
  const child = fork(new URL(script, import.meta.url), args, { execArgv: ['--expose-gc'] })
  const ready = await reply<Ready>(child)
  function ask<T>(message: object): Promise<T> {
    const answer = reply<T>(child)
    child.send(message)
    return answer
  }
  return { ...ready, ask, usage: () => ask<Usage>({ usage: true }), stop: () => void child.kill() }
}

/** ModelProcess is the model server in a process of its own. */
export type ModelProcess = Awaited<ReturnType<typeof startModelProcess>>

/** startModelProcess starts it. */
export async function startModelProcess() {
  const child = await startChild<{ url: string }>('model-server.ts')
  return {
    ...child,
    /** end has all answers end at once, in good order, and those that begin from then on; `end(false)` is as usual again. */
    end: (isEnding: boolean) => child.ask<object>({ end: isEnding }),
    /** said is what was said to questions with an id. */
    said: async () => new Map(Object.entries(await child.ask<Record<string, Said>>({ said: true }))),
  }
}

/** BareProcess is the baseline in a process of its own. */
export type BareProcess = Awaited<ReturnType<typeof startBareProcess>>

/** startBareProcess starts it; `collect` collects its garbage. */
export async function startBareProcess(modelUrl: string) {
  const child = await startChild<{ url: string }>('bare-server.ts', [modelUrl])
  return { ...child, collect: () => child.ask<object>({}) }
}

/** ClientsProcess is all clients in a process of their own. */
export type ClientsProcess = Awaited<ReturnType<typeof startClientsProcess>>

type Job<Name extends ClientJob['job']> = Omit<Extract<ClientJob, { job: Name }>, 'job'>

/** startClientsProcess starts it; it does one job at a time. */
export async function startClientsProcess() {
  const child = await startChild<object>('clients.ts')
  return {
    ...child,
    firstTokens: (job: Job<'firstTokens'>) => child.ask<FirstTokens>({ job: 'firstTokens', ...job }),
    load: (job: Job<'load'>) => child.ask<object>({ job: 'load', ...job }),
    streams: (streams: number, overMs: number) => child.ask<object>({ job: 'streams', streams, overMs }),
    window: (ms: number) => child.ask<LoadWindow>({ job: 'window', ms }),
    drained: () => child.ask<object>({ job: 'drained' }),
    resumes: (job: Job<'resumes'>) => child.ask<Resumed>({ job: 'resumes', ...job }),
    cuts: (job: Job<'cuts'>) => child.ask<CutRuns>({ job: 'cuts', ...job }),
  }
}
