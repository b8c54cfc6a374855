import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { createRecurringJob } from '../../platform/recurring-job.ts'

/** KEEP_NEWS_DAYS is how long the outbox keeps what a reader may still have missed. */
export const KEEP_NEWS_DAYS = 30

const DAY_MS = 86_400_000
// At start, webhooks first read what they have not read.
const FIRST_AFTER_MS = 60_000
const BUSINESSES_AT_ONCE = 1_000
const ROWS_AT_ONCE = 5_000
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const LOCK = 7_261_003

/** NewsHolder tells whether somebody has yet to read news from before an instant, which must therefore stay. */
export type NewsHolder = (before: Date) => Promise<boolean>

type PruningOptions = {
  pool: pg.Pool
  clock: Clock
  log: Log
  holders: NewsHolder[]
  /** Smaller in tests. */
  rowsAtOnce?: number
  businessesAtOnce?: number
}

// The next businesses by id, and up to ROWS_AT_ONCE rows of theirs that go: those before a business's newest row that is
// old enough, itself not included. So a business keeps its last news for ever, and whoever has seen everything but what
// happened since then finds the place where they were. What announces a level stays: it is how the award function knows
// that it was announced (see outbox_level_once). Oldest first, so that what is left of a business has no hole.
// Example: [1, 3] of what is kept from 1, 2 and 3, where 1 announced a level, and 3 is the newest of before the limit.
const PRUNE = `
  WITH asked AS MATERIALIZED (
    SELECT s.business_id FROM business_standings AS s WHERE s.business_id > $1 ORDER BY s.business_id LIMIT $4
  ),
  old AS MATERIALIZED (
    SELECT a.business_id, (
      SELECT o.sequence FROM outbox AS o WHERE o.business_id = a.business_id AND o.created_at < $2
      ORDER BY o.sequence DESC LIMIT 1) AS newest
    FROM asked AS a
  ),
  chosen AS MATERIALIZED (
    SELECT o.place FROM old
    CROSS JOIN LATERAL (
      SELECT x.ctid AS place FROM outbox AS x
      WHERE x.business_id = old.business_id AND x.sequence < old.newest AND x.kind <> 'level_up'
      ORDER BY x.sequence, x.position LIMIT $3
    ) AS o
    LIMIT $3
  ),
  gone AS (
    DELETE FROM outbox AS o WHERE o.ctid = ANY (ARRAY(SELECT c.place FROM chosen AS c))
  )
  SELECT (SELECT business_id FROM asked ORDER BY business_id DESC LIMIT 1) AS last,
    (SELECT count(*) FROM chosen) AS rows`

const prunedRow = z.object({ last: z.string().nullable(), rows: z.number() })

/** OutboxPruning keeps the outbox bounded: it drops news that nobody can still be waiting for. */
export type OutboxPruning = ReturnType<typeof createOutboxPruning>

/**
 * createOutboxPruning makes the pruning of this process; where another instance is at it, this one leaves it to that. Each
 * statement drops some thousand rows at most and locks nothing that an award waits for.
 */
export function createOutboxPruning(options: PruningOptions) {
  const { pool, clock, log, holders, rowsAtOnce = ROWS_AT_ONCE, businessesAtOnce = BUSINESSES_AT_ONCE } = options

  /** run drops everything once that is old enough and answers how many rows; none where somebody has yet to read it. */
  async function run(signal?: AbortSignal): Promise<number> {
    const before = new Date(clock.now().getTime() - KEEP_NEWS_DAYS * DAY_MS)
    for (const holds of holders)
      if (await holds(before)) {
        log.warn('old news stay in the outbox, since webhooks have not read them yet')
        return 0
      }
    const client = await pool.connect()
    let isMine = false
    try {
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS mine', [LOCK])
      isMine = z.object({ mine: z.boolean() }).parse(rows[0]).mine
      return isMine ? await walk(client, before, signal) : 0
    } finally {
      // A connection that was lost has lost the lock as well.
      if (isMine) await client.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => {})
      client.release()
    }
  }

  async function walk(client: pg.PoolClient, before: Date, signal?: AbortSignal): Promise<number> {
    let dropped = 0
    for (let after: string | null = FIRST_ID; after !== null && !signal?.aborted;) {
      const began = performance.now()
      const found = await client.query(PRUNE, [after, before, rowsAtOnce, businessesAtOnce])
      const pruned = prunedRow.parse(found.rows[0])
      dropped += pruned.rows
      // The same businesses again, as long as there is something left of them to drop.
      if (pruned.rows < rowsAtOnce) after = pruned.last
      // At most half of the time, so that it is in nobody's way.
      await pause(performance.now() - began)
    }
    return dropped
  }

  const job = createRecurringJob({
    run,
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: DAY_MS,
    failed: 'old news could not be dropped from the outbox',
    log,
  })
  return { run, start: job.start, close: job.close }
}
