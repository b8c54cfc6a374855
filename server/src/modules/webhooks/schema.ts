import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'

const instant = () => timestamp({ withTimezone: true, precision: 3 })
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })
const snapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' })

/** webhookTargets are the addresses that admins have registered to hear of events. */
export const webhookTargets = pgTable('webhook_targets', {
  id: uuid().primaryKey(),
  url: text().notNull(),
  eventTypes: text().array().notNull(),
  description: text(),
  /** An inactive target gets no new events, and what waits for it waits on. */
  active: boolean().notNull().default(true),
  /** Why Tangga itself made it inactive; null when an admin did. */
  disabledReason: text({ enum: ['gone'] }),
  /** Signing secrets, sealed (see signing-secret.ts); empty once the target is deleted. */
  secret: text().notNull(),
  previousSecret: text(),
  /** Until then the previous secret signs as well. */
  previousSecretUntil: instant(),
  /** What had committed when it became active: it hears of what this snapshot cannot see. */
  since: snapshot()
    .notNull()
    .default(sql`pg_current_snapshot()`),
  createdAt: instant().notNull().defaultNow(),
  updatedAt: instant().notNull().defaultNow(),
  /** A deleted target is gone for everyone; its row lasts until its deliveries have been removed. */
  deletedAt: instant(),
})

/** webhookDeliveries are events on their way to a target, or what became of them. One row an event and target. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    /** UUIDv7 of when it was fanned out; it is the `webhook-id` of every attempt. */
    id: uuid().primaryKey(),
    targetId: uuid()
      .notNull()
      .references(() => webhookTargets.id),
    /** Null for a ping, which belongs to no business; `sequence` and `position` are the outbox's then too. */
    businessId: uuid(),
    sequence: bigint({ mode: 'number' }),
    position: smallint(),
    /** The queue it stands in: its business, or itself when it was sent again by hand. */
    lane: uuid().notNull(),
    kind: text({ enum: ['points', 'level_up', 'achievement', 'ping'] }).notNull(),
    payload: jsonb().notNull(),
    occurredAt: instant().notNull(),
    status: text({ enum: ['pending', 'accepted', 'parked'] })
      .notNull()
      .default('pending'),
    attempts: integer().notNull().default(0),
    /** When trying ends. */
    retryUntil: instant().notNull(),
    attemptedAt: instant(),
    /** What the last attempt sent and got; the body is made of kind, occurredAt and payload. */
    requestHeaders: jsonb(),
    answerStatus: integer(),
    answerBody: text(),
    durationMs: integer(),
    error: text(),
    createdAt: instant().notNull(),
    finishedAt: instant(),
  },
  (table) => [
    unique('webhook_deliveries_once').on(table.targetId, table.businessId, table.sequence, table.position),
    index('webhook_deliveries_newest').on(table.targetId, table.id),
    index('webhook_deliveries_waiting')
      .on(table.targetId, table.lane, table.sequence, table.position)
      .where(sql`${table.status} = 'pending'`),
    index('webhook_deliveries_parked')
      .on(table.targetId, table.id)
      .where(sql`${table.status} = 'parked'`),
  ],
)

/**
 * webhookLanes are the queues that have something to deliver: one row a target and lane. Whoever holds the claim sends
 * the lane's first delivery; the claim ends by itself at `nextAttemptAt`, when the lane is due again. `version` rises with
 * everything that joins the queue, so that a lane is never removed while something is joining it.
 */
export const webhookLanes = pgTable(
  'webhook_lanes',
  {
    targetId: uuid().notNull(),
    lane: uuid().notNull(),
    nextAttemptAt: instant().notNull(),
    claim: uuid(),
    version: integer().notNull().default(1),
  },
  (table) => [
    primaryKey({ columns: [table.targetId, table.lane] }),
    index('webhook_lanes_due').on(table.targetId, table.nextAttemptAt),
  ],
)

/** webhookTail is one row, made with the first target: up to which transaction the outbox has been fanned out. */
export const webhookTail = pgTable(
  'webhook_tail',
  {
    singleton: boolean().primaryKey().default(true),
    bound: xid8().notNull(),
    /** The cluster and database whose transactions `bound` counts; elsewhere, after a restore, it means nothing. */
    place: text().notNull(),
    readAt: instant().notNull().defaultNow(),
  },
  (table) => [check('webhook_tail_singleton', sql`${table.singleton}`)],
)
