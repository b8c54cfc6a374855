import { and, asc, count, desc, eq, ilike, isNull, lt, or, sql } from 'drizzle-orm'
import type { Executor, Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import { credentials, users } from './schema.ts'

/** User is a row of users. */
export type User = typeof users.$inferSelect

/** NewAccount is what an account is made of; the password comes hashed, and without one nobody can sign in as it. */
export type NewAccount = Pick<User, 'email' | 'name' | 'role' | 'locale'> & {
  passwordHash: string | undefined
  now: Date
}

// As the unique index compares.
const emailIs = (email: string) => sql`lower(${users.email}) = lower(${email})`
const passwordOfUser = and(eq(credentials.userId, users.id), eq(credentials.kind, 'password'))

/** insertAccount adds a user and their password; fails on `users_email_unique` when the e-mail is taken. */
export async function insertAccount(tx: Transaction, account: NewAccount): Promise<User> {
  const { passwordHash, now, ...fields } = account
  const [user] = await tx
    .insert(users)
    .values({ id: newId(), ...fields, createdAt: now, updatedAt: now })
    .returning()
  if (!user) throw new Error('the insert of a user returned no row')
  if (passwordHash !== undefined) await setPassword(tx, { userId: user.id, passwordHash, now })
  return user
}

/** setPassword gives a user a password, instead of the one they may have had. */
export async function setPassword(
  tx: Executor,
  change: { userId: string; passwordHash: string; now: Date },
): Promise<void> {
  const { userId, passwordHash, now } = change
  await tx
    .insert(credentials)
    .values({ id: newId(), userId, kind: 'password', secretHash: passwordHash, createdAt: now, updatedAt: now })
    .onConflictDoUpdate({
      target: [credentials.userId, credentials.kind],
      set: { secretHash: passwordHash, updatedAt: now },
    })
}

/** findByEmail reads a user and what their password is compared with; e-mails are compared without case. */
export async function findByEmail(db: Executor, email: string) {
  const [row] = await db
    .select({ user: users, passwordHash: credentials.secretHash })
    .from(users)
    .leftJoin(credentials, passwordOfUser)
    .where(emailIs(email))
  return row
}

/** findWithPassword reads a user and what their password is compared with. */
export async function findWithPassword(db: Executor, userId: string) {
  const [row] = await db
    .select({ user: users, passwordHash: credentials.secretHash })
    .from(users)
    .leftJoin(credentials, passwordOfUser)
    .where(eq(users.id, userId))
  return row
}

/** findUser reads a user, or undefined when there is none. */
export async function findUser(db: Executor, userId: string): Promise<User | undefined> {
  const [user] = await db.select().from(users).where(eq(users.id, userId))
  return user
}

/**
 * lockUser reads a user and holds the row until the transaction ends. It is the first lock of whatever changes an
 * account (credentials and refresh families come after it), so that those wait for each other and never in a circle.
 */
export async function lockUser(tx: Transaction, userId: string): Promise<User | undefined> {
  const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update')
  return user
}

/**
 * lockActiveAdmins holds the rows of all admins who can sign in, in the order of their ids, and answers their ids.
 * Whatever could take the last admin away holds these before it holds the row that it changes: of two admins who demote
 * each other at once, the second sees what the first has done.
 */
export async function lockActiveAdmins(tx: Transaction): Promise<string[]> {
  const rows = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'admin'), isNull(users.disabledAt)))
    .orderBy(asc(users.id))
    .for('no key update')
  return rows.map((row) => row.id)
}

/** countAdmins counts admins, disabled ones included. */
export async function countAdmins(db: Executor): Promise<number> {
  const [row] = await db.select({ admins: count() }).from(users).where(eq(users.role, 'admin'))
  return row?.admins ?? 0
}

/** updateUser changes fields of a user and answers the row, or undefined when there is none. */
export async function updateUser(
  db: Executor,
  userId: string,
  changes: Partial<Pick<User, 'name' | 'locale' | 'role' | 'disabledAt'>> & { updatedAt: Date },
): Promise<User | undefined> {
  const [user] = await db.update(users).set(changes).where(eq(users.id, userId)).returning()
  return user
}

/** deleteUser erases the account's row and, by cascade, whatever personal hangs on it. */
export async function deleteUser(tx: Transaction, userId: string): Promise<void> {
  await tx.delete(users).where(eq(users.id, userId))
}

/** listUsers reads at most `limit` users, newest first, below the id `before`; `q` is part of e-mail or name. */
export async function listUsers(
  db: Executor,
  query: { q: string | undefined; before: string | undefined; limit: number },
): Promise<User[]> {
  const pattern = query.q ? `%${query.q.replace(/[\\%_]/g, '\\$&')}%` : undefined
  return db
    .select()
    .from(users)
    .where(
      and(
        query.before === undefined ? undefined : lt(users.id, query.before),
        pattern === undefined ? undefined : or(ilike(users.email, pattern), ilike(users.name, pattern)),
      ),
    )
    .orderBy(desc(users.id))
    .limit(query.limit)
}
