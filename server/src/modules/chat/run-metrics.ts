import type { Metrics } from '../../platform/metrics/metrics.ts'
import type { LiveRunPlaces } from './live-run-places.ts'
import type { FinishedRun } from './run-rows.ts'

/** measureRuns registers what is known of runs, and answers what is to be told of each that has ended. */
export function measureRuns(metrics: Metrics, places: Pick<LiveRunPlaces, 'taken'>): (run: FinishedRun) => void {
  metrics.gauge({ name: 'tangga_live_runs', help: 'Answers that are being made', read: () => places.taken })
  const ended = metrics.counter({
    name: 'tangga_runs_total',
    help: 'Answers, by how they ended; the code says why one was interrupted',
    labels: ['status', 'code'],
  })
  const used = metrics.counter({
    name: 'tangga_tokens_total',
    help: 'Tokens of answers, reported or estimated',
    labels: ['model', 'direction'],
  })
  return ({ status, errorCode, charge }) => {
    ended({ status, code: errorCode ?? '' })
    used({ model: charge.model, direction: 'input' }, charge.usage.inputTokens)
    used({ model: charge.model, direction: 'output' }, charge.usage.outputTokens)
  }
}
