import type pg from 'pg'
import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { createRecurringJob } from '../../platform/recurring-job.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const KEEP_ACCEPTED_MS = 7 * DAY_MS
const KEEP_PARKED_MS = 30 * DAY_MS
const EVERY_MS = HOUR_MS
// After a pause of the whole service, what waits is tried before it is given up.
const FIRST_AFTER_MS = HOUR_MS / 6
const BATCH = 1_000
const NIL_ID = '00000000-0000-0000-0000-000000000000'

const batchRow = z.object({ last: z.string().nullable(), rows: z.number() })

/** Housekeeping keeps the tables of deliveries bounded. */
export type Housekeeping = ReturnType<typeof createHousekeeping>

/**
 * createHousekeeping makes the one of this process; several at once do no harm. Accepted deliveries are kept for 7 days,
 * parked ones for 30, and those of deleted targets not at all. What is still waiting an hour after its time is over, since
 * its target is inactive or has too many in front of it, is parked.
 */
export function createHousekeeping({ pool, clock, log }: { pool: pg.Pool; clock: Clock; log: Log }) {
  async function inBatches(
    text: string,
    values: (after: string) => unknown[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (let after = NIL_ID; !signal?.aborted;) {
      const { rows } = await pool.query(text, values(after))
      const batch = batchRow.parse(rows[0])
      if (batch.rows < BATCH || batch.last === null) return
      after = batch.last
    }
  }

  /** run does all of it once. */
  async function run(signal?: AbortSignal): Promise<void> {
    const now = clock.now().getTime()
    const before = (ms: number) => new Date(now - ms)
    await inBatches(PARK, (after) => [after, before(HOUR_MS), new Date(now)], signal)
    for (const [status, keepMs] of [
      ['accepted', KEEP_ACCEPTED_MS],
      ['parked', KEEP_PARKED_MS],
    ] as const)
      await inBatches(REMOVE_OLD, (after) => [after, idOf(before(keepMs)), status, before(keepMs)], signal)
    await inBatches(REMOVE_OF_DELETED, (after) => [after], signal)
    await pool.query(REMOVE_LANES)
    await pool.query(REMOVE_TARGETS)
  }

  const job = createRecurringJob({
    run,
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    failed: 'old webhook deliveries could not be tidied up',
    log,
  })
  return { run, start: job.start, close: job.close }
}

/** idOf is the smallest UUIDv7 of an instant. */
function idOf(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

/** batch makes a statement that works on up to BATCH deliveries in the order of their ids, and answers the last one. */
const batch = (where: string, work: string) => `
  WITH chosen AS MATERIALIZED (
    SELECT id FROM webhook_deliveries WHERE id > $1 AND ${where} ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
  ), worked AS (${work})
  SELECT (SELECT id FROM chosen ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*) FROM chosen) AS rows`

const REMOVE = 'DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM chosen)'
const DELETED = '(SELECT id FROM webhook_targets WHERE deleted_at IS NOT NULL)'

const PARK = batch(
  `status = 'pending' AND retry_until < $2`,
  `UPDATE webhook_deliveries SET status = 'parked', finished_at = $3,
     error = coalesce(error, 'Its time was over before it could be tried.')
   WHERE id IN (SELECT id FROM chosen)`,
)
const REMOVE_OLD = batch(`id < $2 AND status = $3 AND finished_at < $4`, REMOVE)
const REMOVE_OF_DELETED = batch(`target_id IN ${DELETED}`, REMOVE)
const REMOVE_LANES = `DELETE FROM webhook_lanes WHERE target_id IN ${DELETED}`
const REMOVE_TARGETS = `
  DELETE FROM webhook_targets AS t WHERE t.deleted_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM webhook_deliveries AS d WHERE d.target_id = t.id)`
