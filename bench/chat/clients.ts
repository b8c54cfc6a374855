import { ownerToken } from '../owner-token.ts'
import type { Target } from './answer-stream.ts'
import { cutRuns } from './cut-client.ts'
import { timeFirstTokens } from './first-token-client.ts'
import { timeResumes } from './resume-client.ts'
import { serveParent } from './serve-parent.ts'
import { createSteadyLoad, type SteadyLoad } from './steady-load.ts'

// All clients of the bench, as a process of their own. The parent tells it what to do over the IPC channel.

/** Addresses are where the clients find whom they talk to; the service they call as its seeded owners. */
export type Addresses = { service: string; bare: string; model: string; secretKey: string; owners: number }

/** ClientJob is one thing that the clients are told to do. */
export type ClientJob =
  | { job: 'firstTokens'; at: Addresses; pairs: number; warmUp: number }
  | { job: 'load'; at: Addresses; of: 'tangga' | 'bare'; tokens: number; everyMs: number }
  | { job: 'streams'; streams: number; overMs: number }
  | { job: 'window'; ms: number }
  | { job: 'drained' }
  | { job: 'resumes'; at: Addresses; runs: number; tokens: number; everyMs: number; endedResumes: number }
  | { job: 'cuts'; at: Addresses; runs: number; perSecond: number; tokens: number; everyMs: number; name: string }

let load: SteadyLoad | undefined

function steady(): SteadyLoad {
  if (!load) throw new Error('expected a load to have been begun')
  return load
}

function service(at: Addresses): Extract<Target, { kind: 'tangga' }> {
  const authorizations = Array.from({ length: at.owners }, (_, index) => ownerToken(at.secretKey, index + 1))
  return { kind: 'tangga', url: at.service, authorizations }
}

async function carryOut(job: ClientJob): Promise<unknown> {
  switch (job.job) {
    case 'firstTokens':
      return timeFirstTokens({ ...job, service: service(job.at), model: { kind: 'model', url: job.at.model } })
    case 'load':
      load = createSteadyLoad(job.of === 'bare' ? { kind: 'bare', url: job.at.bare } : service(job.at), job)
      return {}
    case 'streams':
      await steady().setStreams(job.streams, job.overMs)
      return {}
    case 'window':
      return steady().window(job.ms)
    case 'drained':
      await steady().drained()
      return {}
    case 'resumes':
      return timeResumes({ ...job, service: service(job.at) })
    case 'cuts':
      return cutRuns({ ...job, service: service(job.at) })
  }
}

serveParent({ ready: {}, answer: carryOut })
