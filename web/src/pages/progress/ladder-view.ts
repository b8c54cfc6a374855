/** Rung is one level as the ladder draws it. */
export type Rung<L> = { level: L; state: 'reached' | 'current' | 'ahead' }

/**
 * LadderView is the part of the ladder around a total: its rungs from the lowest up, and `height`, where the climber
 * stands, counted in rungs from the lowest shown (1.5 is half-way between the second and the third).
 */
export type LadderView<L> = {
  rungs: Rung<L>[]
  height: number
  current: L | undefined
  next: L | undefined
  progress: number
}

/** ladderView shows at most `size` rungs: where possible one below the climber's level, and the rest above. `levels` may come in any order. */
export function ladderView<L extends { required_points: number }>(
  levels: readonly L[],
  total: number,
  size = 5,
): LadderView<L> {
  const sorted = [...levels].sort((a, b) => a.required_points - b.required_points)
  const at = sorted.findLastIndex((level) => level.required_points <= total)
  const current = sorted[at]
  const next = sorted[at + 1]
  const floor = current?.required_points ?? 0
  const progress = next ? (total - floor) / (next.required_points - floor) : 1
  const first = Math.max(0, Math.min(at - 1, sorted.length - size))
  const rungs = sorted.slice(first, first + size).map((level, index): Rung<L> => {
    const place = first + index
    return { level, state: place === at ? 'current' : place < at ? 'reached' : 'ahead' }
  })
  // Below the first rung the climber stands within half a rung of it; on the last one exactly on it.
  const height = current ? at - first + (next ? progress : 0) : Math.max(0, progress) * 0.5 - 0.5
  return { rungs, height, current, next, progress }
}
