import { and, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Clock } from '../../platform/clock.ts'
import type { Database, Executor } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import { refreshFamilies, refreshTokens, users } from './schema.ts'
import { hashSecretToken, newSecretToken } from './secret-token.ts'

/** REFRESH_TOKEN_DAYS is how long a refresh token can wait to be exchanged. */
export const REFRESH_TOKEN_DAYS = 30

const LIFETIME_MS = REFRESH_TOKEN_DAYS * 86_400_000
const FAMILIES_OF_ONE_USER = 100

/** Rotation is what became of a refresh token: exchanged for `token`, or refused. */
export type Rotation =
  | { outcome: 'rotated'; token: string; userId: string; role: 'user' | 'admin' }
  | { outcome: 'unknown' | 'ended' | 'expired' | 'reused' | 'disabled' }

/** RefreshFamilies are sign-ins that last: each exchange of a token stays in the family of the first. */
export type RefreshFamilies = ReturnType<typeof createRefreshFamilies>

/** createRefreshFamilies makes the keeper of refresh tokens; the database holds only their hashes. */
export function createRefreshFamilies(options: { db: Database; clock: Clock }) {
  const { db, clock } = options
  const expiry = (now: Date) => new Date(now.getTime() + LIFETIME_MS)

  /**
   * start opens a family for a user whose password was compared with `passwordHash`, and answers its first token.
   * Undefined when the account has meanwhile been erased or disabled or its password changed: the credential is held in
   * the same statement, so a sign-in by the old password cannot outlive the change. What the user no longer needs (ended
   * and expired families, all but the newest hundred) goes at the same time.
   */
  async function start(userId: string, passwordHash: string): Promise<string | undefined> {
    const now = clock.now()
    const token = newSecretToken()
    const { rowCount } = await db.execute(sql`
      WITH account AS MATERIALIZED (
        SELECT id FROM users WHERE id = ${userId} AND disabled_at IS NULL FOR SHARE
      ), proven AS MATERIALIZED (
        SELECT account.id FROM account JOIN credentials ON credentials.user_id = account.id
        WHERE credentials.kind = 'password' AND credentials.secret_hash = ${passwordHash} FOR SHARE OF credentials
      ), spent AS MATERIALIZED (
        SELECT family.id FROM refresh_families family
        WHERE family.user_id = ${userId} AND (
          family.ended_at IS NOT NULL
          OR NOT EXISTS (SELECT FROM refresh_tokens WHERE family_id = family.id AND expires_at > ${now})
          OR family.id IN (
            SELECT id FROM refresh_families WHERE user_id = ${userId} ORDER BY id DESC OFFSET ${FAMILIES_OF_ONE_USER - 1}
          )
        ) FOR UPDATE SKIP LOCKED
      ), swept AS (
        DELETE FROM refresh_families WHERE id IN (SELECT id FROM spent)
      ), family AS (
        INSERT INTO refresh_families (id, user_id, created_at)
        SELECT ${newId()}::uuid, proven.id, ${now}::timestamptz FROM proven RETURNING id
      )
      INSERT INTO refresh_tokens (id, family_id, token_hash, created_at, expires_at)
      SELECT ${newId()}::uuid, family.id, ${hashSecretToken(token)}, ${now}::timestamptz, ${expiry(now)}::timestamptz
      FROM family`)
    return rowCount === 1 ? token : undefined
  }

  /**
   * rotate exchanges a token for the next one of its family, once. A token that comes a second time has been in two
   * hands, and nobody can tell whose, so it ends the family. The family's row is held throughout: of two exchanges at
   * once, the second finds the token used.
   */
  async function rotate(token: string): Promise<Rotation> {
    const tokenHash = hashSecretToken(token)
    const ofToken = db
      .select({ id: refreshTokens.familyId })
      .from(refreshTokens)
      .where(eq(refreshTokens.tokenHash, tokenHash))
    return db.transaction(async (tx): Promise<Rotation> => {
      const [family] = await tx.select().from(refreshFamilies).where(eq(refreshFamilies.id, ofToken)).for('update')
      if (!family) return { outcome: 'unknown' }
      // Read after the lock, in a statement of its own: the first one's snapshot is as old as the wait was long.
      const [found] = await tx
        .select({ token: refreshTokens, role: users.role, disabledAt: users.disabledAt })
        .from(refreshTokens)
        .innerJoin(users, eq(users.id, family.userId))
        .where(eq(refreshTokens.tokenHash, tokenHash))
      if (!found) return { outcome: 'unknown' }
      const now = clock.now()
      if (family.endedAt) return { outcome: 'ended' }
      if (found.token.usedAt) {
        await tx.update(refreshFamilies).set({ endedAt: now }).where(eq(refreshFamilies.id, family.id))
        return { outcome: 'reused' }
      }
      if (found.token.expiresAt <= now) return { outcome: 'expired' }
      if (found.disabledAt) return { outcome: 'disabled' }

      const next = newSecretToken()
      await tx.update(refreshTokens).set({ usedAt: now }).where(eq(refreshTokens.id, found.token.id))
      await tx.insert(refreshTokens).values({
        id: newId(),
        familyId: family.id,
        tokenHash: hashSecretToken(next),
        createdAt: now,
        expiresAt: expiry(now),
      })
      // Used tokens are kept for as long as they would have held, to know them again; then they are merely unknown.
      await tx.delete(refreshTokens).where(and(eq(refreshTokens.familyId, family.id), lt(refreshTokens.expiresAt, now)))
      return { outcome: 'rotated', token: next, userId: family.userId, role: found.role }
    })
  }

  /** end ends the family of a token, whichever of its tokens it is; an unknown token ends nothing. */
  async function end(token: string): Promise<void> {
    const ofToken = db
      .select({ id: refreshTokens.familyId })
      .from(refreshTokens)
      .where(eq(refreshTokens.tokenHash, hashSecretToken(token)))
    await db
      .update(refreshFamilies)
      .set({ endedAt: clock.now() })
      .where(and(eq(refreshFamilies.id, ofToken), isNull(refreshFamilies.endedAt)))
  }

  return { start, rotate, end }
}

/** endFamiliesOf signs a user out everywhere; access tokens still hold for what is left of their 15 minutes. */
export async function endFamiliesOf(tx: Executor, userId: string, now: Date): Promise<void> {
  await tx
    .update(refreshFamilies)
    .set({ endedAt: now })
    .where(and(eq(refreshFamilies.userId, userId), isNull(refreshFamilies.endedAt)))
}
