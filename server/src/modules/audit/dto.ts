import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, timestamp } from '../../platform/text.ts'

/** auditQuery narrows the trail to what one actor did, or to what was done to one kind of thing, or to one thing. */
export const auditQuery = pageQuery.extend({
  subject_type: z
    .string()
    .regex(/^[a-z_]{1,100}$/, 'must be 1 to 100 small letters or _')
    .optional(),
  subject_id: idSchema.optional(),
  actor_id: idSchema.optional(),
})

/** AuditQuery is a parsed query of the trail. */
export type AuditQuery = z.output<typeof auditQuery>

const content = z.record(z.string(), z.unknown()).nullable()

/** auditEntrySchema is one administrative change. */
export const auditEntrySchema = z
  .object({
    id: z.string(),
    actor_kind: z.enum(['user', 'server', 'command']),
    actor_id: z.string().nullable(),
    actor_name: z.string().nullable().describe('null for the server, for commands, and once the account is erased'),
    action: z.string().describe('what was done, as `subject.verb`'),
    subject_type: z.string(),
    subject_id: z.string(),
    before: content,
    after: content,
    created_at: timestamp,
  })
  .meta({ id: 'AuditEntry' })

/** AuditEntry is the wire shape of an administrative change. */
export type AuditEntry = z.output<typeof auditEntrySchema>

/** auditContent is what `before` and `after` hold in the database. */
export const auditContent = content
