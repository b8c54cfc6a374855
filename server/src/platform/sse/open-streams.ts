import { problem } from '../errors.ts'

/** OpenStreams counts the streams that each owner, or API key, holds open in this process, of whatever kind. */
export type OpenStreams = {
  /** reserve takes a place for one more stream, to be released once, or throws 429. */
  reserve(owner: string): () => void
}

/** createOpenStreams allows `perOwner` streams to each owner; 0 is no limit. */
export function createOpenStreams(perOwner: number): OpenStreams {
  const counts = new Map<string, number>()
  return {
    reserve(owner) {
      const open = counts.get(owner) ?? 0
      if (perOwner > 0 && open >= perOwner)
        throw problem.tooMany('Too many streams are open at once. Close one first.', 5)
      counts.set(owner, open + 1)
      let released = false
      return () => {
        if (released) return
        released = true
        const left = (counts.get(owner) ?? 1) - 1
        if (left === 0) counts.delete(owner)
        else counts.set(owner, left)
      }
    },
  }
}
