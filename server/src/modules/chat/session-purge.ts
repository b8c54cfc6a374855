import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { createRecurringJob } from '../../platform/recurring-job.ts'
import type { SessionRepository } from './session-repository.ts'

const DAY_MS = 24 * 60 * 60 * 1_000
const FIRST_AFTER_MS = 60_000

/** KEEP_DELETED_DAYS is how long a deleted conversation can be restored; then it is erased. */
export const KEEP_DELETED_DAYS = 30

/** purgeTime is when a conversation that was deleted at an instant is erased for good, at the earliest. */
export function purgeTime(deletedAt: Date): Date {
  return new Date(deletedAt.getTime() + KEEP_DELETED_DAYS * DAY_MS)
}

/** SessionPurge erases what was deleted long ago. */
export type SessionPurge = ReturnType<typeof createSessionPurge>

/** createSessionPurge makes the one of this process, which works soon after the start and once a day; several do no harm. */
export function createSessionPurge(deps: { sessions: Pick<SessionRepository, 'purge'>; clock: Clock; log: Log }) {
  const { sessions, clock, log } = deps

  /** run erases all that is due. */
  async function run(signal?: AbortSignal): Promise<void> {
    const before = new Date(clock.now().getTime() - KEEP_DELETED_DAYS * DAY_MS)
    for (let more = true; more && !signal?.aborted;) ({ more } = await sessions.purge(before))
  }

  const job = createRecurringJob({
    run,
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: DAY_MS,
    failed: 'deleted conversations could not be erased',
    log,
  })
  return { run, start: job.start, close: job.close }
}
