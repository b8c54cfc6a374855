import type { Log } from '../../platform/logger.ts'
import type { ChatRepository } from './repository.ts'
import type { RunRegistry } from './run-registry.ts'

/** RunLeases keep the runs of this process alive in the database and end those whose process is gone. */
export type RunLeases = {
  /** tick renews and sweeps once; never throws, since the next one makes up for it. */
  tick(): Promise<void>
  start(): void
  stop(): void
}

/** RENEW_EVERY_MS leaves room for two renewals to fail within one lease. */
export const RENEW_EVERY_MS = 10_000

/** createRunLeases makes the keeper of leases; it does nothing before `start`. */
export function createRunLeases(deps: {
  repository: Pick<ChatRepository, 'renewLeases' | 'interruptExpired'>
  registry: RunRegistry
  log: Log
}): RunLeases {
  const { repository, registry, log } = deps
  let timer: NodeJS.Timeout | undefined
  let ticking: Promise<void> | undefined

  async function renewAndSweep(): Promise<void> {
    try {
      const live = registry.ids()
      if (live.length > 0) {
        const alive = await repository.renewLeases(live)
        // Stopped by another process, given up for dead, or erased with its owner. One that is just being stored is
        // past being aborted.
        for (const id of live) if (!alive.has(id)) registry.get(id)?.abort('interrupted')
      }
      const expired = await repository.interruptExpired(registry.ids())
      if (expired.length > 0) log.warn({ run_ids: expired }, 'runs of a process that is gone were interrupted')
    } catch (error) {
      log.warn({ err: error }, 'leases of runs could not be renewed')
    }
  }

  const tick = () => (ticking ??= renewAndSweep().finally(() => (ticking = undefined)))

  return {
    tick,
    start() {
      void tick()
      timer = setInterval(() => void tick(), RENEW_EVERY_MS)
      timer.unref()
    },
    stop: () => clearInterval(timer),
  }
}
