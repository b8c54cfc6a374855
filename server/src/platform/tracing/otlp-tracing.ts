import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { context, type Context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Log } from '../logger.ts'
import type { Tracing, TracingSettings } from './open-tracing.ts'

const EXPORT_MS = 5_000
const FAREWELL_MS = 1_500

/**
 * startOtlpTracing collects spans and sends them in batches to a collector (OTLP over HTTP, as JSON). A collector that is
 * slow or gone costs the spans that do not fit into the queue of 2,048, and one line in the log each time it is lost.
 */
export function startOtlpTracing(options: {
  url: string
  settings: TracingSettings
  version: string
  log: Log
}): Tracing {
  const { url, settings, version, log } = options
  const exporter = new OTLPTraceExporter({ url, headers: settings.otlpHeaders, timeoutMillis: EXPORT_MS })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': settings.otelServiceName, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.otelSampleRatio) }),
    spanLimits: { attributeValueLengthLimit: 200 },
    spanProcessors: [new BatchSpanProcessor({ exporter: telling(exporter, log), exportTimeoutMillis: EXPORT_MS })],
  })
  context.setGlobalContextManager(asyncContexts())
  trace.setGlobalTracerProvider(provider)
  return {
    async close() {
      trace.disable()
      context.disable()
      const patience = new AbortController()
      // What could not be sent has been told.
      const sent = provider.shutdown().catch(() => {})
      await Promise.race([sent, pause(FAREWELL_MS, undefined, { signal: patience.signal }).catch(() => {})])
      patience.abort()
    },
  }
}

/** telling logs the first failure of an exporter, and when it works again. */
function telling(exporter: SpanExporter, log: Log): SpanExporter {
  let isLost = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined
        // The error may carry the collector's answer; its kind is enough.
        if (failed && !isLost) log.warn({ error: result.error?.name }, 'traces cannot be sent')
        if (!failed && isLost) log.info('traces are sent again')
        isLost = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  }
}

/** asyncContexts lets a context follow the work that is begun in it, through promises and timers. */
function asyncContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...args) => storage.run(active, () => work.call(self, ...args)),
    // Only event emitters and callbacks of instrumentation are bound, and there are none here.
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => {
      storage.disable()
      return manager
    },
  }
  return manager
}
