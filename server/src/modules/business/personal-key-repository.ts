import { and, desc, eq, getTableColumns, isNull, lt, sql } from 'drizzle-orm'
import type { Executor, Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import { users } from '../auth/index.ts'
import { personalKeys } from './schema.ts'

/** PersonalKey is a row of personalKeys. */
export type PersonalKey = typeof personalKeys.$inferSelect

/**
 * findHoldingKey reads a key by its hash, undefined when there is none, its owner is disabled, or they may not act for its
 * business any more; that is decided by the function that decides all access.
 */
export async function findHoldingKey(db: Executor, keyHash: string): Promise<PersonalKey | undefined> {
  const [key] = await db
    .select(getTableColumns(personalKeys))
    .from(personalKeys)
    .innerJoin(users, and(eq(users.id, personalKeys.userId), isNull(users.disabledAt)))
    .where(
      and(
        eq(personalKeys.keyHash, keyHash),
        eq(personalKeys.businessId, sql`accessible_business(${personalKeys.userId}, ${personalKeys.businessId})`),
      ),
    )
  return key
}

/** countKeys counts the keys of an owner, those that have expired included. */
export function countKeys(tx: Transaction, userId: string): Promise<number> {
  return tx.$count(personalKeys, eq(personalKeys.userId, userId))
}

/** insertPersonalKey adds a key. */
export async function insertPersonalKey(
  tx: Transaction,
  key: Omit<PersonalKey, 'id' | 'lastUsedAt'>,
): Promise<PersonalKey> {
  const [inserted] = await tx
    .insert(personalKeys)
    .values({ id: newId(), ...key })
    .returning()
  if (!inserted) throw new Error('the insert of a personal key returned no row')
  return inserted
}

/** listPersonalKeys reads at most `limit` keys of an owner, newest first, below the id `before`. */
export function listPersonalKeys(
  db: Executor,
  query: { userId: string; before: string | undefined; limit: number },
): Promise<PersonalKey[]> {
  const { userId, before, limit } = query
  return db
    .select()
    .from(personalKeys)
    .where(and(eq(personalKeys.userId, userId), before === undefined ? undefined : lt(personalKeys.id, before)))
    .orderBy(desc(personalKeys.id))
    .limit(limit)
}

/** deletePersonalKey removes a key of an owner and tells whether there was one. */
export async function deletePersonalKey(db: Executor, key: { userId: string; id: string }): Promise<boolean> {
  const deleted = await db
    .delete(personalKeys)
    .where(and(eq(personalKeys.id, key.id), eq(personalKeys.userId, key.userId)))
    .returning({ id: personalKeys.id })
  return deleted.length > 0
}
