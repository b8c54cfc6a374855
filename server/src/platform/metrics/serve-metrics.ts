import type { App } from '../http/app-types.ts'
import type { Metrics } from './metrics.ts'

/** serveMetrics answers /metrics at the root, to admins and to programs of this machine. */
export async function serveMetrics(app: App, metrics: Metrics): Promise<void> {
  app.get(
    '/metrics',
    // Not in the OpenAPI document: its form is Prometheus's, and no client of the API wants it.
    { config: { access: 'admin', loopback: true, quiet: true, whileDraining: true }, schema: { hide: true } },
    async (_request, reply) =>
      reply
        .type(metrics.contentType)
        .serializer(String)
        .send(await metrics.text()),
  )
}
