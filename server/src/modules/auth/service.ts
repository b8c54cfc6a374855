import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import { type Database, pgConstraint, type Transaction } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts'
import { toUserView, type UserView } from './dto.ts'
import type { LoginLimits } from './login-limits.ts'
import type { PasswordHasher } from './password-hash.ts'
import { endFamiliesOf, type RefreshFamilies } from './refresh-families.ts'
import {
  deleteUser,
  findByEmail,
  findWithPassword,
  insertAccount,
  lockActiveAdmins,
  lockUser,
  setPassword,
  updateUser,
  type User,
} from './repository.ts'
import { spendReset, userOfReset } from './reset-links.ts'

/** EraseListener removes what another module knows of a user, inside the transaction that erases the account. */
export type EraseListener = (tx: Transaction, userId: string) => Promise<void>
/** ErasedListener hears of an account that is gone, after the commit. */
export type ErasedListener = (userId: string) => void | Promise<void>

type AuthServiceOptions = {
  db: Database
  settings: Pick<Settings, 'defaultLocale'>
  clock: Clock
  tokens: AccessTokens
  families: RefreshFamilies
  passwords: PasswordHasher
  limits: LoginLimits
}

type Registration = { email: string; password: string; name: string; locale?: User['locale'] | undefined }
type Access = { access_token: string; token_type: 'bearer'; expires_in: number }

const wrongLogin = () => problem.unauthorized('invalid_credentials', 'The e-mail or the password is wrong.')
const wrongPassword = () => problem.forbidden('wrong_password', 'The password is wrong.')
const badRefresh = () => problem.unauthorized('invalid_refresh_token', 'Please sign in again.')
const badLink = () =>
  problem.invalid('This link has been used, is too old, or never was one. Ask for a new one.', 'invalid_reset_token')

/** lastAdmin is the refusal to take the last admin away. */
export const lastAdmin = () =>
  problem.conflict('last_admin', 'This is the last admin. Make somebody else an admin first.')

/** AuthService is what people do with their own account. */
export type AuthService = ReturnType<typeof createAuthService>

