import { sql } from 'drizzle-orm'
import { index, pgTable, text, timestamp, unique, uniqueIndex, uuid } from 'drizzle-orm/pg-core'

const instant = () => timestamp({ withTimezone: true, precision: 3 })

/** users are people who can sign in. Deleting a row erases, by cascade, everything personal that hangs on it. */
export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey(),
    email: text().notNull(),
    name: text().notNull(),
    role: text({ enum: ['user', 'admin'] })
      .notNull()
      .default('user'),
    locale: text({ enum: ['en', 'id'] }).notNull(),
    emailVerifiedAt: instant(),
    disabledAt: instant(),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [uniqueIndex('users_email_unique').on(sql`lower(${table.email})`), index().on(table.role)],
)

/** credentials are the ways in which a user can prove who they are; one row a kind (only `password` today). */
export const credentials = pgTable(
  'credentials',
  {
    id: uuid().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text({ enum: ['password'] }).notNull(),
    secretHash: text().notNull(),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [unique().on(table.userId, table.kind)],
)

/** refreshFamilies are sign-ins: every rotation of a refresh token stays in its family, and a reused one ends it. */
export const refreshFamilies = pgTable(
  'refresh_families',
  {
    id: uuid().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: instant().notNull().defaultNow(),
    endedAt: instant(),
  },
  (table) => [index().on(table.userId)],
)

/** refreshTokens are stored as SHA-256 hashes; `usedAt` marks the one that was exchanged for the next. */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    id: uuid().primaryKey(),
    familyId: uuid()
      .notNull()
      .references(() => refreshFamilies.id, { onDelete: 'cascade' }),
    tokenHash: text().notNull().unique(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    usedAt: instant(),
  },
  (table) => [index().on(table.familyId), index().on(table.expiresAt)],
)

/** passwordResets are single-use links, stored as SHA-256 hashes. */
export const passwordResets = pgTable(
  'password_resets',
  {
    id: uuid().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    tokenHash: text().notNull().unique(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    usedAt: instant(),
  },
  (table) => [index().on(table.userId)],
)

/**
 * apiKeys let programs in. A key is random and stored as its SHA-256 hash; `hint` is its last characters, to tell keys
 * apart by. Deleting the row is what revokes a key.
 */
export const apiKeys = pgTable('api_keys', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  keyHash: text().notNull().unique(),
  hint: text().notNull(),
  scopes: text().array().notNull(),
  /** The admin who made it; an id only. */
  createdBy: uuid().notNull(),
  createdAt: instant().notNull().defaultNow(),
  expiresAt: instant(),
  /** To the minute, so that a call does not cost a write. */
  lastUsedAt: instant(),
})
