import type { App } from '../http/app-types.ts'
import type { Metrics } from './metrics.ts'

/**
 * measureHttp measures every answer but streams, which last as long as their readers stay. Addresses are told by the
 * pattern of their route; what has none is `other`.
 */
export function measureHttp(app: App, metrics: Metrics): void {
  const took = metrics.durations({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by route',
    labels: ['method', 'route', 'status'],
  })
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode } = reply
    if (String(reply.raw.getHeader('content-type')).startsWith('text/event-stream')) return
    const route = request.is404 ? 'other' : (request.routeOptions.url ?? 'other')
    took({ method: request.method, route, status: `${Math.floor(statusCode / 100)}xx` }, reply.elapsedTime / 1000)
  })
}
