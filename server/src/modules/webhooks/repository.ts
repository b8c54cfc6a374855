import { and, count, desc, eq, getTableColumns, isNull, lt, sql } from 'drizzle-orm'
import type { Executor, Transaction } from '../../platform/db/database.ts'
import { webhookDeliveries, webhookLanes, webhookTargets } from './schema.ts'

/** Target is a row of webhookTargets. */
export type Target = typeof webhookTargets.$inferSelect
/** DeliveryRow is a row of webhookDeliveries. */
export type DeliveryRow = typeof webhookDeliveries.$inferSelect
/** Delivery is a delivery and when it is tried next, which its lane knows; null where it is not its turn. */
export type Delivery = DeliveryRow & { nextAttemptAt: Date | null }

const isLive = isNull(webhookTargets.deletedAt)
const columns = getTableColumns(webhookDeliveries)

/** countTargets is how many there are. */
export async function countTargets(tx: Executor): Promise<number> {
  const [held] = await tx.select({ rows: count() }).from(webhookTargets).where(isLive)
  return held?.rows ?? 0
}

/** insertTarget adds a target; it hears of whatever commits from now on. */
export async function insertTarget(
  tx: Transaction,
  target: Pick<Target, 'id' | 'url' | 'eventTypes' | 'description' | 'active' | 'secret'> & { now: Date },
): Promise<Target> {
  const { now, ...values } = target
  const [row] = await tx
    .insert(webhookTargets)
    .values({ ...values, createdAt: now, updatedAt: now })
    .returning()
  if (!row) throw new Error('the insert of a webhook target returned no row')
  return row
}

/** findTarget is the target of that id, unless it was deleted. */
export async function findTarget(executor: Executor, id: string): Promise<Target | undefined> {
  const [row] = await executor
    .select()
    .from(webhookTargets)
    .where(and(eq(webhookTargets.id, id), isLive))
  return row
}

/** lockTarget is findTarget, held against other changes until the transaction ends. */
export async function lockTarget(tx: Transaction, id: string): Promise<Target | undefined> {
  const [row] = await tx
    .select()
    .from(webhookTargets)
    .where(and(eq(webhookTargets.id, id), isLive))
    // Deliveries that are being added refer to it; they need not wait.
    .for('no key update')
  return row
}

/** TargetChanges are the columns that are set after creation. */
export type TargetChanges = Partial<
  Pick<
    Target,
    | 'url'
    | 'eventTypes'
    | 'description'
    | 'active'
    | 'disabledReason'
    | 'secret'
    | 'previousSecret'
    | 'previousSecretUntil'
    | 'deletedAt'
  >
>

/** updateTarget changes a target. With `startsNow` it hears of what commits from now on, and of nothing before. */
export async function updateTarget(
  tx: Transaction,
  options: { id: string; changes: TargetChanges; startsNow?: boolean; now: Date },
): Promise<Target> {
  const { id, changes, startsNow = false, now } = options
  const [row] = await tx
    .update(webhookTargets)
    .set({ ...changes, updatedAt: now, ...(startsNow ? { since: sql`pg_current_snapshot()` } : {}) })
    .where(eq(webhookTargets.id, id))
    .returning()
  if (!row) throw new Error('a webhook target was lost in the transaction that holds it')
  return row
}

/** listTargets is a page of targets, newest first. */
export function listTargets(
  executor: Executor,
  page: { before: string | undefined; limit: number },
): Promise<Target[]> {
  return executor
    .select()
    .from(webhookTargets)
    .where(and(isLive, page.before === undefined ? undefined : lt(webhookTargets.id, page.before)))
    .orderBy(desc(webhookTargets.id))
    .limit(page.limit)
}

// A claimed lane is being delivered; a delivery behind an earlier one has no time of its own yet. The names are spelt out,
// since the query builder would leave the outer table's away.
const nextAttemptAt = sql`(
  SELECT l.next_attempt_at FROM webhook_lanes AS l
  WHERE webhook_deliveries.status = 'pending' AND l.claim IS NULL
    AND l.target_id = webhook_deliveries.target_id AND l.lane = webhook_deliveries.lane
    AND NOT EXISTS (
      SELECT FROM webhook_deliveries AS earlier
      WHERE earlier.target_id = l.target_id AND earlier.lane = l.lane AND earlier.status = 'pending'
        AND (earlier.sequence, earlier.position) < (webhook_deliveries.sequence, webhook_deliveries.position)))`.mapWith(
  webhookLanes.nextAttemptAt,
)

/** listDeliveries is a page of the deliveries of a target, newest first. */
export function listDeliveries(
  executor: Executor,
  page: { targetId: string; status: Delivery['status'] | undefined; before: string | undefined; limit: number },
): Promise<Delivery[]> {
  return executor
    .select({ ...columns, nextAttemptAt })
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.targetId, page.targetId),
        page.status && eq(webhookDeliveries.status, page.status),
        page.before === undefined ? undefined : lt(webhookDeliveries.id, page.before),
      ),
    )
    .orderBy(desc(webhookDeliveries.id))
    .limit(page.limit)
}

/** findDelivery is one delivery. */
export async function findDelivery(executor: Executor, id: string): Promise<Delivery | undefined> {
  const [row] = await executor
    .select({ ...columns, nextAttemptAt })
    .from(webhookDeliveries)
    .where(eq(webhookDeliveries.id, id))
  return row
}

/** insertDelivery adds a delivery that is already finished. */
export async function insertDelivery(tx: Transaction, delivery: typeof webhookDeliveries.$inferInsert): Promise<void> {
  await tx.insert(webhookDeliveries).values(delivery)
}

/**
 * requeue makes a finished delivery due at once, in a lane of its own, so that it holds up nothing that is newer. It
 * answers false when the delivery is waiting already; then the whole lane is due at once.
 */
export async function requeue(
  tx: Transaction,
  options: { delivery: DeliveryRow; retryUntil: Date; now: Date },
): Promise<boolean> {
  const { delivery, retryUntil, now } = options
  const [requeued] = await tx
    .update(webhookDeliveries)
    .set({ status: 'pending', lane: delivery.id, attempts: 0, retryUntil, finishedAt: null })
    .where(and(eq(webhookDeliveries.id, delivery.id), sql`${webhookDeliveries.status} <> 'pending'`))
    .returning({ lane: webhookDeliveries.lane })
  const place = { targetId: delivery.targetId, lane: requeued?.lane ?? delivery.lane }
  if (requeued) {
    const onConflict = { version: sql`${webhookLanes.version} + 1`, nextAttemptAt: now }
    await tx
      .insert(webhookLanes)
      .values({ ...place, nextAttemptAt: now })
      .onConflictDoUpdate({ target: [webhookLanes.targetId, webhookLanes.lane], set: onConflict })
  } else
    await tx
      .update(webhookLanes)
      .set({ nextAttemptAt: now })
      .where(
        and(
          eq(webhookLanes.targetId, place.targetId),
          eq(webhookLanes.lane, place.lane),
          // One that is on its way is being tried this very moment.
          isNull(webhookLanes.claim),
        ),
      )
  return requeued !== undefined
}
