import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { users } from '../auth/schema.ts'
import { businesses } from '../business/schema.ts'

const instant = () => timestamp({ withTimezone: true, precision: 3 })

/**
 * businessFacts are what the advisor remembers for a business, told in a conversation or written by hand: data for its
 * prompt, never instructions. `kind` says what a fact is about; also one about the owner stays with the business that it
 * was told for. `source` is who wrote the present words, `contentKey` what makes two facts the same.
 */
export const businessFacts = pgTable(
  'business_facts',
  {
    id: uuid().primaryKey(),
    businessId: uuid()
      .notNull()
      .references(() => businesses.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    content: text().notNull(),
    contentKey: text().notNull(),
    kind: text({ enum: ['business', 'owner'] }).notNull(),
    source: text({ enum: ['advisor', 'owner'] }).notNull(),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [
    index().on(table.businessId, table.id),
    // The same fact told twice is kept once.
    uniqueIndex('business_facts_once').on(table.businessId, table.contentKey),
  ],
)

/**
 * toolApprovals are questions to owners whether a tool may do what it was asked to. What exactly was asked stands in the
 * memory of the process that waits; here is only its hash. Rows are dropped some days later.
 */
export const toolApprovals = pgTable(
  'tool_approvals',
  {
    id: uuid().primaryKey(),
    runId: uuid().notNull(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    callId: text().notNull(),
    tool: text().notNull(),
    /** SHA-256 of the arguments, in hex. */
    argumentsHash: text().notNull(),
    /** `lapsed`: the run ended while it waited. */
    status: text({ enum: ['waiting', 'approved', 'denied', 'expired', 'lapsed'] }).notNull(),
    expiresAt: instant().notNull(),
    createdAt: instant().notNull().defaultNow(),
    decidedAt: instant(),
  },
  (table) => [index().on(table.runId), index().on(table.userId), index().on(table.createdAt)],
)
