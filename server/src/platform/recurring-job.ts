import type { Log } from './logger.ts'

/** RecurringJob is work that is done again and again beside everything else. */
export type RecurringJob = {
  start(): void
  /** close lets the work that is under way end; `run` is told by its signal. */
  close(): Promise<void>
}

/**
 * createRecurringJob does `run` some time after the start, and again some time after each end. A run that fails is logged
 * with `failed`, and what it left is the next one's.
 */
export function createRecurringJob(options: {
  run: (signal: AbortSignal) => Promise<unknown>
  firstAfterMs: number
  everyMs: number
  failed: string
  log: Log
}): RecurringJob {
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<unknown> = Promise.resolve()

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      working = options
        .run(stopping.signal)
        .catch((error: unknown) => options.log.warn({ err: error }, options.failed))
        .finally(() => stopping.signal.aborted || schedule(options.everyMs))
    }, ms).unref()
  }

  return {
    start: () => schedule(options.firstAfterMs),
    async close() {
      stopping.abort()
      clearTimeout(timer)
      await working
    },
  }
}
