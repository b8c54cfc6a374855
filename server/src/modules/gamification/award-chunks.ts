import { databaseTrouble } from '../../platform/db/database-trouble.ts'
import type { Log } from '../../platform/logger.ts'
import type { AwardOutcome, AwardRequest } from './award-repository.ts'

const CHUNK = 200
const LANES = 4

type ChunkOptions = {
  /** Awards an array of requests; outcomes come in their order. */
  award: (requests: AwardRequest[]) => Promise<AwardOutcome[]>
  log: Log
}

/** AwardChunks award long arrays of requests, in order, some hundred at a time. */
export type AwardChunks = {
  /** award answers an outcome for each request, or the error that it alone brought about. */
  award(requests: AwardRequest[]): Promise<(AwardOutcome | Error)[]>
}

/**
 * createAwardChunks bounds what one transaction holds, and how many such run at once in this process. With the database
 * away or too busy the call fails as a whole, since all of it can be repeated.
 */
export function createAwardChunks({ award, log }: ChunkOptions): AwardChunks {
  const waiting: (() => void)[] = []
  let busyLanes = 0

  async function inLane<T>(work: () => Promise<T>): Promise<T> {
    // A lane that is given up goes to whoever waited longest, and stays busy.
    if (busyLanes < LANES) busyLanes++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else busyLanes--
    }
  }

  async function settle(requests: AwardRequest[]): Promise<(AwardOutcome | Error)[]> {
    try {
      const outcomes = await inLane(() => award(requests))
      if (outcomes.length !== requests.length)
        throw new Error(`expected ${requests.length} outcomes, came ${outcomes.length}`)
      return outcomes
    } catch (error) {
      if (databaseTrouble(error)?.status === 503) throw error
      if (requests.length === 1) {
        log.error({ err: error }, 'an event could not be awarded')
        return [error instanceof Error ? error : new Error(String(error))]
      }
      const half = requests.length >> 1
      return [...(await settle(requests.slice(0, half))), ...(await settle(requests.slice(half)))]
    }
  }

  return {
    async award(requests) {
      const outcomes: (AwardOutcome | Error)[] = []
      for (let from = 0; from < requests.length; from += CHUNK)
        outcomes.push(...(await settle(requests.slice(from, from + CHUNK))))
      return outcomes
    },
  }
}
