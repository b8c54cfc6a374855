import type { Log } from '../../platform/logger.ts'
import type { ChatRepository } from './repository.ts'
import type { RunInstance } from './run-instance.ts'
import type { RunRegistry } from './run-registry.ts'

/** RunLeases keep the runs of this process alive in the database and end those whose process is gone. */
export type RunLeases = {
  /**
   * tick renews and sweeps once, with what is stored by the time it is called; never throws, since the next one makes up
   * for it.
   */
  tick(): Promise<void>
  /** start sweeps once, which frees what an earlier process has left, and resolves; from then on it goes by itself. */
  start(): Promise<void>
  stop(): void
}

/** RENEW_EVERY_MS leaves room for two renewals to fail within one lease. */
export const RENEW_EVERY_MS = 10_000

// While commands of other instances are not heard, the database is asked this often which runs were stopped.
const ASK_EVERY_MS = 500
// A lock that is free may be one whose process has lost its connection and is about to take it again.
const LOOK_AGAIN_MS = 2_000

/** createRunLeases makes the keeper of leases; it does nothing before `start`. */
export function createRunLeases(deps: {
  repository: Pick<ChatRepository, 'renewLeases' | 'interruptExpired' | 'instancesGone' | 'interruptRunsOf'>
  registry: RunRegistry
  instance: Pick<RunInstance, 'id' | 'hears'>
  log: Log
}): RunLeases {
  const { repository, registry, instance, log } = deps
  let timer: NodeJS.Timeout | undefined
  let asking: NodeJS.Timeout | undefined
  let secondLook: NodeJS.Timeout | undefined
  let ticking: Promise<void> | undefined
  let next: Promise<void> | undefined
  let suspects: ReadonlySet<number> | undefined

  async function renew(): Promise<void> {
    const live = registry.ids()
    if (live.length === 0) return
    const alive = await repository.renewLeases(live)
    // Stopped by another process, given up for dead, or erased with its owner. One that is just being stored is past
    // being aborted.
    for (const id of live) if (!alive.has(id)) registry.get(id)?.abort('interrupted')
  }

  /**
   * sweep ends the runs of instances that are gone. The first look of a process is believed, so that one that was killed
   * and started again has its conversations free; later on, a lock must have been free twice.
   */
  async function sweep(): Promise<void> {
    const silent = await repository.instancesGone(instance.id)
    const gone = silent.filter((number) => suspects?.has(number) ?? true)
    suspects = new Set(silent.filter((number) => !gone.includes(number)))
    const ended = gone.length > 0 ? await repository.interruptRunsOf(gone) : []
    const expired = await repository.interruptExpired(registry.ids())
    const runIds = [...ended, ...expired]
    if (runIds.length > 0) log.warn({ run_ids: runIds }, 'runs of a process that is gone were interrupted')
    if (suspects.size > 0 && timer) secondLook ??= setTimeout(lookAgain, LOOK_AGAIN_MS).unref()
  }

  function lookAgain(): void {
    secondLook = undefined
    void tick()
  }

  async function renewAndSweep(): Promise<void> {
    try {
      await renew()
      await sweep()
    } catch (error) {
      log.warn({ err: error }, 'leases of runs could not be renewed')
    }
  }

  /** tick waits for the look that is under way, which may have read already, and shares the next one with others. */
  function tick(): Promise<void> {
    if (ticking)
      return (next ??= ticking.then(() => {
        next = undefined
        return tick()
      }))
    ticking = renewAndSweep().finally(() => (ticking = undefined))
    return ticking
  }

  function ask(): void {
    if (!ticking && !instance.hears && registry.ids().length > 0) void tick()
  }

  return {
    tick,
    async start() {
      await tick()
      timer = setInterval(() => void tick(), RENEW_EVERY_MS).unref()
      asking = setInterval(ask, ASK_EVERY_MS).unref()
    },
    stop() {
      clearInterval(timer)
      clearInterval(asking)
      clearTimeout(secondLook)
      timer = undefined
    },
  }
}
