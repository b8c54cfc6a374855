import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Store } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app-types.ts'
import type { Auth } from '../auth/index.ts'
import { businessAdminRoutes } from './admin-routes.ts'
import { createBusinessAdminService } from './admin-service.ts'
import { meRoutes } from './me-routes.ts'
import { businessRoutes } from './routes.ts'
import { createBusinessService } from './service.ts'

export * from './schema.ts'
export { businessQuery, levelSchema, type LevelView, type Profile, profileSchema, toLevelView } from './dto.ts'
export { type Business, type BusinessFields, insertBusiness, type Level } from './repository.ts'
export type { BusinessService, CreatedListener } from './service.ts'

/** BusinessModule is the module, wired. */
export type BusinessModule = ReturnType<typeof createBusiness>

/** createBusiness wires businesses, their profiles and the view of oneself. Nothing here touches the database yet. */
export function createBusiness(options: { store: Store; settings: Settings; clock: Clock; auth: Auth }) {
  const { settings, clock, auth } = options
  const { db } = options.store
  const service = createBusinessService({ db, settings, clock, auth: auth.service })
  const adminService = createBusinessAdminService({ db, clock })

  return {
    service,
    /** onCreated adds a listener inside every creating transaction; they run in the order of registration. */
    onCreated: service.onCreated,
    /** erase blanks a user's businesses; it is registered with `auth.onErase`, after whoever must still know the owner. */
    erase: service.erase,
    /** routes serves everything of this module. */
    async routes(app: App): Promise<void> {
      await app.register(businessRoutes({ service }))
      await app.register(businessAdminRoutes({ service: adminService }))
      await app.register(meRoutes({ service }))
    },
  }
}
