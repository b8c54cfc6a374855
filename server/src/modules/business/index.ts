import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Store } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app-types.ts'
import type { Log } from '../../platform/logger.ts'
import type { Auth } from '../auth/index.ts'
import { businessAdminRoutes } from './admin-routes.ts'
import { createBusinessAdminService } from './admin-service.ts'
import { meRoutes } from './me-routes.ts'
import { createLinkService } from './link-service.ts'
import { linkRoutes } from './link-routes.ts'
import { personalKeyRoutes } from './personal-key-routes.ts'
import { createPersonalKeys, createPersonalKeyService } from './personal-key-service.ts'
import { businessRoutes } from './routes.ts'
import { type ChangedListener, createBusinessService } from './service.ts'

export * from './schema.ts'
export {
  businessQuery,
  levelSchema,
  type LevelView,
  type Profile,
  profileSchema,
  toLevelView,
  updateProfileBody,
} from './dto.ts'
export { externalIdSchema } from './link-dto.ts'
export type { LinkService } from './link-service.ts'
export { accessibleBusiness, type Business, type BusinessFields, insertBusiness, type Level } from './repository.ts'
export type { BusinessService, ChangedListener, CreatedListener } from './service.ts'

/** BusinessModule is the module, wired. */
export type BusinessModule = ReturnType<typeof createBusiness>

/** createBusiness wires businesses, their profiles and the view of oneself. Nothing here touches the database yet. */
export function createBusiness(options: { store: Store; settings: Settings; clock: Clock; log: Log; auth: Auth }) {
  const { settings, clock, log, auth } = options
  const { db } = options.store
  const changedListeners: ChangedListener[] = []
  const changed: ChangedListener = async () => {
    for (const listener of changedListeners) await listener()
  }
  const service = createBusinessService({ db, settings, clock, auth: auth.service, changed })
  const adminService = createBusinessAdminService({ db, clock, changed })
  const links = createLinkService({ db, clock })
  const personalKeys = createPersonalKeys({ db, clock, log })
  const personalKeyService = createPersonalKeyService({ db, clock, business: service })

  return {
    service,
    /** links are the ids under which integrators know businesses. */
    links,
    /** personalKeys recognises the keys that owners made for programs of theirs. */
    personalKeys,
    /** onCreated adds a listener inside every creating transaction; they run in the order of registration. */
    onCreated: service.onCreated,
    /** onChanged adds a listener after every commit that changed what others may see of a business or its owner. */
    onChanged: (listener: ChangedListener) => void changedListeners.push(listener),
    /** erase blanks a user's businesses; it is registered with `auth.onErase`, after whoever must still know the owner. */
    erase: service.erase,
    /** routes serves everything of this module. */
    async routes(app: App): Promise<void> {
      await app.register(businessRoutes({ service }))
      await app.register(businessAdminRoutes({ service: adminService }))
      await app.register(meRoutes({ service }))
      await app.register(linkRoutes({ service: links }))
      await app.register(personalKeyRoutes({ service: personalKeyService }))
    },
    /** close writes what is still to be noted about the use of personal keys. */
    close: personalKeys.flush,
  }
}
