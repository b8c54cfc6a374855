import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Store, Transaction } from '../../platform/db/database.ts'
import { outbox } from '../gamification/index.ts'
import { RETRY_FOR_MS } from './retry-schedule.ts'
import { webhookTail, webhookTargets } from './schema.ts'

// Deliveries made by one statement, which must stay far below its time limit.
const CHUNK = 20_000

const stateRow = z.object({
  targets: z.array(z.string()),
  is_readable: z.boolean(),
  is_unsettled: z.boolean(),
})

/**
 * OutboxState is what there is to do: the active targets, whether rows are waiting to be fanned out, and whether there are
 * some that cannot be read safely yet because a transaction as old as theirs is still open.
 */
export type OutboxState = { targets: string[]; isReadable: boolean; isUnsettled: boolean }

const activeTargets = sql`(SELECT * FROM ${webhookTargets} WHERE active AND deleted_at IS NULL)`

/**
 * Where transaction ids are counted from: a database that was restored into another cluster, or beside the old one, has
 * new ones. Example: 7710915268830563752/16384
 */
const place = sql`(
  SELECT c.system_identifier || '/' || d.oid
  FROM pg_control_system() AS c, pg_database AS d WHERE d.datname = current_database())`

// What is older than every target's `since` is nobody's news, so the time without targets is skipped.
const firstBound = sql`greatest(t.bound, (SELECT min(pg_snapshot_xmin(w.since)) FROM ${activeTargets} AS w))`

/** beginTail makes the tail with the first target; what was there before is nobody's news. */
export async function beginTail(tx: Transaction): Promise<void> {
  await tx.execute(sql`
    INSERT INTO ${webhookTail} (bound, place) VALUES (pg_snapshot_xmin(pg_current_snapshot()), ${place})
    ON CONFLICT DO NOTHING`)
}

/** createFanOutRepository copies the outbox into deliveries, once for each target that wants it; `chunk` of them at once. */
export function createFanOutRepository({ db }: Pick<Store, 'db'>, chunk = CHUNK) {
  return {
    /**
     * state looks at targets and outbox in one statement, whose cost does not depend on their size: what it reads of the
     * outbox are the first and the last row by an index.
     */
    async state(): Promise<OutboxState> {
      const { rows } = await db.execute(sql`
        WITH tail AS MATERIALIZED (
          SELECT ${firstBound} AS bound, pg_snapshot_xmin(pg_current_snapshot()) AS xmin, t.place <> ${place} AS moved
          FROM ${webhookTail} AS t
        )
        SELECT
          ARRAY(SELECT w.id FROM ${activeTargets} AS w) AS targets,
          coalesce((SELECT t.moved OR (
            SELECT o.transaction_id FROM ${outbox} AS o WHERE o.transaction_id >= t.bound
            ORDER BY o.transaction_id LIMIT 1) < t.xmin FROM tail AS t), false) AS is_readable,
          coalesce((SELECT (
            SELECT o.transaction_id FROM ${outbox} AS o
            ORDER BY o.transaction_id DESC LIMIT 1) >= greatest(t.bound, t.xmin) FROM tail AS t), false) AS is_unsettled`)
      const { targets, is_readable: isReadable, is_unsettled: isUnsettled } = stateRow.parse(rows[0])
      return { targets, isReadable, isUnsettled }
    },

    /**
     * fanOut takes everything that can be read safely, and moves the bound, in one transaction. It must be everything at
     * once: transaction ids are not the order of a business's events, and only at a snapshot's xmin, below which all have
     * ended, does a cut never put a later event before an earlier one. One instance does it at a time; the others leave
     * it to that one.
     */
    async fanOut(now: Date): Promise<void> {
      await db.transaction(async (tx) => {
        const tail = await holdTail(tx)
        if (!tail) return
        if (tail.moved) return fanOutAfterMove(tx, now)
        for (let from = tail.from; from !== tail.goal;) {
          const until = await chunkEnd(tx, { from, goal: tail.goal, rows: Math.ceil(chunk / tail.targets) })
          await deliver(tx, {
            now,
            rows: sql`SELECT * FROM ${outbox} WHERE transaction_id >= ${from}::xid8 AND transaction_id < ${until}::xid8`,
            wants: sql`NOT pg_visible_in_snapshot(o.transaction_id, t.since)`,
          })
          from = until
        }
        await tx.execute(sql`UPDATE ${webhookTail} SET bound = ${tail.goal}::xid8, read_at = now()`)
      })
    },
  }
}

export type FanOutRepository = ReturnType<typeof createFanOutRepository>

const tailRow = z.object({ from: z.string(), goal: z.string(), moved: z.boolean(), targets: z.number().min(1) })

