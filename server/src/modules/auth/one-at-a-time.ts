/** createOneAtATime runs the work of one key in order, one piece after the other; different keys do not wait. */
export function createOneAtATime(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = tails.get(key)
    const mine = before === undefined ? work() : before.then(work, work)
    tails.set(key, mine)
    try {
      return await mine
    } finally {
      // Only the last one of the line clears the key; the map holds what is under way and nothing else.
      if (tails.get(key) === mine) tails.delete(key)
    }
  }
}
