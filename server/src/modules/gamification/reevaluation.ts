import type { Log } from '../../platform/logger.ts'
import type { AwardRepository } from './award-repository.ts'

const RETRY_MS = 1_000
const LONGEST_WAIT_MS = 10_000

/**
 * Reevaluation judges everyone anew after levels or achievements changed. What is due stands in the database, so that a
 * process that dies in the middle is made good at the next start.
 */
export type Reevaluation = {
  /** catchUp resolves when everyone agrees with the edits committed before the call, or after ten seconds at most. */
  catchUp(): Promise<void>
  close(): void
}

/** createReevaluation makes the one that runs in this process; several at once do no harm. */
export function createReevaluation({ repository, log }: { repository: AwardRepository; log: Log }): Reevaluation {
  let last: Promise<void> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function run(): Promise<void> {
    for (;;) {
      const revision = await repository.dueRevision()
      if (revision === null || closed) return
      await repository.judgeEveryone()
      await repository.markEvaluated(revision)
    }
  }

  function enqueue(): Promise<void> {
    last = last.then(run).catch((error: unknown) => {
      if (closed) return
      log.error({ err: error }, 'judging everyone by the changed definitions failed; trying again')
      clearTimeout(retry)
      retry = setTimeout(enqueue, RETRY_MS).unref()
    })
    return last
  }

  return {
    async catchUp() {
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LONGEST_WAIT_MS)
      })
      await Promise.race([enqueue(), patience])
      clearTimeout(timer)
    },
    close() {
      closed = true
      clearTimeout(retry)
    },
  }
}
