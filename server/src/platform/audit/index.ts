import type { Executor } from '../db/database.ts'
import { newId } from '../ids.ts'
import { auditEntries } from './schema.ts'

/** AuditRecord is one administrative change; `before` and `after` are plain JSON without personal data. */
export type AuditRecord = {
  actorKind: 'user' | 'server' | 'command'
  actorId: string | null
  /** What was done, as `subject.verb`: `level.update`. */
  action: string
  subjectType: string
  subjectId: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

/** recordAudit writes the record in the transaction of the change itself, so that neither exists without the other. */
export async function recordAudit(tx: Executor, record: AuditRecord): Promise<void> {
  await tx.insert(auditEntries).values({ id: newId(), ...record })
}
