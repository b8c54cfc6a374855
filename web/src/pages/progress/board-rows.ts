/** BoardRow is a row of the board, or the gap before an own row that stands far below the top. */
export type BoardRow<E> = { kind: 'entry'; entry: E } | { kind: 'gap' }

/**
 * boardRows puts a gap before the last row when that is the caller's own, appended from further down. Ranks leave gaps
 * of their own after ties (1, 2, 2, 4), so a row is appended only when its rank lies beyond its place in the list.
 */
export function boardRows<E extends { rank: number; is_current_user: boolean }>(entries: readonly E[]): BoardRow<E>[] {
  const rows: BoardRow<E>[] = []
  entries.forEach((entry, index) => {
    const appended = entry.is_current_user && index === entries.length - 1 && index > 0 && entry.rank > index + 1
    if (appended) rows.push({ kind: 'gap' })
    rows.push({ kind: 'entry', entry })
  })
  return rows
}
