import { recordAudit } from '../../platform/audit/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Database } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { idOfCursor, pageOf, type Page } from '../../platform/http/paging.ts'
import { toAdminUserView } from './dto.ts'
import { endFamiliesOf } from './refresh-families.ts'
import { listUsers, lockActiveAdmins, lockUser, updateUser, type User } from './repository.ts'
import { openReset } from './reset-links.ts'
import { lastAdmin } from './service.ts'

type AdminUser = ReturnType<typeof toAdminUserView>

const noSuchUser = () => problem.notFound('not_found', 'There is no such user.')
const rights = (user: User) => ({ role: user.role, disabled: user.disabledAt !== null })

/** AuthAdminService is what admins do with other people's accounts. Its routes let nobody else in. */
export type AuthAdminService = ReturnType<typeof createAuthAdminService>

/** createAuthAdminService wires the administration of accounts. `actorId` is the admin who asks. */
export function createAuthAdminService(options: { db: Database; settings: Pick<Settings, 'publicUrl'>; clock: Clock }) {
  const { db, settings, clock } = options
  return {
    /** listUsers pages through users, newest first. */
    async listUsers(query: {
      q?: string | undefined
      limit: number
      cursor?: string | undefined
    }): Promise<Page<AdminUser>> {
      const { q, limit, cursor } = query
      const before = idOfCursor(cursor)
      const rows = await listUsers(db, { q, before, limit: limit + 1 })
      const page = pageOf(rows, limit, (user) => ({ id: user.id }))
      return { items: page.items.map(toAdminUserView), next: page.next }
    },

    /**
     * updateUser changes role and disabled state; disabling ends every session that could be refreshed. 409 `last_admin`
     * when no admin who can sign in would be left. The asking admin is looked at again under the lock: of two who demote
     * each other at once, the second is an admin no longer (403).
     */
    async updateUser(change: {
      actorId: string
      userId: string
      role?: User['role'] | undefined
      disabled?: boolean | undefined
    }): Promise<AdminUser> {
      const { actorId, userId, role, disabled } = change
      return db.transaction(async (tx) => {
        const admins = await lockActiveAdmins(tx)
        if (!admins.includes(actorId)) throw problem.forbidden('role_not_allowed', 'Only admins may do this.')
        const before = await lockUser(tx, userId)
        if (!before) throw noSuchUser()

        const now = clock.now()
        const disabledAt = disabled === undefined ? before.disabledAt : disabled ? (before.disabledAt ?? now) : null
        const after = { ...before, role: role ?? before.role, disabledAt }
        if (after.role === before.role && after.disabledAt === before.disabledAt) return toAdminUserView(before)
        const staysAdmin = after.role === 'admin' && after.disabledAt === null
        if (!staysAdmin && admins.length === 1 && admins[0] === userId) throw lastAdmin()

        await updateUser(tx, userId, { role: after.role, disabledAt: after.disabledAt, updatedAt: now })
        if (after.disabledAt) await endFamiliesOf(tx, userId, now)
        await recordAudit(tx, {
          actorKind: 'user',
          actorId,
          action: 'user.update',
          subjectType: 'user',
          subjectId: userId,
          before: rights(before),
          after: rights(after),
        })
        return toAdminUserView(after)
      })
    },

    /**
     * createResetLink makes a link for one new password, to be handed to its owner in person. It begins with PUBLIC_URL,
     * or with `origin`, the address that the admin uses.
     */
    async createResetLink({ actorId, userId, origin }: { actorId: string; userId: string; origin: string }) {
      return db.transaction(async (tx) => {
        if (!(await lockUser(tx, userId))) throw noSuchUser()
        const { token, expiresAt } = await openReset(tx, userId, clock.now())
        await recordAudit(tx, {
          actorKind: 'user',
          actorId,
          action: 'user.create_reset_link',
          subjectType: 'user',
          subjectId: userId,
          before: null,
          after: { expires_at: expiresAt.toISOString() },
        })
        return { url: `${settings.publicUrl ?? origin}/reset?token=${token}`, expires_at: expiresAt.toISOString() }
      })
    },
  }
}
