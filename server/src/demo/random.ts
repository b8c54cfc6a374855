/** Random draws numbers that look random and are the same for the same seed, so that every demo tells the same story. */
export type Random = {
  /** A number from 0 up to, but not including, 1. */
  fraction(): number
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  /** One of the values; there must be one. */
  pick<Value>(values: readonly Value[]): Value
  /** True in about `share` of all draws. */
  chance(share: number): boolean
  /** `count` different whole numbers from `least` to `most`, in rising order. */
  distinct(count: number, least: number, most: number): number[]
}

/** createRandom makes a Random by mulberry32 (Tommy Ettinger's generator of 32 bits of state). Not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const between = (least: number, most: number) => least + Math.floor(fraction() * (most - least + 1))

  return {
    fraction,
    between,
    pick(values) {
      const value = values[between(0, values.length - 1)]
      if (value === undefined) throw new Error('there is nothing to pick from')
      return value
    },
    chance: (share) => fraction() < share,
    distinct(count, least, most) {
      if (count > most - least + 1) throw new Error(`there are no ${count} numbers from ${least} to ${most}`)
      const found = new Set<number>()
      while (found.size < count) found.add(between(least, most))
      return [...found].toSorted((a, b) => a - b)
    },
  }
}
