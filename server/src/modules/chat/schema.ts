import { sql } from 'drizzle-orm'
import { index, integer, json, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { users } from '../auth/schema.ts'
import { businesses } from '../business/schema.ts'

const instant = () => timestamp({ withTimezone: true, precision: 3 })

/** chatSessions are conversations about one business; erased with their owner. */
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
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
    deletedAt: instant(),
  },
  (table) => [index().on(table.businessId, table.updatedAt.desc(), table.id.desc()), index().on(table.userId)],
)

/**
 * chatRuns are answers being made. A running one is kept alive by `leaseUntil`, which its process renews; a lease that
 * ran out means that the process is gone, and the run is marked interrupted.
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
    leaseUntil: instant().notNull(),
    startedAt: instant().notNull().defaultNow(),
    finishedAt: instant(),
    // The log of the run but for its texts, see run-record.ts; written once a second while it grows.
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
  ],
)

/** StoredToolCall is one tool execution as kept with the answer it served. */
export type StoredToolCall = { call_id: string; tool: string; args: unknown; ok: boolean; output: unknown }

/**
 * chatMessages are what was said; ids are UUIDv7 and so in order within a session. `runId` is the run that a message of
 * the owner started, or that made an answer.
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
    createdAt: instant().notNull().defaultNow(),
  },
  (table) => [
    index().on(table.sessionId, table.id),
    uniqueIndex('chat_messages_client_id_once')
      .on(table.sessionId, table.clientMessageId)
      .where(sql`${table.clientMessageId} IS NOT NULL`),
  ],
)
