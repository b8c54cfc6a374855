import { dateFormat, dateText } from '../../../platform/date-format.ts'

/** BudgetDay is a day of budgets: its date, and the instant at which the next one begins. */
export type BudgetDay = { day: string; endsAt: Date }

const HOUR_MS = 3_600_000
// No day is longer, with an hour put back and some to spare; no two midnights are nearer than half of it.
const LONGEST_DAY_MS = 27 * HOUR_MS

/**
 * budgetDay is the day that an instant belongs to in a time zone, which is that of the installation for everybody. A
 * business's own would let its owner begin a new day by moving it.
 */
export function budgetDay(at: Date, timeZone: string): BudgetDay {
  const day = budgetDate(at, timeZone)
  // Halving finds the change of date wherever the zone puts it, also where a day has 23 or 25 hours.
  let inside = at.getTime()
  let beyond = inside + LONGEST_DAY_MS
  while (beyond - inside > 1) {
    const middle = Math.floor((inside + beyond) / 2)
    if (budgetDate(new Date(middle), timeZone) === day) inside = middle
    else beyond = middle
  }
  return { day, endsAt: new Date(beyond) }
}

/** budgetDate is the date of the day that an instant belongs to, as in `2026-11-22`. */
export function budgetDate(at: Date, timeZone: string): string {
  return dateText(dateFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }), at)
}
