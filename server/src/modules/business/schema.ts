import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { apiKeys, users } from '../auth/schema.ts'

const instant = () => timestamp({ withTimezone: true, precision: 3 })

/** businesses are what owners run. An erased owner leaves a nameless row (`userId` null, texts empty, `erasedAt` set). */
export const businesses = pgTable(
  'businesses',
  {
    id: uuid().primaryKey(),
    userId: uuid().references(() => users.id, { onDelete: 'set null' }),
    businessName: text().notNull(),
    businessCategory: text().notNull(),
    businessDescription: text(),
    address: jsonb().$type<Record<string, string | null>>(),
    businessStage: text().notNull(),
    targetMarket: text(),
    primaryGoal: text(),
    timeZone: text().notNull(),
    currency: text().notNull(),
    boardVisibility: text({ enum: ['shown', 'alias', 'hidden'] })
      .notNull()
      .default('shown'),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
    erasedAt: instant(),
  },
  (table) => [index().on(table.userId, table.id), index().on(table.createdAt, table.id)],
)

/** businessLevels are the rungs: a business stands on the highest one whose `requiredPoints` its total has reached. */
export const businessLevels = pgTable(
  'business_levels',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    requiredPoints: integer().notNull(),
    order: integer().notNull(),
    icon: text(),
    version: integer().notNull().default(1),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [
    unique('business_levels_required_points_unique').on(table.requiredPoints),
    check('business_levels_required_points_check', sql`${table.requiredPoints} >= 0`),
  ],
)

/**
 * businessStandings are all that an award reads and locks of a business, one narrow row each. The numbers can be rebuilt
 * from the ledger: `sequence` rises with every consequence written to the outbox, and `reachedAt` is when the total was
 * reached, taken after the lock. `onBoard` (false for hidden and erased businesses), `ownerId` (null for erased ones) and
 * `timeZone` follow the business, by a trigger.
 */
export const businessStandings = pgTable(
  'business_standings',
  {
    businessId: uuid()
      .primaryKey()
      .references(() => businesses.id),
    totalPoints: bigint({ mode: 'number' }).notNull().default(0),
    highestPoints: bigint({ mode: 'number' }).notNull().default(0),
    levelId: uuid(),
    reachedAt: timestamp({ withTimezone: true, precision: 6 }).notNull().defaultNow(),
    sequence: bigint({ mode: 'number' }).notNull().default(0),
    onBoard: boolean().notNull().default(true),
    ownerId: uuid(),
    timeZone: text().notNull(),
  },
  (table) => [check('business_standings_total_points_check', sql`${table.totalPoints} >= 0`)],
)

/** businessLinks are the ids under which an integrator, by their API key, knows businesses. They go with key or owner. */
export const businessLinks = pgTable(
  'business_links',
  {
    apiKeyId: uuid()
      .notNull()
      .references(() => apiKeys.id, { onDelete: 'cascade' }),
    externalId: text().notNull(),
    businessId: uuid()
      .notNull()
      .references(() => businesses.id),
    createdAt: instant().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.apiKeyId, table.externalId] }), index().on(table.businessId)],
)

/**
 * personalKeys let an owner's own programs in, each for one business. A key is random and stored as its SHA-256 hash; `hint`
 * is its last characters. Deleting the row is what revokes a key, and erasing the owner deletes it.
 */
export const personalKeys = pgTable(
  'personal_keys',
  {
    id: uuid().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    businessId: uuid()
      .notNull()
      .references(() => businesses.id),
    name: text().notNull(),
    keyHash: text().notNull().unique(),
    hint: text().notNull(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant(),
    /** To the minute, so that a call does not cost a write. */
    lastUsedAt: instant(),
  },
  (table) => [index().on(table.userId, table.id)],
)
