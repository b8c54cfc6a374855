import { problem } from '../../platform/errors.ts'

/** OpenStreams counts the streams that each owner holds open. */
export type OpenStreams = {
  /** reserve takes a place for one more stream, to be released once, or throws 429. */
  reserve(userId: string): () => void
}

/** createOpenStreams allows `perOwner` streams to each owner; 0 is no limit. */
export function createOpenStreams(perOwner: number): OpenStreams {
  const counts = new Map<string, number>()
  return {
    reserve(userId) {
      const open = counts.get(userId) ?? 0
      if (perOwner > 0 && open >= perOwner)
        throw problem.tooMany('Too many answers are open at once. Close one first.', 5)
      counts.set(userId, open + 1)
      let released = false
      return () => {
        if (released) return
        released = true
        const left = (counts.get(userId) ?? 1) - 1
        if (left === 0) counts.delete(userId)
        else counts.set(userId, left)
      }
    },
  }
}
