import type { LanguageModelV4 } from '@ai-sdk/provider'
import { failSpan, type Span, SpanKind, startSpan, traceHeaders } from '../../platform/tracing/spans.ts'
import type { Usage } from './engine.ts'

// Names of spans and attributes follow OpenTelemetry's conventions for generative AI (1.41, in development).

/** StepSpans are the spans of a run's steps, one after the other. */
export type StepSpans = {
  /** begin ends the step before, if any. */
  begin(): Span
  end(): void
}

/** traceSteps makes the spans of the steps of the run that is being made. */
export function traceSteps(): StepSpans {
  let count = 0
  let current: Span | undefined
  return {
    begin() {
      current?.end()
      current = startSpan('step', { attributes: { 'tangga.step': ++count } })
      return current
    },
    end() {
      current?.end()
      current = undefined
    },
  }
}

/** ModelCall is the span of one request to a model; `headers` go along with it. */
export type ModelCall = {
  headers: Record<string, string>
  answered(usage: Usage): void
  failed(code: string): void
  end(): void
}

/** traceModelCall begins the span of one request to a model. */
export function traceModelCall(
  model: Pick<LanguageModelV4, 'provider' | 'modelId'>,
  parent: Span | undefined,
): ModelCall {
  const span = startSpan(`chat ${model.modelId}`, {
    kind: SpanKind.CLIENT,
    parent,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': providerName(model.provider),
      'gen_ai.request.model': model.modelId,
    },
  })
  let isOpen = true
  const end = () => {
    if (isOpen) span.end()
    isOpen = false
  }
  return {
    headers: traceHeaders(span),
    answered(usage) {
      span.setAttributes({
        'gen_ai.usage.input_tokens': usage.inputTokens,
        'gen_ai.usage.output_tokens': usage.outputTokens,
      })
    },
    failed(code) {
      failSpan(span, code)
      // A pause before the next attempt is no part of this one.
      end()
    },
    end,
  }
}

function providerName(provider: string): string {
  if (provider.startsWith('anthropic')) return 'anthropic'
  if (provider.startsWith('google')) return 'gcp.gemini'
  return provider.startsWith('llm') ? 'openai_compatible' : provider
}

/** traceTool makes a span of the execution of a tool; `name` is that of a tool that exists. */
export async function traceTool<Result extends { ok: boolean }>(
  name: string,
  parent: Span | undefined,
  execute: () => Promise<Result>,
): Promise<Result> {
  const span = startSpan(`execute_tool ${name}`, {
    parent,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': 'function',
    },
  })
  try {
    const result = await execute()
    if (!result.ok) failSpan(span, 'tool_failed')
    return result
  } finally {
    span.end()
  }
}

/** traceWorkflow begins the span of a run of a workflow on another server. */
export function traceWorkflow(name: string): Span {
  return startSpan(`invoke_workflow ${name}`, {
    kind: SpanKind.CLIENT,
    attributes: { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': name },
  })
}
