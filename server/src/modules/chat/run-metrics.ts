import type { Metrics } from '../../platform/metrics/metrics.ts'
import type { ModelUse } from '../agent/index.ts'
import type { LiveRunPlaces } from './live-run-places.ts'
import type { FinishedRun } from './run-rows.ts'

/**
 * measureRuns registers what is known of runs and of tokens, and answers what is to be told of each run that has ended, and
 * of what was used besides.
 */
export function measureRuns(metrics: Metrics, places: Pick<LiveRunPlaces, 'taken'>) {
  metrics.gauge({ name: 'tangga_live_runs', help: 'Answers that are being made', read: () => places.taken })
  const ended = metrics.counter({
    name: 'tangga_runs_total',
    help: 'Answers, by how they ended; the code says why one was interrupted',
    labels: ['status', 'code'],
  })
  const used = metrics.counter({
    name: 'tangga_tokens_total',
    help: 'Tokens of answers, titles and summaries, reported or estimated',
    labels: ['model', 'direction'],
  })
  function tellUsed({ model, usage }: ModelUse): void {
    used({ model, direction: 'input' }, usage.inputTokens)
    used({ model, direction: 'output' }, usage.outputTokens)
  }
  return {
    tellEnded({ status, errorCode, charge }: FinishedRun): void {
      ended({ status, code: errorCode ?? '' })
      tellUsed(charge)
    },
    tellUsed,
  }
}