/** createAuthService wires accounts, passwords and sessions. `address` is where a request came from. */
export function createAuthService(options: AuthServiceOptions) {
  const { db, settings, clock, tokens, families, passwords, limits } = options
  const eraseListeners: EraseListener[] = []
  const erasedListeners: ErasedListener[] = []

  const access = (holder: { userId: string; role: User['role'] }): Access => ({
    access_token: tokens.issue(holder),
    token_type: 'bearer',
    expires_in: ACCESS_TOKEN_SECONDS,
  })

  /** proveOwner answers the account whose password this is; 401 when the account is gone or disabled, 403 `wrong_password`. */
  async function proveOwner({ userId, password, address }: { userId: string; password: string; address: string }) {
    const found = await findWithPassword(db, userId)
    if (!found || found.user.disabledAt) throw problem.unauthorized()
    const { user, passwordHash } = found
    const proven = await limits.guess({ email: user.email, address }, async () =>
      (await passwords.verify(password, passwordHash ?? undefined)) ? user : undefined,
    )
    if (!proven) throw wrongPassword()
    return proven
  }

  return {
    /** onErase adds a listener that runs inside every erasure's transaction, in the order of registration. */
    onErase: (listener: EraseListener) => void eraseListeners.push(listener),
    /** onErased adds a listener that runs after every erasure. */
    onErased: (listener: ErasedListener) => void erasedListeners.push(listener),

    /** register makes an account of role `user`; 409 `email_taken`. */
    async register(registration: Registration, address: string): Promise<UserView> {
      await limits.registration(address)
      const { email, name, password, locale = settings.defaultLocale } = registration
      const passwordHash = await passwords.hash(password)
      try {
        const user = await db.transaction((tx) =>
          insertAccount(tx, { email, name, role: 'user', locale, passwordHash, now: clock.now() }),
        )
        return toUserView(user)
      } catch (error) {
        // The index decides, not a look beforehand: of two registrations at once, one is told so here.
        if (pgConstraint(error) !== 'users_email_unique') throw error
        throw problem.conflict('email_taken', 'There is an account with this e-mail already.')
      }
    },

    /**
     * login opens a session. An unknown e-mail is answered like a wrong password, after as much work; that an account
     * is disabled (403) is only said to who knows its password.
     */
    async login({ email, password }: { email: string; password: string }, address: string) {
      const found = await limits.guess({ email, address }, async () => {
        const account = await findByEmail(db, email)
        const matches = await passwords.verify(password, account?.passwordHash ?? undefined)
        return matches && account?.passwordHash ? { user: account.user, passwordHash: account.passwordHash } : undefined
      })
      if (!found) throw wrongLogin()
      const { user, passwordHash } = found
      if (user.disabledAt) throw problem.forbidden('account_disabled', 'This account is disabled. Please ask an admin.')
      const refreshToken = await families.start(user.id, passwordHash)
      if (refreshToken === undefined) throw wrongLogin()
      return { session: { ...access({ userId: user.id, role: user.role }), user: toUserView(user) }, refreshToken }
    },

    /** refresh exchanges a refresh token; anything but an unused one is 401, and a used one ends its family. */
    async refresh(refreshToken: string | undefined) {
      if (refreshToken === undefined) throw badRefresh()
      const rotation = await families.rotate(refreshToken)
      if (rotation.outcome !== 'rotated') throw badRefresh()
      return { access: access(rotation), refreshToken: rotation.token }
    },

    /** logout ends the session of a refresh token, if there is one. */
    async logout(refreshToken: string | undefined): Promise<void> {
      if (refreshToken !== undefined) await families.end(refreshToken)
    },

    /** updateMe changes name and language; 401 when the account is gone or disabled. */
    async updateMe(
      userId: string,
      changes: { name?: string | undefined; locale?: User['locale'] | undefined },
    ): Promise<void> {
      const user = await updateUser(db, userId, { ...changes, updatedAt: clock.now() })
      if (!user || user.disabledAt) throw problem.unauthorized()
    },

    /** changePassword sets a new password by the current one, and ends every session that could be refreshed. */
    async changePassword(change: { userId: string; currentPassword: string; newPassword: string; address: string }) {
      const { userId, currentPassword, newPassword, address } = change
      await proveOwner({ userId, password: currentPassword, address })
      const passwordHash = await passwords.hash(newPassword)
      await db.transaction(async (tx) => {
        if (!(await lockUser(tx, userId))) throw problem.unauthorized()
        const now = clock.now()
        await setPassword(tx, { userId, passwordHash, now })
        await endFamiliesOf(tx, userId, now)
      })
    },

    /** resetPassword sets a new password by a reset link, once; 422 `invalid_reset_token`. */
    async resetPassword({ token, newPassword }: { token: string; newPassword: string }): Promise<void> {
      const userId = await userOfReset(db, token, clock.now())
      if (userId === undefined) throw badLink()
      const passwordHash = await passwords.hash(newPassword)
      await db.transaction(async (tx) => {
        const now = clock.now()
        if (!(await lockUser(tx, userId)) || !(await spendReset(tx, token, now))) throw badLink()
        await setPassword(tx, { userId, passwordHash, now })
        await endFamiliesOf(tx, userId, now)
      })
    },

    /**
     * eraseMe erases the caller's account by its password, everything personal with it, in one transaction: the
     * listeners first, then the row, whose cascades take the rest. Never the last admin (409).
     */
    async eraseMe(erasure: { userId: string; password: string; address: string }): Promise<void> {
      const { userId } = erasure
      await proveOwner(erasure)
      await db.transaction(async (tx) => {
        const admins = await lockActiveAdmins(tx)
        if (!(await lockUser(tx, userId))) throw problem.unauthorized()
        if (admins.length === 1 && admins[0] === userId) throw lastAdmin()
        for (const listener of eraseListeners) await listener(tx, userId)
        await deleteUser(tx, userId)
      })
      for (const listener of erasedListeners) await listener(userId)
    },
  }
}
