/** Spread is the least and the largest of the slices that a median stands for. */
export type Spread = { min: number; max: number }

/** median is the middle of some numbers; the mean of the two middle ones of an even count. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2
}

/** percentile is the value that `share` (0 to 1) of the numbers do not exceed, by nearest rank. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return at(sorted, Math.max(0, Math.ceil(sorted.length * share) - 1))
}

/** spreadOf is the smallest and the largest of some numbers. */
export function spreadOf(values: number[]): Spread {
  return { min: Math.min(...values), max: Math.max(...values) }
}

function at(values: number[], index: number): number {
  const value = values[index]
  if (value === undefined) throw new Error('no values to take a statistic of')
  return value
}
