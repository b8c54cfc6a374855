import { and, eq, gt, isNull } from 'drizzle-orm'
import type { Executor, Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import { passwordResets } from './schema.ts'
import { hashSecretToken, newSecretToken } from './secret-token.ts'

const LIFETIME_MS = 3_600_000

const usable = (token: string, now: Date) =>
  and(
    eq(passwordResets.tokenHash, hashSecretToken(token)),
    isNull(passwordResets.usedAt),
    gt(passwordResets.expiresAt, now),
  )

/** openReset makes the token of a reset link, which holds for one hour; earlier ones of the user hold no longer. */
export async function openReset(
  tx: Transaction,
  userId: string,
  now: Date,
): Promise<{ token: string; expiresAt: Date }> {
  const token = newSecretToken()
  const expiresAt = new Date(now.getTime() + LIFETIME_MS)
  await tx.delete(passwordResets).where(eq(passwordResets.userId, userId))
  await tx
    .insert(passwordResets)
    .values({ id: newId(), userId, tokenHash: hashSecretToken(token), createdAt: now, expiresAt })
  return { token, expiresAt }
}

/** userOfReset tells whose password a token can reset, or undefined for one that is unknown, used or too old. */
export async function userOfReset(db: Executor, token: string, now: Date): Promise<string | undefined> {
  const [reset] = await db.select({ userId: passwordResets.userId }).from(passwordResets).where(usable(token, now))
  return reset?.userId
}

/** spendReset uses a token up and tells whether it could still be used: of two at once, one can. */
export async function spendReset(tx: Transaction, token: string, now: Date): Promise<boolean> {
  const spent = await tx
    .update(passwordResets)
    .set({ usedAt: now })
    .where(usable(token, now))
    .returning({ id: passwordResets.id })
  return spent.length === 1
}
