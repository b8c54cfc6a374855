import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Store } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app-types.ts'
import type { CreateLimiter } from '../../platform/limits.ts'
import type { Log } from '../../platform/logger.ts'
import { guardAccess, type PersonalKeys } from './access-guard.ts'
import { createAccessTokens } from './access-token.ts'
import { authAdminRoutes } from './admin-routes.ts'
import { createApiKeys } from './api-keys.ts'
import { createAuthAdminService } from './admin-service.ts'
import { createFirstAdmin } from './first-admin.ts'
import { keyRoutes } from './key-routes.ts'
import { createKeyService } from './key-service.ts'
import { createLoginLimits } from './login-limits.ts'
import { createPasswordHasher } from './password-hash.ts'
import { createRefreshFamilies } from './refresh-families.ts'
import { authRoutes } from './routes.ts'
import { createAuthService } from './service.ts'

export * from './schema.ts'
export { type Actor, actorOf, callerOf, type Caller, keyOf, type PersonalKeys } from './access-guard.ts'
export { type CommandReset, resetPassword } from './command-reset.ts'
export { expiryOf, keyExpiry } from './key-dto.ts'
export { createKeyRecogniser, type KeyRecogniser } from './key-recogniser.ts'
export { noteKeyUses } from './key-repository.ts'
export { derivedKey } from './derived-key.ts'
export { toUserView, updateMeBody, userShape, type UserView } from './dto.ts'
export type { FirstAdmin } from './first-admin.ts'
export type { PasswordHasher } from './password-hash.ts'
export { findUser, insertAccount, lockUser, type NewAccount, type User } from './repository.ts'
export { generatedPassword, hashSecretToken, newSecretToken } from './secret-token.ts'
export type { AuthService, EraseListener, ErasedListener } from './service.ts'

/** Auth is the module, wired. */
export type Auth = ReturnType<typeof createAuth>

/** createAuth wires accounts, sessions and the guard of every route. Nothing here touches the database yet. */
export function createAuth(options: {
  store: Store
  settings: Settings
  secretKey: string
  clock: Clock
  log: Log
  limiter: CreateLimiter
}) {
  const { settings, secretKey, clock, log } = options
  const { db } = options.store
  const tokens = createAccessTokens({ secretKey, clock })
  const families = createRefreshFamilies({ db, clock })
  const passwords = createPasswordHasher()
  const limits = createLoginLimits({
    limiter: options.limiter,
    failuresPerMinute: settings.loginLimitPerMinute,
    registrationsPerMinute: settings.registerLimitPerMinute,
  })
  const service = createAuthService({ db, settings, clock, tokens, families, passwords, limits })
  const adminService = createAuthAdminService({ db, settings, clock })
  const keys = createApiKeys({ db, clock, log })
  const keyService = createKeyService({ db, clock, keys })

  return {
    service,
    /** passwords hashes as every password here is hashed; for whoever makes accounts in bulk. */
    passwords,
    /** onErase adds a listener inside every erasure's transaction; they run in the order of registration. */
    onErase: service.onErase,
    /** onErased adds a listener after every erasure. */
    onErased: service.onErased,
    /** onKeyRevoked adds a listener that hears the id of every API key that was revoked here. */
    onKeyRevoked: keyService.onRevoked,
    /** guard holds every route that is registered after it to its `config.access`. */
    guard: (http: App, personalKeys: PersonalKeys) => guardAccess(http, { db, tokens, keys, personalKeys }),
    /** ensureFirstAdmin makes the first admin where there is none; a generated password is answered once, to be shown. */
    ensureFirstAdmin: () => createFirstAdmin({ db, settings, passwords, clock, log }),
    /** routes serves everything of this module. */
    async routes(app: App): Promise<void> {
      await app.register(authRoutes({ service, settings }))
      await app.register(authAdminRoutes({ service: adminService }))
      await app.register(keyRoutes({ service: keyService }))
    },
    /** close writes what is still to be noted about the use of API keys. */
    close: keys.flush,
  }
}
