import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  pgView,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { anyInstant } from '../../platform/db/any-instant.ts'

const instant = () => timestamp({ withTimezone: true, precision: 3 })
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })
/** Bounds what is safe to read for whoever follows a table; it is not an order. */
const ownTransaction = () =>
  xid8()
    .notNull()
    .default(sql`pg_current_xact_id()`)

/** achievements unlock when the highest total a business ever reached is at least `requiredPoints`. */
export const achievements = pgTable(
  'achievements',
  {
    id: uuid().primaryKey(),
    title: text().notNull(),
    description: text().notNull(),
    requiredPoints: integer().notNull(),
    badgeIcon: text(),
    version: integer().notNull().default(1),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
    /** A deleted achievement leaves every list and stays in the history of who earned it. */
    deletedAt: instant(),
  },
  (table) => [
    index().on(table.requiredPoints),
    check('achievements_required_points_check', sql`${table.requiredPoints} >= 0`),
  ],
)

/** userAchievements are unlocks: earned once by a business, and kept until revoked on purpose. For foreign keys see `events`. */
export const userAchievements = pgTable(
  'user_achievements',
  {
    businessId: uuid().notNull(),
    achievementId: uuid().notNull(),
    /** The owner at the time; an id only, it outlives the account. */
    userId: uuid().notNull(),
    unlockedAt: instant().notNull(),
  },
  (table) => [unique('user_achievements_once').on(table.businessId, table.achievementId)],
)

/** pointRules say what an event type is worth, to whom it is open, and how often it counts. */
export const pointRules = pgTable(
  'point_rules',
  {
    id: uuid().primaryKey(),
    type: text().notNull(),
    points: integer().notNull(),
    /** Most points that this rule gives a business in one day of its own time zone. */
    dailyCap: integer(),
    /** Least time between two events of this rule that earn points. */
    cooldownSeconds: integer(),
    sources: text().array().notNull(),
    active: boolean().notNull().default(true),
    version: integer().notNull().default(1),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
    deletedAt: instant(),
  },
  (table) => [
    uniqueIndex('point_rules_type_unique')
      .on(table.type)
      .where(sql`${table.deletedAt} IS NULL`),
  ],
)

/** definitionVersions keep every version of every rule, level and achievement, so that an old award can be explained. */
export const definitionVersions = pgTable(
  'definition_versions',
  {
    definitionId: uuid().notNull(),
    version: integer().notNull(),
    kind: text({ enum: ['rule', 'level', 'achievement'] }).notNull(),
    /** The definition as it stood, in wire shape; null when this version is the deletion. */
    content: jsonb(),
    createdAt: instant().notNull().defaultNow(),
  },
  (table) => [unique('definition_versions_once').on(table.definitionId, table.version)],
)

/**
 * definitionChanges is one row: `revision` rises with every change of levels or achievements, `evaluatedRevision`
 * follows when every business has been judged by it. Where they differ, at start too, a re-evaluation is due.
 */
export const definitionChanges = pgTable(
  'definition_changes',
  {
    singleton: boolean().primaryKey().default(true),
    revision: bigint({ mode: 'number' }).notNull().default(0),
    evaluatedRevision: bigint({ mode: 'number' }).notNull().default(0),
  },
  (table) => [check('definition_changes_singleton', sql`${table.singleton}`)],
)

/**
 * events are everything that was accepted, also what awarded nothing. Keys live as long as the ledger. What awards write
 * has no foreign keys: each would lock and write a row of the business, or of the achievement, which all others that
 * unlock it would then wait for or share; an award holds the standing of the business already (and that refers to it).
 * `verify` finds what does not belong together, or to no business or achievement.
 */
