import type { UsageRow } from './usage-repository.ts'

/** UsageSums are what was used under one heading, in every currency. */
export type UsageSums = {
  runs: number
  estimated_runs: number
  input_tokens: number
  output_tokens: number
  costs: { currency: string; amount: number }[]
}

/** usageSums adds rows up, and costs by their currency. */
export function usageSums(rows: readonly UsageRow[]): UsageSums {
  const sums: UsageSums = { runs: 0, estimated_runs: 0, input_tokens: 0, output_tokens: 0, costs: [] }
  for (const row of rows) {
    sums.runs += row.runs
    sums.estimated_runs += row.estimatedRuns
    sums.input_tokens += row.inputTokens
    sums.output_tokens += row.outputTokens
    if (row.currency === '') continue
    const known = sums.costs.find(({ currency }) => currency === row.currency)
    if (known) known.amount += Number(row.cost)
    else sums.costs.push({ currency: row.currency, amount: Number(row.cost) })
  }
  for (const entry of sums.costs) entry.amount = rounded(entry.amount)
  return sums
}

/** usageUnder gathers rows under their headings, in the order in which these come first. */
export function usageUnder<Row extends UsageRow>(
  rows: readonly Row[],
  headingOf: (row: Row) => string,
): { first: Row; sums: UsageSums }[] {
  return [...Map.groupBy(rows, headingOf).values()].flatMap((group) =>
    group[0] ? [{ first: group[0], sums: usageSums(group) }] : [],
  )
}

// Exact in the database; here a millionth of a unit is told, which is all that an addition of doubles is good for.
const rounded = (amount: number) => Math.round(amount * 1_000_000) / 1_000_000
