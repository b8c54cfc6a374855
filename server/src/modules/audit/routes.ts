import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { sendPage } from '../../platform/http/paging.ts'
import { auditEntrySchema, auditQuery } from './dto.ts'
import type { AuditService } from './service.ts'

/** auditRoutes shows admins who changed what. */
export function auditRoutes({ service }: { service: AuditService }) {
  return async (app: App): Promise<void> => {
    app.get(
      '/admin/audit',
      {
        config: { access: 'admin' },
        schema: {
          tags: ['Admin'],
          summary: 'Who changed what, newest first',
          description: 'Ids only, never personal data or secrets; the name is that of the account as it is now.',
          querystring: auditQuery,
          response: { 200: z.array(auditEntrySchema) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listAudit(request.query)),
    )
  }
}
