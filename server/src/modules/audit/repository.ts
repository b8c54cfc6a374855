import { and, desc, eq, getTableColumns, lt } from 'drizzle-orm'
import { auditEntries } from '../../platform/audit/schema.ts'
import type { Database } from '../../platform/db/database.ts'
import { users } from '../auth/index.ts'

type AuditFilter = {
  subjectType: string | undefined
  subjectId: string | undefined
  actorId: string | undefined
  /** Entries older than this one. */
  before: string | undefined
  limit: number
}

/** listAudit reads audit entries with the names of their actors, newest first; ids are made in the order of time. */
export function listAudit(db: Database, { subjectType, subjectId, actorId, before, limit }: AuditFilter) {
  return db
    .select({ ...getTableColumns(auditEntries), actorName: users.name })
    .from(auditEntries)
    .leftJoin(users, eq(users.id, auditEntries.actorId))
    .where(
      and(
        subjectType === undefined ? undefined : eq(auditEntries.subjectType, subjectType),
        subjectId === undefined ? undefined : eq(auditEntries.subjectId, subjectId),
        actorId === undefined ? undefined : eq(auditEntries.actorId, actorId),
        before === undefined ? undefined : lt(auditEntries.id, before),
      ),
    )
    .orderBy(desc(auditEntries.id))
    .limit(limit)
}