export const events = pgTable(
  'events',
  {
    id: uuid().primaryKey(),
    businessId: uuid().notNull(),
    source: text({ enum: ['owner', 'api_key', 'admin', 'server'] }).notNull(),
    /** `owner`, `admin`, `server` or `api_key:<id>`: where the idempotency key is unique. */
    namespace: text().notNull(),
    idempotencyKey: text().notNull(),
    /** SHA-256 of what is compared for a replay: type, occurred_at, metadata (and points, reason of an adjustment). */
    fingerprint: text().notNull(),
    /** The user or API key that posted it; null for the server. */
    actorId: uuid(),
    type: text().notNull(),
    metadata: jsonb(),
    occurredAt: anyInstant().notNull(),
    /** The day of `occurredAt` in the business's time zone as it was then; a later move does not change it. */
    day: date().notNull(),
    createdAt: instant().notNull(),
    ruleId: uuid(),
    ruleVersion: integer(),
    /** Whether it earned points by a rule with a cap or a cooldown: what these look up. */
    isLimited: boolean().notNull().default(false),
    pointsAwarded: integer().notNull(),
    // With the points, the stored receipt: what every replay answers, but for the rank.
    reason: text(),
    totalAfter: bigint({ mode: 'number' }).notNull(),
    levelId: uuid(),
    levelName: text(),
    /** Names, lowest first; null for none. */
    levelsGained: text().array(),
    /** Titles of achievements; null for none. */
    unlocked: text().array(),
  },
  (table) => [
    unique('events_key_once').on(table.businessId, table.namespace, table.idempotencyKey),
    // By when they happened.
    index('events_limited')
      .on(table.businessId, table.ruleId, table.occurredAt)
      .where(sql`${table.isLimited}`),
  ],
)

/** ledgerEntries are the truth: the sum of `points` of a business is its total. Append-only. */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    id: uuid().primaryKey(),
    businessId: uuid().notNull(),
    /** Position in the business's own history; rises with its total's changes. */
    sequence: bigint({ mode: 'number' }).notNull(),
    eventId: uuid().notNull(),
    type: text().notNull(),
    points: integer().notNull(),
    totalAfter: bigint({ mode: 'number' }).notNull(),
    reason: text(),
    ruleId: uuid(),
    ruleVersion: integer(),
    /** The entry that this one takes back. */
    reversesId: uuid(),
    occurredAt: anyInstant().notNull(),
    createdAt: instant().notNull(),
    transactionId: ownTransaction(),
  },
  (table) => [
    unique('ledger_entries_sequence_once').on(table.businessId, table.sequence),
    index('ledger_entries_tail').on(table.transactionId),
    uniqueIndex('ledger_entries_reversed_once')
      .on(table.reversesId)
      .where(sql`${table.reversesId} IS NOT NULL`),
    check('ledger_entries_points_check', sql`${table.points} <> 0`),
  ],
)

/**
 * announcements are what points brought, in order per business by `sequence`, which they share with the ledger: levels and
 * achievements. They are written in the transaction that made them, and few: each is announced to a business once.
 */
export const announcements = pgTable(
  'announcements',
  {
    businessId: uuid().notNull(),
    sequence: bigint({ mode: 'number' }).notNull(),
    /** Several consequences of one award share its sequence and are told apart by this position; its points have 0. */
    position: smallint().notNull(),
    kind: text({ enum: ['level_up', 'achievement'] }).notNull(),
    payload: jsonb().notNull(),
    transactionId: ownTransaction(),
    createdAt: instant().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.sequence, table.position] }),
    index('announcements_tail').on(table.transactionId),
    index('announcements_age').on(table.createdAt),
    // A level is announced to a business once.
    uniqueIndex('announcements_level_once')
      .on(table.businessId, sql`(${table.payload} #>> '{level,id}')`)
      .where(sql`${table.kind} = 'level_up'`),
  ],
)

/**
 * outbox is every consequence that others may hear of: the points of the ledger, and the announcements. It is a view
 * (migration 0001), which is quick where it is asked by business and sequence, or by transaction; by time, ask outbox_since.
 */
export const outbox = pgView('outbox', {
  businessId: uuid().notNull(),
  sequence: bigint({ mode: 'number' }).notNull(),
  position: smallint().notNull(),
  kind: text({ enum: ['points', 'level_up', 'achievement'] }).notNull(),
  payload: jsonb().notNull(),
  transactionId: xid8().notNull(),
  createdAt: instant().notNull(),
}).existing()

/**
 * boardChanges notes what changed on the board but for points. Triggers write it (migration 0005), and a server that starts
 * drops what is older than a day.
 */
export const boardChanges = pgTable(
  'board_changes',
  {
    businessId: uuid().notNull(),
    transactionId: ownTransaction(),
    createdAt: instant().notNull().defaultNow(),
  },
  (table) => [index('board_changes_tail').on(table.transactionId), index('board_changes_age').on(table.createdAt)],
)
