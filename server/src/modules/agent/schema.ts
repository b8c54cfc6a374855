import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { sql } from 'drizzle-orm'
import { users } from '../auth/schema.ts'
import { businesses } from '../business/schema.ts'

const instant = () => timestamp({ withTimezone: true, precision: 3 })

/** businessFacts are what the advisor was told to remember about a business: data for its prompt, never instructions. */
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
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [
    index().on(table.businessId, table.id),
    // The same fact told twice is kept once.
    uniqueIndex('business_facts_once').on(table.businessId, sql`md5(lower(${table.content}))`),
  ],
)
