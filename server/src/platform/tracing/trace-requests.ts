import { context, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api'
import type { App } from '../http/app-types.ts'
import { failSpan, inSpan, SpanKind, startSpan } from './spans.ts'

/**
 * traceRequests makes a span of every request, below the caller's where it sends one, and above what the request begins.
 * It is named after the route: an address holds ids, and search words behind them.
 */
export function traceRequests(app: App): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.quiet) return done()
    const { method, url: route = '' } = request.routeOptions
    const name = `${request.method} ${route}`.trim()
    context.with(callersContext(request.headers['traceparent']), () => {
      const span = startSpan(name, {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': request.method, ...(method === undefined ? {} : { 'http.route': route }) },
      })
      // Streams and connections that were hung up end here as well.
      reply.raw.once('close', () => {
        span.setAttribute('http.response.status_code', reply.raw.statusCode)
        if (reply.raw.statusCode >= 500) failSpan(span, String(reply.raw.statusCode))
        span.end()
      })
      inSpan(span, done)
    })
  })
}

function callersContext(header: string | string[] | undefined) {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(typeof header === 'string' ? header : '') ?? []
  const caller = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
  return trace.isSpanContextValid(caller) ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT
}
