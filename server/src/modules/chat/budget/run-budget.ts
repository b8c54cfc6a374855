import type { Log } from '../../../platform/logger.ts'
import { AgentFailure, type AgentEvent, type HistoryMessage, type Usage } from '../../agent/index.ts'
import { failureMessage } from '../failure-messages.ts'
import type { Charge } from './charge.ts'
import { OFFLINE, type PriceSettings, tariffOf } from './prices.ts'
import { createRunMeter, type PromptSize } from './run-meter.ts'

/** RunBudget meters one run and keeps it within what it holds of its owner's day. */
export type RunBudget = {
  /** begin makes sure that the first prompt is covered; throws AgentFailure when it cannot be. */
  begin(input: { history: readonly HistoryMessage[]; message: string }): Promise<void>
  /** take counts an event; where more must be reserved first, the promise says when the run may go on, or throws. */
  take(event: AgentEvent): Promise<void> | undefined
  /** charge is what the run is taken to have used up to now, or in all where the engine has reported it. */
  charge(reported: Usage | null): Charge
}

/** RunBudgetOptions: `limit` 0 is no limit; `extend` reserves up to so many tokens in all, false when they do not fit. */
export type RunBudgetOptions = {
  runId: string
  locale: 'en' | 'id'
  engine: string
  size: PromptSize
  limit: number
  reserved: number
  prices: PriceSettings
  extend: (more: { runId: string; upTo: number; limit: number }) => Promise<boolean>
  log: Log
}

/** createRunBudget makes the budget of a run that has just been started. */
export function createRunBudget(options: RunBudgetOptions): RunBudget {
  const { limit, runId, locale } = options
  const meter = createRunMeter(options.size)
  let reserved = options.reserved
  let model = options.engine

  async function cover(): Promise<void> {
    const upTo = meter.needed
    const granted = await options.extend({ runId, upTo, limit }).catch((error: unknown) => {
      // An answer does not break off because the database is away for a moment; what it uses is counted in the end.
      options.log.warn({ err: error, run_id: runId }, 'tokens of a run could not be reserved')
      return true
    })
    if (!granted) throw new AgentFailure('token_budget_spent', failureMessage('token_budget_spent', locale))
    reserved = upTo
    meter.proceed()
  }

  const isFree = () => model === OFFLINE

  /** proceed lets the run go on: at once where what comes next is covered, else when it is. */
  function proceed(): Promise<void> | undefined {
    if (limit > 0 && !isFree() && meter.needed > reserved) return cover()
    meter.proceed()
    return undefined
  }

  return {
    async begin(input) {
      meter.begin(input)
      await proceed()
    },
    take(event) {
      if (event.type === 'AgentOutput') {
        model = event.model ?? model
        return undefined
      }
      meter.take(event)
      return proceed()
    },
    charge(reported) {
      const isReported = reported !== null && reported.inputTokens + reported.outputTokens > 0
      const usage = isReported ? reported : isFree() ? { inputTokens: 0, outputTokens: 0 } : meter.spent
      return { model, usage, isEstimated: !isReported, tariff: tariffOf(options.prices, model) }
    },
  }
}
