import { sql } from 'drizzle-orm'
import type { Transaction } from '../../platform/db/database.ts'
import type { AwardRepository, AwardRequest, StoredReceipt } from './award-repository.ts'
import { fingerprint } from './fingerprint.ts'

/** PastEvent is something that a business did before this installation could see it. `key` is its idempotency key. */
export type PastEvent = {
  businessId: string
  type: string
  occurredAt: Date
  key: string
  /** Points given or taken by an admin; the type is then `adjustment`. */
  adjustment?: { points: number; reason: string; adminId: string }
}

/** PastAward is what came of a past event that was accepted. */
export type PastAward = { at: Date; receipt: StoredReceipt }

// More in one array are no quicker, since events of one business in it are compared with each other.
const BATCH = 200

/**
 * recordPastEvents awards events that come from the server itself, by the rules as they stand, inside `tx`. Then it dates
 * everything that came of them as if each had been posted when it happened, so that unlocks, ties and the ledger tell the
 * history and not the moment of its import. It is for businesses that are new in `tx` and have no other history. What the
 * rules refuse is left out.
 */
export async function recordPastEvents(
  tx: Transaction,
  awards: AwardRepository,
  events: PastEvent[],
): Promise<PastAward[]> {
  const oldestFirst = events.toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime())
  const awarded: PastAward[] = []
  for (const batch of batches(oldestFirst)) {
    const outcomes = await awards.awardWithin(tx, batch.map(toRequest))
    batch.forEach((event, index) => {
      const outcome = outcomes[index]
      if (outcome?.outcome === 'awarded') awarded.push({ at: event.occurredAt, receipt: outcome.receipt })
    })
  }
  await backdate(tx, [...new Set(events.map((event) => event.businessId))])
  return awarded
}

function* batches(events: PastEvent[]): Generator<PastEvent[]> {
  for (let from = 0; from < events.length; from += BATCH) yield events.slice(from, from + BATCH)
}

function toRequest({ businessId, type, occurredAt, key, adjustment }: PastEvent): AwardRequest {
  const source = adjustment ? 'admin' : 'server'
  return {
    caller: null,
    businessId,
    source,
    namespace: source,
    idempotencyKey: key,
    fingerprint: adjustment
      ? fingerprint({ type: 'adjustment', points: adjustment.points, reason: adjustment.reason })
      : fingerprint({ type, occurred_at: occurredAt.toISOString(), metadata: null }),
    actorId: adjustment?.adminId ?? null,
    type: adjustment ? 'adjustment' : type,
    metadata: null,
    occurredAt,
    ...(adjustment ? { points: adjustment.points, reason: adjustment.reason } : {}),
  }
}

async function backdate(tx: Transaction, businessIds: string[]): Promise<void> {
  const these = sql`${sql.param(businessIds)}::uuid[]`
  await tx.execute(sql`UPDATE events SET created_at = occurred_at WHERE business_id = ANY (${these})`)
  await tx.execute(sql`UPDATE ledger_entries SET created_at = occurred_at WHERE business_id = ANY (${these})`)
  await tx.execute(sql`
    UPDATE announcements AS o SET created_at = l.created_at FROM ledger_entries AS l
    WHERE o.business_id = ANY (${these}) AND l.business_id = o.business_id AND l.sequence = o.sequence`)
  // A total is reached by the entry that made it, and an achievement by the first one that came to what it asks for.
  await tx.execute(sql`
    UPDATE business_standings AS s SET reached_at = l.created_at FROM ledger_entries AS l
    WHERE s.business_id = ANY (${these}) AND l.business_id = s.business_id AND l.sequence = s.sequence`)
  await tx.execute(sql`
    UPDATE user_achievements AS u
    SET unlocked_at = coalesce(
      (SELECT min(l.created_at) FROM ledger_entries AS l
        WHERE l.business_id = u.business_id AND l.total_after >= a.required_points AND a.required_points > 0),
      b.created_at)
    FROM achievements AS a, businesses AS b
    WHERE u.business_id = ANY (${these}) AND a.id = u.achievement_id AND b.id = u.business_id`)
}
