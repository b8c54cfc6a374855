import type { App } from '../../platform/http/app-types.ts'
import { gamificationAdminRoutes } from './admin-routes.ts'
import { gamificationRoutes } from './routes.ts'
import { createGamificationService } from './service.ts'

export type { News, Receipt } from './dto.ts'
export { receiptSchema } from './dto.ts'
export type { PastAward, PastEvent } from './past-events.ts'
export { outbox } from './schema.ts'
export type { GamificationService, Standing } from './service.ts'

/** createGamification wires the game layer. */
export function createGamification(options: Parameters<typeof createGamificationService>[0]) {
  const service = createGamificationService(options)
  return {
    service,
    /** routes serves everything of this module. */
    async routes(app: App): Promise<void> {
      await app.register(gamificationRoutes({ service }))
      await app.register(gamificationAdminRoutes({ service }))
    },
  }
}
