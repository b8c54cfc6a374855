import type { Settings } from '../config.ts'
import type { Log } from '../logger.ts'

/** TracingSettings are the settings that say where traces go. */
export type TracingSettings = Pick<
  Settings,
  'otlpEndpoint' | 'otlpTracesEndpoint' | 'otlpHeaders' | 'otelServiceName' | 'otelSampleRatio'
>

/** Tracing is the collection of traces of this process; `close` sends what is left, for a short while. */
export type Tracing = { close(): Promise<void> }

/** openTracing begins to collect traces where the settings name a collector. Elsewhere the SDK is not even loaded. */
export async function openTracing(options: {
  settings: TracingSettings
  version: string
  log: Log
}): Promise<Tracing | undefined> {
  const { otlpEndpoint, otlpTracesEndpoint } = options.settings
  // The endpoint for all signals is a base; that for traces is used as it stands.
  const url = otlpTracesEndpoint ?? (otlpEndpoint === undefined ? undefined : `${otlpEndpoint}/v1/traces`)
  if (url === undefined) return undefined
  const { startOtlpTracing } = await import('./otlp-tracing.ts')
  return startOtlpTracing({ url, ...options })
}
