import type { Clock } from '../../../platform/clock.ts'
import type { Database } from '../../../platform/db/database.ts'
import type { Problem } from '../../../platform/errors.ts'
import type { Log } from '../../../platform/logger.ts'
import type { AgentEngine } from '../../agent/index.ts'
import { budgetDate, budgetDay } from './budget-day.ts'
import { budgetRefusal } from './budget-refusal.ts'
import { type BudgetSpent, extend, type Reserved, type RunBudgetRequest } from './budget-repository.ts'
import { OFFLINE, type PriceSettings, tariffOf } from './prices.ts'
import { createRunBudget, type RunBudget } from './run-budget.ts'
import { ANSWER_ROOM, promptEstimate, usualPrompt } from './run-meter.ts'

/** RunBudgets are what the chat needs to keep runs within the days of their owners. */
export type RunBudgets = {
  /** request is what a message asks for: its prompt and room for an answer, nothing of the offline advisor. */
  request(message: string, at: Date): RunBudgetRequest
  /** open meters a run that was started with a reservation. */
  open(run: { runId: string; locale: 'en' | 'id'; reserved: Reserved }): RunBudget
  /** refusal is the answer to a message that does not fit. */
  refusal(spent: BudgetSpent & { locale: 'en' | 'id' }): Problem
}

/** createRunBudgets makes them for the engine that answers; a new day begins at midnight in `timeZone`. */
export function createRunBudgets(options: {
  db: Database
  engine: Pick<AgentEngine, 'name' | 'frameTokens' | 'promptTokens'>
  prices: PriceSettings
  timeZone: string
  clock: Clock
  log: Log
}): RunBudgets {
  const { db, engine, prices, timeZone, clock, log } = options
  const { promptTokens = usualPrompt.promptTokens } = engine
  const size = () => ({ frameTokens: engine.frameTokens ?? usualPrompt.frameTokens, promptTokens })
  return {
    request(message, at) {
      const first = promptEstimate(size(), { historyTokens: 0, message })
      return {
        day: budgetDate(at, timeZone),
        tokens: engine.name === OFFLINE ? 0 : first + ANSWER_ROOM,
        historyTokens: promptTokens - first,
        model: engine.name,
        tariff: tariffOf(prices, engine.name),
      }
    },
    open: ({ runId, locale, reserved }) =>
      createRunBudget({
        runId,
        locale,
        engine: engine.name,
        size: size(),
        limit: reserved.tokenLimit,
        reserved: reserved.tokens,
        prices,
        extend: (more) => extend(db, more),
        log,
      }),
    refusal(spent) {
      const now = clock.now()
      return budgetRefusal(spent, { now, endsAt: budgetDay(now, timeZone).endsAt })
    },
  }
}
