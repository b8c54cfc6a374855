import { and, desc, eq, inArray, isNull } from 'drizzle-orm'
import type { Executor } from '../../platform/db/database.ts'
import { chatNames, chatSessions } from './schema.ts'

/** AskedNames asks for a conversation of a user by names, the best one first; of any of their businesses without one. */
export type AskedNames = { userId: string; businessId: string | undefined; names: string[] }

/** NamedPlace is a message of the owner, and the conversation that it stands in. */
export type NamedPlace = { sessionId: string; messageId: string }

/** findNamed gives what the first of the names that is known means; deleted conversations are not. */
export async function findNamed(db: Executor, asked: AskedNames): Promise<NamedPlace | undefined> {
  if (asked.names.length === 0) return undefined
  const rows = await db
    .select({ name: chatNames.name, sessionId: chatNames.sessionId, messageId: chatNames.messageId })
    .from(chatNames)
    .innerJoin(chatSessions, eq(chatSessions.id, chatNames.sessionId))
    .where(
      and(
        eq(chatNames.userId, asked.userId),
        inArray(chatNames.name, asked.names),
        asked.businessId === undefined ? undefined : eq(chatNames.businessId, asked.businessId),
        isNull(chatSessions.deletedAt),
      ),
    )
    .orderBy(desc(chatSessions.updatedAt))
  for (const name of asked.names) {
    const row = rows.find((candidate) => candidate.name === name)
    if (row) return { sessionId: row.sessionId, messageId: row.messageId }
  }
  return undefined
}
