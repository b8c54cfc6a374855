import { problem } from '../../platform/errors.ts'

/** WorkQueue runs pieces of work, a bounded number at once and a bounded number waiting. */
export type WorkQueue = <T>(work: () => Promise<T>) => Promise<T>

/** createWorkQueue runs at most `running` pieces at once, in order; above `waiting` it refuses with 503 `busy`. */
export function createWorkQueue(bounds: { running: number; waiting: number }): WorkQueue {
  const waiters: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < bounds.running) running++
    else if (waiters.length >= bounds.waiting)
      throw problem.unavailable('busy', 'Too many people are signing in right now. Please try again.')
    // A finished piece hands its place over, so `running` stays as it is.
    else await new Promise<void>((resolve) => waiters.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiters.shift()
      if (next) next()
      else running--
    }
  }
}
