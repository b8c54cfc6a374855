import type { Database } from '../../platform/db/database.ts'
import { idOfCursor, type Page, pageOf } from '../../platform/http/paging.ts'
import { auditContent, type AuditEntry, type AuditQuery } from './dto.ts'
import { listAudit } from './repository.ts'

/** AuditService shows the trail of administrative changes. Its routes let nobody but admins in. */
export type AuditService = ReturnType<typeof createAuditService>

/** createAuditService makes the trail readable; whoever changes something writes it, see platform/audit. */
export function createAuditService({ db }: { db: Database }) {
  return {
    /** listAudit pages through the trail, newest first. */
    async listAudit({ limit, cursor, ...filter }: AuditQuery): Promise<Page<AuditEntry>> {
      const rows = await listAudit(db, {
        subjectType: filter.subject_type,
        subjectId: filter.subject_id,
        actorId: filter.actor_id,
        before: idOfCursor(cursor),
        limit: limit + 1,
      })
      const { items, next } = pageOf(rows, limit, ({ id }) => ({ id }))
      return {
        next,
        items: items.map((row) => ({
          id: row.id,
          actor_kind: row.actorKind,
          actor_id: row.actorId,
          actor_name: row.actorName,
          action: row.action,
          subject_type: row.subjectType,
          subject_id: row.subjectId,
          before: auditContent.parse(row.before),
          after: auditContent.parse(row.after),
          created_at: row.createdAt.toISOString(),
        })),
      }
    },
  }
}
