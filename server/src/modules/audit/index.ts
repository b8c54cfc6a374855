import type { Store } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app-types.ts'
import { auditRoutes } from './routes.ts'
import { createAuditService } from './service.ts'

/** createAudit wires the readable side of the audit trail. */
export function createAudit({ store }: { store: Store }) {
  const service = createAuditService({ db: store.db })
  return {
    /** routes serves everything of this module. */
    async routes(app: App): Promise<void> {
      await app.register(auditRoutes({ service }))
    },
  }
}
