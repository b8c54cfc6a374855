import { databaseTrouble } from './db/database-trouble.ts'
import { problem } from './errors.ts'

type Waiting<Request, Outcome> = {
  request: Request
  resolve: (outcome: Outcome) => void
  reject: (error: unknown) => void
}

type GatheringQueueOptions<Request, Outcome> = {
  /** Carries out a batch; outcomes come in the order of the requests, and an Error in place of one is its caller's alone. */
  send: (requests: Request[]) => Promise<(Outcome | Error)[]>
  /** Most requests in one batch. */
  batchSize: number
  /** Batches under way at once; it may depend on how many requests wait. */
  lanes: number | ((waiting: number) => number)
  /**
   * Whose a request is. What is of one is never in two batches at once, and keeps its order; and what waits is parted among
   * the lanes that are free. By default a batch takes whatever waits.
   */
  keyOf?: (request: Request) => string
  /** Most requests that may wait; beyond it a call is refused with 503 rather than kept in memory. */
  capacity: number
}

/** GatheringQueue gathers calls that arrive together into batches, so that they share a round trip, and a commit. */
export type GatheringQueue<Request, Outcome> = {
  add(request: Request): Promise<Outcome>
  /** Requests that wait for a batch of theirs to leave. */
  readonly waiting: number
}

/**
 * createGatheringQueue makes a queue that never delays a lone call: a batch leaves within the turn of the event loop in
 * which a lane is free, with whatever is waiting by then. One bad request never fails its neighbours: where a batch fails
 * for another reason than the database being away, each of its requests is tried alone.
 */
export function createGatheringQueue<Request, Outcome>(
  options: GatheringQueueOptions<Request, Outcome>,
): GatheringQueue<Request, Outcome> {
  let waiting: Waiting<Request, Outcome>[] = []
  let busyLanes = 0
  // Between the moment that a dispatch is asked for and the dispatch.
  let isDue = false
  const underWay = new Set<string>()
  const { keyOf } = options
  const lanesFor = (count: number) => (typeof options.lanes === 'number' ? options.lanes : options.lanes(count))

  function dispatch(): void {
    isDue = false
    for (let free = lanesFor(waiting.length) - busyLanes; free > 0 && waiting.length > 0; free--) {
      const { batch, keys } = taken(Math.ceil(waiting.length / free))
      if (batch.length === 0) return
      for (const key of keys) underWay.add(key)
      busyLanes++
      void settle(batch).finally(() => {
        busyLanes--
        for (const key of keys) underWay.delete(key)
        // Whoever was answered just now may have more: what they call in this turn leaves with what has waited.
        if (waiting.length > 0 && !isDue) {
          isDue = true
          setImmediate(dispatch)
        }
      })
    }
  }

  // The first that wait, `share` of them and what else is of their keys, but for what must wait for a batch under way.
  function taken(share: number): { batch: Waiting<Request, Outcome>[]; keys: Set<string> } {
    const keys = new Set<string>()
    if (!keyOf) return { batch: waiting.splice(0, options.batchSize), keys }
    const batch: Waiting<Request, Outcome>[] = []
    waiting = waiting.filter((entry) => {
      const key = keyOf(entry.request)
      const isLeft =
        underWay.has(key) || batch.length === options.batchSize || (batch.length >= share && !keys.has(key))
      if (isLeft) return true
      keys.add(key)
      batch.push(entry)
      return false
    })
    return { batch, keys }
  }

  async function settle(batch: Waiting<Request, Outcome>[]): Promise<void> {
    try {
      await send(batch)
    } catch (error) {
      if (batch.length === 1 || isAway(error)) rejectAll(batch, error)
      else await settleAlone(batch)
    }
  }

  async function send(batch: Waiting<Request, Outcome>[]): Promise<void> {
    const outcomes = await options.send(batch.map((entry) => entry.request))
    batch.forEach((entry, index) => {
      const outcome = outcomes[index]
      if (outcome === undefined) entry.reject(new Error(`expected ${batch.length} outcomes, came ${outcomes.length}`))
      else if (outcome instanceof Error) entry.reject(outcome)
      else entry.resolve(outcome)
    })
  }

  async function settleAlone(batch: Waiting<Request, Outcome>[]): Promise<void> {
    for (const [index, entry] of batch.entries()) {
      try {
        await send([entry])
      } catch (error) {
        entry.reject(error)
        // The rest would only wait for one time limit after the other.
        if (isAway(error)) return rejectAll(batch.slice(index + 1), error)
      }
    }
  }

  function rejectAll(batch: Waiting<Request, Outcome>[], error: unknown): void {
    for (const entry of batch) entry.reject(error)
  }

  return {
    add: (request) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= options.capacity)
          throw problem.unavailable('busy', 'Too much is going on right now. Please try again.')
        waiting.push({ request, resolve, reject })
        if (isDue || busyLanes >= lanesFor(waiting.length)) return
        // Calls of one turn of the event loop leave together.
        isDue = true
        queueMicrotask(dispatch)
      }),
    get waiting() {
      return waiting.length
    },
  }
}

const isAway = (error: unknown) => databaseTrouble(error)?.code === 'database_unavailable'
