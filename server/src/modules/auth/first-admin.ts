import { sql } from 'drizzle-orm'
import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import type { PasswordHasher } from './password-hash.ts'
import { countAdmins, findByEmail, insertAccount } from './repository.ts'
import { generatedPassword } from './secret-token.ts'

/** FirstAdmin is the account that was made; the password is there only when it was generated, to be shown once. */
export type FirstAdmin = { email: string; generatedPassword: string | undefined }

/**
 * createFirstAdmin makes an admin of ADMIN_EMAIL when there is no admin at all, and answers it; undefined when nothing
 * was made. An account that exists is never promoted: whoever registered that address first would own the programme.
 * Instances that start at once wait for each other, and one makes it.
 */
export async function createFirstAdmin(options: {
  db: Database
  settings: Pick<Settings, 'adminEmail' | 'adminPassword' | 'defaultLocale'>
  passwords: PasswordHasher
  clock: Clock
  log: Log
}): Promise<FirstAdmin | undefined> {
  const { db, settings, passwords, clock, log } = options
  if ((await countAdmins(db)) > 0) return undefined
  const password = settings.adminPassword ?? generatedPassword()
  const passwordHash = await passwords.hash(password)

  const outcome = await db.transaction(async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext('tangga'), hashtext('first admin'))`)
    if ((await countAdmins(tx)) > 0) return 'exists'
    if (await findByEmail(tx, settings.adminEmail)) return 'taken'
    await insertAccount(tx, {
      email: settings.adminEmail,
      name: 'Admin',
      role: 'admin',
      locale: settings.defaultLocale,
      passwordHash,
      now: clock.now(),
    })
    return 'made'
  })
  if (outcome === 'taken')
    log.warn(
      'No admin was made: the account of ADMIN_EMAIL exists and is not promoted. Set another ADMIN_EMAIL, or run "tangga reset-password <email> --make-admin".',
    )
  if (outcome !== 'made') return undefined
  return { email: settings.adminEmail, generatedPassword: settings.adminPassword === undefined ? password : undefined }
}
