import { problem } from '../errors.ts'
import type { App } from './app-types.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered also while the process goes down, since it tells about the process itself. */
    whileDraining?: boolean
  }
}

/** refuseWhileDraining answers 503 to every call that comes in while the process goes down; calls under way finish. */
export function refuseWhileDraining(app: App, draining: () => boolean): void {
  app.addHook('onRequest', async (request) => {
    if (draining() && !request.routeOptions.config.whileDraining)
      throw problem.unavailable('draining', 'The service is restarting. Please try again in a moment.')
  })
}
