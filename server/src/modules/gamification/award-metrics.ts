import type { Metrics } from '../../platform/metrics/metrics.ts'
import type { AwardLanes } from './award-lanes.ts'
import type { AwardOutcome } from './award-repository.ts'

/** measureAwards registers what is known of awards, and answers what is to be told of those that have been judged. */
export function measureAwards(metrics: Metrics, lanes: Pick<AwardLanes, 'waiting'>) {
  metrics.gauge({
    name: 'tangga_award_queue_waiting',
    help: 'Events that wait to be awarded',
    read: () => lanes.waiting,
  })
  const judged = metrics.counter({
    name: 'tangga_awards_total',
    help: 'Events, by what became of them',
    labels: ['outcome'],
  })
  return (outcomes: readonly AwardOutcome[]): void => {
    const counts = new Map<string, number>()
    for (const { outcome } of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    for (const [outcome, count] of counts) judged({ outcome }, count)
  }
}
