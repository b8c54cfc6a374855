import { availableParallelism } from 'node:os'
import { databaseTrouble } from '../../platform/db/database-trouble.ts'
import { Problem } from '../../platform/errors.ts'
import { createGatheringQueue } from '../../platform/gathering-queue.ts'
import type { Log } from '../../platform/logger.ts'
import { type AwardOutcome, type AwardRequest, whoseOf } from './award-repository.ts'

// Each is a transaction under way at most: as many as the machine can work on, since more of them only make smaller
// arrays, and what a statement costs whatever its length is then paid more often. Where arrays are long all the same, one
// more is at work while another waits for the disk.
const LANES = Math.min(8, Math.max(2, availableParallelism()))
const MANY = 100
const LONGEST_ARRAY = 200
const MOST_WAITING = 10_000

type LaneOptions = {
  /** Awards an array of requests; outcomes come in their order, and an Error in place of one is of that request alone. */
  award: (requests: AwardRequest[]) => Promise<(AwardOutcome | Error)[]>
  log: Log
}

/** AwardLanes gather awards, of single calls and of batches alike, so that they share round trips and commits. */
export type AwardLanes = {
  add(request: AwardRequest): Promise<AwardOutcome>
  /** addAll answers an outcome for each request, or the error that it alone brought about. */
  addAll(requests: AwardRequest[]): Promise<(AwardOutcome | Error)[]>
  /** Requests that wait to be sent. */
  readonly waiting: number
}

/**
 * createAwardLanes sends what is of one owner, or of one business where nobody owns the call, in one array at a time. An
 * array holds the rows of its businesses until it has committed, so arrays that share one would run one after the other;
 * and what was posted first is awarded first.
 */
export function createAwardLanes({ award, log }: LaneOptions): AwardLanes {
  const queue = createGatheringQueue<AwardRequest, AwardOutcome>({
    send: award,
    batchSize: LONGEST_ARRAY,
    lanes: (waiting) => (waiting >= MANY ? LANES + 1 : LANES),
    keyOf: whoseOf,
    capacity: MOST_WAITING,
  })

  return {
    add: queue.add,
    get waiting() {
      return queue.waiting
    },
    async addAll(requests) {
      const settled = await Promise.allSettled(requests.map(queue.add))
      return settled.map((result) => {
        if (result.status === 'fulfilled') return result.value
        const { reason } = result
        // With the database away or too busy the call fails as a whole, since all of it can be repeated.
        if (databaseTrouble(reason)?.status === 503 || isRefusal(reason)) throw reason
        log.error({ err: reason }, 'an event could not be awarded')
        return reason instanceof Error ? reason : new Error(String(reason))
      })
    },
  }
}

const isRefusal = (reason: unknown) => reason instanceof Problem && reason.status === 503
