import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import type { SessionRepository } from './session-repository.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/** KEEP_DELETED_DAYS is how long a deleted conversation can be restored; then it is erased. */
export const KEEP_DELETED_DAYS = 30

/** purgeTime is when a conversation that was deleted at an instant is erased for good, at the earliest. */
export function purgeTime(deletedAt: Date): Date {
  return new Date(deletedAt.getTime() + KEEP_DELETED_DAYS * DAY_MS)
}

/** SessionPurge erases what was deleted long ago. */
export type SessionPurge = ReturnType<typeof createSessionPurge>

/** createSessionPurge makes the one of this process, which works at the start and once a day; several do no harm. */
export function createSessionPurge(deps: { sessions: Pick<SessionRepository, 'purge'>; clock: Clock; log: Log }) {
  const { sessions, clock, log } = deps
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let working: Promise<void> = Promise.resolve()

  /** run erases all that is due. */
  async function run(): Promise<void> {
    const before = new Date(clock.now().getTime() - KEEP_DELETED_DAYS * DAY_MS)
    for (let more = true; more && !stopped;) ({ more } = await sessions.purge(before))
  }

  function begin(): void {
    working = run()
      // What was not done is done next time.
      .catch((error: unknown) => log.warn({ err: error }, 'deleted conversations could not be erased'))
      .then(() => {
        if (!stopped) timer = setTimeout(begin, DAY_MS).unref()
      })
  }

  return {
    run,
    start: begin,
    async close(): Promise<void> {
      stopped = true
      clearTimeout(timer)
      await working
    },
  }
}
