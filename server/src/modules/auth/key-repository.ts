import { desc, eq, lt, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Executor, Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import { apiKeys } from './schema.ts'

/** ApiKey is a row of apiKeys. */
export type ApiKey = typeof apiKeys.$inferSelect

/** findKeyByHash reads a key, or undefined when there is none. */
export async function findKeyByHash(db: Executor, keyHash: string): Promise<ApiKey | undefined> {
  const [key] = await db.select().from(apiKeys).where(eq(apiKeys.keyHash, keyHash))
  return key
}

/** insertKey adds a key. */
export async function insertKey(
  tx: Transaction,
  key: Pick<ApiKey, 'name' | 'keyHash' | 'hint' | 'scopes' | 'createdBy' | 'createdAt' | 'expiresAt'>,
): Promise<ApiKey> {
  const [inserted] = await tx
    .insert(apiKeys)
    .values({ id: newId(), ...key })
    .returning()
  if (!inserted) throw new Error('the insert of an API key returned no row')
  return inserted
}

/** deleteKey removes a key and answers it, or undefined when there was none: of two at once, one removes it. */
export async function deleteKey(tx: Transaction, id: string): Promise<ApiKey | undefined> {
  const [deleted] = await tx.delete(apiKeys).where(eq(apiKeys.id, id)).returning()
  return deleted
}

/** listKeys reads at most `limit` keys, newest first, below the id `before`. */
export async function listKeys(db: Executor, query: { before: string | undefined; limit: number }): Promise<ApiKey[]> {
  return db
    .select()
    .from(apiKeys)
    .where(query.before === undefined ? undefined : lt(apiKeys.id, query.before))
    .orderBy(desc(apiKeys.id))
    .limit(query.limit)
}

/**
 * noteKeyUses writes when keys were last used, all in one statement; a later time that is there already stays. `keys` is
 * a table with the columns `id` and `last_used_at`.
 */
export async function noteKeyUses(db: Executor, keys: PgTable, uses: Map<string, Date>): Promise<void> {
  const ids = sql.param([...uses.keys()])
  const times = sql.param([...uses.values()].map((time) => time.toISOString()))
  await db.execute(sql`
    UPDATE ${keys} AS k SET last_used_at = greatest(k.last_used_at, u.at)
    FROM unnest(${ids}::uuid[], ${times}::timestamptz[]) AS u (id, at) WHERE k.id = u.id`)
}