async function holdTail(tx: Transaction): Promise<z.output<typeof tailRow> | undefined> {
  // The outbox is always read by its indexes, also where the planner has never seen rows so new. What has no index then seems
  // so costly to PostgreSQL before 18 that it would compile the plan, for half a second.
  const held = await tx.execute(sql`
    SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
    FROM ${webhookTail} FOR UPDATE SKIP LOCKED`)
  if (held.rows.length === 0) return undefined
  // A statement of its own, so that its snapshot is newer than the lock.
  const { rows } = await tx.execute(sql`
    SELECT least(goal, ${firstBound})::text AS from, goal::text, t.place <> ${place} AS moved,
      (SELECT greatest(count(*), 1) FROM ${activeTargets} AS w) AS targets
    FROM ${webhookTail} AS t, (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS goal) AS now`)
  return tailRow.parse(rows[0])
}

/** chunkEnd is the transaction id up to which, itself not included, about `rows` rows lie. A transaction is never split. */
async function chunkEnd(tx: Transaction, options: { from: string; goal: string; rows: number }): Promise<string> {
  const { from, goal } = options
  const { rows } = await tx.execute(sql`
    WITH at AS (
      SELECT o.transaction_id AS id FROM ${outbox} AS o WHERE o.transaction_id >= ${from}::xid8
      ORDER BY o.transaction_id OFFSET ${options.rows} LIMIT 1)
    SELECT least(${goal}::xid8, CASE WHEN at.id <> ${from}::xid8 THEN at.id WHEN at.id = ${from}::xid8 THEN (
      SELECT o.transaction_id FROM ${outbox} AS o WHERE o.transaction_id > ${from}::xid8
      ORDER BY o.transaction_id LIMIT 1) END)::text AS until
    FROM (SELECT) AS one LEFT JOIN at ON true`)
  return z.object({ until: z.string() }).parse(rows[0]).until
}

/**
 * deliver makes deliveries of the rows of the outbox (o) that a query reads, for the active targets (t) that want them, and
 * puts their lanes on the list. Lanes are locked in order, as everywhere. Ids are UUIDv7 of `now`: 48 bits of milliseconds,
 * a 12-bit counter that carries over into them, random bits.
 */
async function deliver(tx: Transaction, { now, rows, wants }: { now: Date; rows: SQL; wants: SQL }): Promise<void> {
  const retryUntil = new Date(now.getTime() + RETRY_FOR_MS).toISOString()
  const at = now.toISOString()
  await tx.execute(sql`
    WITH news AS (
      SELECT t.id AS target_id, o.business_id, o.sequence, o.position, o.kind, o.payload, o.created_at,
        row_number() OVER (ORDER BY o.created_at, o.business_id, o.sequence, o.position, t.id) AS nth
      FROM (${rows}) AS o JOIN ${activeTargets} AS t ON o.kind = ANY (t.event_types)
      WHERE ${wants}
    ),
    added AS (
      INSERT INTO webhook_deliveries (id, target_id, business_id, sequence, position, lane, kind, payload, occurred_at,
        retry_until, created_at)
      SELECT
        encode(substring(int8send((extract(epoch FROM ${at}::timestamptz) * 1000)::bigint + nth / 4096) FROM 3)
          || substring(int4send((28672 + nth % 4096)::integer) FROM 3)
          || substring(uuid_send(gen_random_uuid()) FROM 9), 'hex')::uuid,
        target_id, business_id, sequence, position, business_id, kind, payload, created_at,
        ${retryUntil}::timestamptz, ${at}::timestamptz
      FROM news
      ON CONFLICT (target_id, business_id, sequence, position) DO NOTHING
      RETURNING target_id, lane
    )
    INSERT INTO webhook_lanes AS l (target_id, lane, next_attempt_at)
    SELECT DISTINCT target_id, lane, ${at}::timestamptz FROM added ORDER BY target_id, lane
    ON CONFLICT (target_id, lane) DO UPDATE SET version = l.version + 1`)
}

/**
 * fanOutAfterMove starts again where transaction ids are counted anew. What the last fan-out before the move may have
 * missed is found by its time; what it did not miss is still here and is not delivered twice.
 */
async function fanOutAfterMove(tx: Transaction, now: Date): Promise<void> {
  // Taken before the rows are read: what commits in between is met again by the next fan-out, and is known by then.
  const { rows } = await tx.execute(sql`SELECT pg_current_snapshot()::text AS since`)
  const { since } = z.object({ since: z.string() }).parse(rows[0])
  await deliver(tx, {
    now,
    rows: sql`SELECT news.* FROM ${webhookTail} AS w
      CROSS JOIN LATERAL outbox_since(greatest(w.read_at - interval '1 hour', now() - interval '6 days')) AS news`,
    wants: sql`o.created_at >= t.created_at`,
  })
  await tx.execute(sql`UPDATE ${webhookTargets} SET since = ${since}::pg_snapshot`)
  await tx.execute(sql`
    UPDATE ${webhookTail} SET bound = pg_snapshot_xmin(${since}::pg_snapshot), place = ${place}, read_at = now()`)
}
