import { recordAudit } from '../../platform/audit/index.ts'
import { systemClock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import { createPasswordHasher } from './password-hash.ts'
import { endFamiliesOf } from './refresh-families.ts'
import { countAdmins, findByEmail, lockUser, setPassword, updateUser } from './repository.ts'
import { generatedPassword } from './secret-token.ts'

/** CommandReset is what to tell the person at the command line; the password is shown once and kept nowhere in clear. */
export type CommandReset = {
  email: string
  password: string
  role: 'user' | 'admin'
  disabled: boolean
  admins: number
}

/**
 * resetPassword gives the account of an e-mail a generated password and signs it out everywhere; undefined when there is
 * no such account. It asks for no admin's consent: whoever runs commands on the server holds the database anyway. With
 * `makeAdmin` the account also becomes an admin who can sign in, which is the way back when no admin is left.
 */
export async function resetPassword(options: {
  db: Database
  email: string
  makeAdmin?: boolean
}): Promise<CommandReset | undefined> {
  const { db, email, makeAdmin = false } = options
  const password = generatedPassword()
  const passwordHash = await createPasswordHasher().hash(password)
  const now = systemClock.now()
  return db.transaction(async (tx) => {
    const found = await findByEmail(tx, email.trim())
    const before = found && (await lockUser(tx, found.user.id))
    if (!before) return undefined
    await setPassword(tx, { userId: before.id, passwordHash, now })
    await endFamiliesOf(tx, before.id, now)
    const after =
      (makeAdmin && (await updateUser(tx, before.id, { role: 'admin', disabledAt: null, updatedAt: now }))) || before
    await recordAudit(tx, {
      actorKind: 'command',
      actorId: null,
      action: 'user.reset_password',
      subjectType: 'user',
      subjectId: before.id,
      before: { role: before.role, disabled: before.disabledAt !== null },
      after: { role: after.role, disabled: after.disabledAt !== null },
    })
    return {
      email: after.email,
      password,
      role: after.role,
      disabled: after.disabledAt !== null,
      admins: await countAdmins(tx),
    }
  })
}
