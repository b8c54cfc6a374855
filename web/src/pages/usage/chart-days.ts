/** ChartDay is one bar: a date as 2026-11-22, and how much. */
export type ChartDay = { day: string; value: number }

const DAY_MS = 86_400_000

/** chartDays are all days of a period, oldest first, those without a value with 0. */
export function chartDays(period: { from: string; to: string }, values: readonly ChartDay[]): ChartDay[] {
  const known = new Map(values.map(({ day, value }) => [day, value]))
  const days: ChartDay[] = []
  for (let at = Date.parse(period.from); at <= Date.parse(period.to); at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10)
    days.push({ day, value: known.get(day) ?? 0 })
  }
  return days
}
