import { createLog } from '../../../platform/logger.ts'
import { createRunBudget, type RunBudget, type RunBudgetOptions } from '../budget/run-budget.ts'

/** openBudget makes the budget of a run whose owner has no limit, unless told otherwise. */
export function openBudget(options: Partial<RunBudgetOptions> = {}): RunBudget {
  return createRunBudget({
    runId: 'run',
    locale: 'en',
    engine: 'scripted',
    size: { frameTokens: 100, promptTokens: 10_000 },
    limit: 0,
    reserved: 0,
    prices: { llmPrices: [], llmPriceCurrency: 'USD' },
    extend: () => Promise.reject(new Error('nothing is to be reserved')),
    log: createLog({ level: 'silent' }),
    ...options,
  })
}
