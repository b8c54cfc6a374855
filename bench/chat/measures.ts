import type { Measure } from '../report.ts'
import { median, percentile, spreadOf } from '../statistics.ts'
import type { ChatBench } from './chat-bench.ts'

/** measureFirstToken compares the time to the first token through the service with that of the model server itself. */
export async function measureFirstToken({ clients, at, isQuick, tell }: ChatBench): Promise<Measure[]> {
  tell('first_token_added')
  const pairs = isQuick ? 100 : 500
  const { through, direct } = await clients.firstTokens({ at, pairs, warmUp: isQuick ? 40 : 600 })
  const added = through.map((ms, index) => ms - (direct[index] ?? 0))
  const baseline = `model server directly ${median(direct).toFixed(2)} ms, through us ${median(through).toFixed(2)} ms; ${pairs} pairs`
  const measure = { unit: 'ms', baseline, spread: spreadOf(added), smallerIsBetter: true }
  return [
    { ...measure, name: 'first_token_added_p50_ms', value: percentile(added, 0.5), atLeast: 4, aim: 2 },
    { ...measure, name: 'first_token_added_p99_ms', value: percentile(added, 0.99), atLeast: 12, aim: 6 },
  ]
}

/** measureResumes times how long a client that comes back to a run of 2,000 tokens takes to have caught up. */
export async function measureResumes({ clients, at, isQuick, tell }: ChatBench): Promise<Measure[]> {
  tell('resume_p99_ms')
  const tokens = isQuick ? 400 : 2_000
  // Slower than the window in which the service joins tokens, so that each is an event of its own.
  const everyMs = 35
  const { live, ended, events } = await clients.resumes({
    at,
    runs: 5,
    tokens,
    everyMs,
    endedResumes: isQuick ? 50 : 300,
  })
  return [
    {
      name: 'resume_p99_ms',
      value: percentile(live, 0.99),
      unit: 'ms',
      atLeast: 100,
      aim: 30,
      baseline: `median ${median(live).toFixed(1)} ms of ${live.length} in live runs of ${events} events; ended runs ${median(ended).toFixed(1)} ms, p99 ${percentile(ended, 0.99).toFixed(1)} ms`,
      spread: spreadOf(live),
      smallerIsBetter: true,
    },
  ]
}
