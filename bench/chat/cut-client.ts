import { setTimeout as sleep } from 'node:timers/promises'
import { ask, type Target } from './answer-stream.ts'

/** CutRuns are the ids of the questions whose runs a client has seen begin, and of how many it saw the end. */
export type CutRuns = { seen: string[]; whole: number }

/**
 * cutRuns asks `runs` questions, `perSecond` of them, and cuts each client's connection at a random moment between
 * asking and a little after the answer's end.
 */
export async function cutRuns(job: {
  service: Target
  runs: number
  perSecond: number
  tokens: number
  everyMs: number
  /** Stands before the ids of the questions. */
  name: string
}): Promise<CutRuns> {
  const { tokens, everyMs } = job
  const seen: string[] = []
  let whole = 0
  const runs: Promise<void>[] = []
  for (let nth = 0; nth < job.runs; nth++) {
    runs.push(oneRun(nth))
    await sleep(1000 / job.perSecond)
  }
  async function oneRun(nth: number): Promise<void> {
    const id = `${job.name}-${nth}`
    const { promise, resolve } = Promise.withResolvers<void>()
    const cut = ask(
      job.service,
      { question: { tokens, everyMs, id }, owner: nth },
      {
        onHeaders: () => void seen.push(id),
        onText: () => {},
        onEnd(failure) {
          if (failure === undefined) whole++
          resolve()
        },
      },
    )
    await Promise.race([promise, sleep(Math.random() * tokens * everyMs * 1.1)])
    cut()
  }
  await Promise.all(runs)
  return { seen, whole }
}
