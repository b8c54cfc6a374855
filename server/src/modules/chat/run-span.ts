import { failSpan, type Span, startSpan } from '../../platform/tracing/spans.ts'

/** startRunSpan begins the span of a run; it carries the run's id, which is in the log too, and nobody's. */
export function startRunSpan(run: { runId: string; engine: string }): Span {
  return startSpan('invoke_agent advisor', {
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'advisor',
      'tangga.run.id': run.runId,
      'tangga.engine': run.engine,
    },
  })
}

/** endRunSpan tells how a run ended, before its answer is stored. */
export function endRunSpan(
  span: Span,
  outcome: {
    status: string
    usage: { inputTokens: number; outputTokens: number } | null
    failure?: { code: string }
  },
): void {
  span.setAttribute('tangga.run.status', outcome.status)
  if (outcome.usage)
    span.setAttributes({
      'gen_ai.usage.input_tokens': outcome.usage.inputTokens,
      'gen_ai.usage.output_tokens': outcome.usage.outputTokens,
    })
  if (outcome.failure) failSpan(span, outcome.failure.code)
  span.end()
}
