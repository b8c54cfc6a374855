import type { z } from 'zod'
import { recordAudit } from '../../platform/audit/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { idOfCursor, type Page, pageOf } from '../../platform/http/paging.ts'
import { type adminProfileSchema, toProfile } from './dto.ts'
import type { ChangedListener } from './service.ts'
import { type AdminRow, type Business, findForAdmin, listForAdmin, lockBusiness, setVisibility } from './repository.ts'

type AdminProfile = z.output<typeof adminProfileSchema>

const toAdminProfile = (row: AdminRow): AdminProfile => ({ ...toProfile(row), owner: row.owner })

/** BusinessAdminService is what admins do with businesses. Its routes let nobody else in. */
export type BusinessAdminService = ReturnType<typeof createBusinessAdminService>

/** createBusinessAdminService wires the administration of businesses; erased ones are not part of it. */
export function createBusinessAdminService(options: { db: Database; clock: Clock; changed: ChangedListener }) {
  const { db, clock, changed } = options
  return {
    /** listBusinesses pages through businesses with their owners, newest first. */
    async listBusinesses(query: {
      q?: string | undefined
      limit: number
      cursor?: string | undefined
    }): Promise<Page<AdminProfile>> {
      const { q, limit, cursor } = query
      const before = idOfCursor(cursor)
      const rows = await listForAdmin(db, { q, before, limit: limit + 1 })
      const page = pageOf(rows, limit, (row) => ({ id: row.business.id }))
      return { items: page.items.map(toAdminProfile), next: page.next }
    },

    /**
     * updateBusiness changes how a business stands on the board. The last word counts, whoever has it: an owner can show
     * again what an admin has hidden, and the audit tells the admin's part of it.
     */
    async updateBusiness(change: {
      actorId: string
      businessId: string
      visibility: Business['boardVisibility'] | undefined
    }): Promise<AdminProfile> {
      const { actorId, businessId, visibility } = change
      const updated = await db.transaction(async (tx) => {
        const before = await lockBusiness(tx, businessId)
        if (!before) throw problem.notFound('not_found', 'There is no such business.')
        if (visibility !== undefined && visibility !== before.boardVisibility) {
          await setVisibility(tx, { businessId, visibility, now: clock.now() })
          await recordAudit(tx, {
            actorKind: 'user',
            actorId,
            action: 'business.update',
            subjectType: 'business',
            subjectId: businessId,
            before: { board_visibility: before.boardVisibility },
            after: { board_visibility: visibility },
          })
        }
        const row = await findForAdmin(tx, businessId)
        if (!row) throw new Error('a business cannot be found in the transaction that holds it')
        return toAdminProfile(row)
      })
      await changed()
      return updated
    },
  }
}
