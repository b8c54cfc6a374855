import type { RunCommand } from './run-instance.ts'
import type { LiveRun, RunAbort } from './run.ts'

/** RunRegistry holds the live runs of this process, until they are stored or given up. */
export type RunRegistry = {
  /** Aborted once the process is going down. */
  readonly closing: AbortSignal
  add(run: LiveRun): void
  get(runId: string): LiveRun | undefined
  ids(): string[]
  /** obey stops what another instance was asked to stop, where it lives here. */
  obey(command: RunCommand): void
  /** endAll aborts the runs that match and resolves when they are settled, or after `withinMs`. */
  endAll(options: { which?: (run: LiveRun) => boolean; reason: RunAbort; withinMs: number }): Promise<void>
  /** close aborts all runs, lets none start any more, and ends within `withinMs` whatever the database does. */
  close(withinMs: number): Promise<void>
}

/** createRunRegistry makes an empty registry; `onSettled` hears of every run of which nothing is left to do. */
export function createRunRegistry(onSettled: (run: LiveRun) => void = () => {}): RunRegistry {
  const runs = new Map<string, LiveRun>()
  const closing = new AbortController()

  async function endAll(options: Parameters<RunRegistry['endAll']>[0]): Promise<void> {
    const matching = [...runs.values()].filter(options.which ?? (() => true))
    for (const run of matching) run.abort(options.reason)
    await within(options.withinMs, Promise.all(matching.map((run) => run.settled)))
  }

  return {
    closing: closing.signal,
    add(run) {
      runs.set(run.id, run)
      void run.settled.then(() => {
        runs.delete(run.id)
        onSettled(run)
      })
      if (closing.signal.aborted) run.abort('server_stopping')
    },
    get: (runId) => runs.get(runId),
    ids: () => [...runs.keys()],
    obey(command) {
      for (const run of runs.values())
        if ('runId' in command ? run.id === command.runId : run.userId === command.userId) run.abort('stopped')
    },
    endAll,
    async close(withinMs) {
      closing.abort()
      await endAll({ reason: 'server_stopping', withinMs })
      for (const run of runs.values()) run.abandon()
    },
  }
}

/** within waits for a promise, but no longer than `ms`; true when it was settled in time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
