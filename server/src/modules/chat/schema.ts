import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  json,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { users } from '../auth/schema.ts'
import { businesses } from '../business/schema.ts'

const instant = () => timestamp({ withTimezone: true, precision: 3 })

const price = () => numeric({ precision: 15, scale: 6 })
// Exact: a price of six places times whole tokens, a million of them, has twelve.
const cost = () => numeric({ precision: 24, scale: 12 })
const count = () => bigint({ mode: 'number' }).notNull().default(0)

/**
 * chatSessions are conversations about one business; erased with their owner. `titleSource` says who chose the title: it
 * began as the first message, and the owner's word is final. The words of titles and messages are indexed by migration
 * 0006, in columns that only a search reads.
 */
export const chatSessions = pgTable(
  'chat_sessions',
  {
    id: uuid().primaryKey(),
    businessId: uuid()
      .notNull()
      .references(() => businesses.id),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    title: text().notNull(),
    titleSource: text({ enum: ['message', 'model', 'owner'] })
      .notNull()
      .default('message'),
    pinned: boolean().notNull().default(false),
    // What was said up to and with the message `summaryUntil`, where the conversation grew too long to be sent whole.
    summary: text(),
    summaryUntil: uuid(),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
    deletedAt: instant(),
  },
  (table) => [
    index().on(table.businessId, table.updatedAt.desc(), table.id.desc()),
    index().on(table.userId),
    index('chat_sessions_pinned')
      .on(table.businessId, table.updatedAt.desc(), table.id.desc())
      .where(sql`${table.pinned}`),
    index()
      .on(table.deletedAt)
      .where(sql`${table.deletedAt} IS NOT NULL`),
  ],
)

/**
 * chatRuns are answers being made. A running one belongs to `instance`, the process that makes it (0 for none, see
 * run-instance.ts), and is kept alive by `leaseUntil`, which that process renews. When the process is gone, or only the
 * lease ran out, the run is marked interrupted.
 */
export const chatRuns = pgTable(
  'chat_runs',
  {
    id: uuid().primaryKey(),
    sessionId: uuid()
      .notNull()
      .references(() => chatSessions.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    status: text({ enum: ['running', 'complete', 'interrupted', 'stopped'] }).notNull(),
    errorCode: text(),
    inputTokens: integer(),
    outputTokens: integer(),
    instance: integer().notNull().default(0),
    model: text(),
    // What the run is taken to have used: as reported in the end, as estimated until then and where nothing was.
    chargedInput: integer().notNull().default(0),
    chargedOutput: integer().notNull().default(0),
    chargeEstimated: boolean().notNull().default(true),
    // The day of its owner's budget, and what it holds of it; null once settled, which happens once.
    budgetDay: date({ mode: 'string' }),
    reservedTokens: integer(),
    // A million tokens, as it was when the run began or its model answered.
    inputPrice: price(),
    outputPrice: price(),
    priceCurrency: text(),
    cost: cost(),
    leaseUntil: instant().notNull(),
    startedAt: instant().notNull().defaultNow(),
    finishedAt: instant(),
    // The log of the run but for its texts, see run-record.ts; written with the answer while it grows.
    record: json().notNull(),
  },
  (table) => [
    uniqueIndex('chat_runs_one_active')
      .on(table.sessionId)
      .where(sql`${table.status} = 'running'`),
    index().on(table.userId, table.startedAt),
    index()
      .on(table.leaseUntil)
      .where(sql`${table.status} = 'running'`),
    index('chat_runs_unsettled')
      .on(table.leaseUntil)
      .where(sql`${table.reservedTokens} IS NOT NULL`),
  ],
)

/** StoredToolCall is one tool execution as kept with the answer it served. */
export type StoredToolCall = { call_id: string; tool: string; args: unknown; ok: boolean; output: unknown }

/**
 * chatMessages are what was said; ids are UUIDv7 and so in order within a session. `runId` is the run that a message of
 * the owner started, or that made an answer.
 *
 * `afterId` is the message that this one follows, or the session for a first one. Messages that follow the same one are
 * versions of each other: answers made anew, questions put another way. At most one of them `isCurrent`; those that are
 * make up the conversation as it is shown, continued and told to the model (branches.ts).
 */
export const chatMessages = pgTable(
  'chat_messages',
  {
    id: uuid().primaryKey(),
    sessionId: uuid()
      .notNull()
      .references(() => chatSessions.id, { onDelete: 'cascade' }),
    runId: uuid().references(() => chatRuns.id, { onDelete: 'cascade' }),
    role: text({ enum: ['user', 'assistant'] }).notNull(),
    content: text().notNull(),
    status: text({ enum: ['complete', 'streaming', 'interrupted', 'stopped'] }).notNull(),
    toolCalls: jsonb().$type<StoredToolCall[]>(),
    clientMessageId: text(),
    afterId: uuid().notNull(),
    isCurrent: boolean().notNull().default(true),
    createdAt: instant().notNull().defaultNow(),
  },
  (table) => [
    index().on(table.sessionId, table.id),
    index().on(table.afterId),
    uniqueIndex('chat_messages_one_current')
      .on(table.afterId)
      .where(sql`${table.isCurrent}`),
    uniqueIndex('chat_messages_client_id_once')
      .on(table.sessionId, table.clientMessageId)
      .where(sql`${table.clientMessageId} IS NOT NULL`),
  ],
)

/**
 * chatNames are what clients that keep ids of their own call a conversation, or a place in one; see conversation-name.ts for
 * how a name is made. A name means the message of the owner that it was last given with.
 */
export const chatNames = pgTable(
  'chat_names',
  {
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    businessId: uuid()
      .notNull()
      .references(() => businesses.id),
    name: text().notNull(),
    sessionId: uuid()
      .notNull()
      .references(() => chatSessions.id, { onDelete: 'cascade' }),
    messageId: uuid()
      .notNull()
      .references(() => chatMessages.id, { onDelete: 'cascade' }),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.name, table.businessId] }),
    index().on(table.sessionId),
    index().on(table.messageId),
  ],
)

