import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api'

export { type Span, SpanKind } from '@opentelemetry/api'

/**
 * startSpan begins a span below `parent`, or below whatever is being done. Where nobody collects traces it costs next to
 * nothing. No text of a person or a model, no argument and no id of a person goes into a name or an attribute: traces
 * leave the installation.
 */
export function startSpan(
  name: string,
  options: { kind?: SpanKind; attributes?: Attributes; parent?: Span | undefined } = {},
): Span {
  const { kind = SpanKind.INTERNAL, attributes = {}, parent } = options
  const below = parent ? trace.setSpan(context.active(), parent) : context.active()
  return trace.getTracer('tangga').startSpan(name, { kind, attributes }, below)
}

/** inSpan does some work, and all that follows from it, below a span. */
export function inSpan<Result>(span: Span, work: () => Result): Result {
  return context.with(trace.setSpan(context.active(), span), work)
}

/** failSpan marks a span as failed; `code` is a stable code, never a message. */
export function failSpan(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', code)
}

/** traceHeaders are what tells another server that it works below this span (W3C Trace Context); none without traces. */
export function traceHeaders(span: Span): Record<string, string> {
  const { traceId, spanId, traceFlags } = span.spanContext()
  if (!trace.isSpanContextValid(span.spanContext())) return {}
  return { traceparent: `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}` }
}