/** chatFeedback is what owners say of answers, at most one row an answer; `model` is who gave the answer. */
export const chatFeedback = pgTable('chat_feedback', {
  id: uuid().primaryKey(),
  messageId: uuid()
    .notNull()
    .unique()
    .references(() => chatMessages.id, { onDelete: 'cascade' }),
  rating: text({ enum: ['up', 'down'] }).notNull(),
  note: text(),
  model: text().notNull(),
  createdAt: instant().notNull().defaultNow(),
  updatedAt: instant().notNull().defaultNow(),
})

/**
 * chatBudgets are what admins allow in a day: one row for the programme, without a user, and one for each owner who has a
 * budget of their own. Null is "as the programme" or, in the row of the programme, "as the settings"; 0 is no limit.
 */
export const chatBudgets = pgTable(
  'chat_budgets',
  {
    id: uuid().primaryKey(),
    userId: uuid().references(() => users.id, { onDelete: 'cascade' }),
    tokensPerDay: bigint({ mode: 'number' }),
    runsPerDay: integer(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [unique('chat_budgets_one_each').on(table.userId).nullsNotDistinct()],
)

/**
 * chatBudgetDays are what an owner has used of a day's budget and what their running answers hold of it. Erased with the
 * owner by `chat.erase`; no foreign key, since a run that ends would then wait for whoever has locked its owner.
 */
export const chatBudgetDays = pgTable(
  'chat_budget_days',
  {
    userId: uuid().notNull(),
    day: date({ mode: 'string' }).notNull(),
    runs: integer().notNull().default(0),
    usedTokens: count(),
    reservedTokens: count(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.day] }),
    check('chat_budget_days_not_negative', sql`${table.usedTokens} >= 0 AND ${table.reservedTokens} >= 0`),
  ],
)

/**
 * chatUsageDays are what was used in a day, by owner and model, for answers and beside them; kept when an account is erased, without its owner.
 * `currency` is empty where no price was set.
 */
export const chatUsageDays = pgTable(
  'chat_usage_days',
  {
    day: date({ mode: 'string' }).notNull(),
    userId: uuid(),
    model: text().notNull(),
    currency: text().notNull(),
    runs: count(),
    estimatedRuns: count(),
    inputTokens: count(),
    outputTokens: count(),
    cost: cost().notNull().default('0'),
  },
  (table) => [
    unique('chat_usage_days_once').on(table.day, table.userId, table.model, table.currency).nullsNotDistinct(),
    index().on(table.userId, table.day),
  ],
)
