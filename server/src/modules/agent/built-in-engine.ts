import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { createPausableDeadline, type PausableDeadline } from '../../platform/pausable-deadline.ts'
import { AgentFailure, type AgentEngine, type AgentEvent, type RunInput, type Usage } from './engine.ts'
import { failure } from './failures.ts'
import { tokensOfTools } from './estimated-tokens.ts'
import type { AgentLimits } from './limits.ts'
import type { ExplainModelError } from './model-errors.ts'
import type { ExecutedCall } from './model-messages.ts'
import type { ModelOrder } from './model-order.ts'
import { type ModelStep, modelStep } from './model-step.ts'
import { systemPrompt } from './prompt.ts'
import { type ExecutedStep, promptWithinBudget, SYSTEM_SHARE } from './prompt-within-budget.ts'
import { createRepeatedCalls } from './repeated-calls.ts'
import { type Toolbox, unusedId } from './tools/toolbox.ts'
import { type StepSpans, traceSteps } from './trace.ts'

type Deps = {
  name: string
  order: ModelOrder
  explain: ExplainModelError
  toolbox: Toolbox
  limits: AgentLimits
  clock: Clock
  log: Log
}

// The rules, and the data about a business that has much to tell.
const FRAME_TOKENS = 1_500

/**
 * createBuiltInEngine makes the engine that drives a language model through its own tool loop: ask, execute what the
 * model calls, ask again with the results, until an answer comes without calls. After `toolSteps` such steps the model
 * is asked once more and may not call anything; when it does all the same, the run fails with `step_limit`. A step that
 * calls nothing but what has been called before is the last one, too: it would only bring the same again.
 */
export function createBuiltInEngine(deps: Deps): AgentEngine {
  const { limits } = deps
  return {
    name: deps.name,
    get frameTokens() {
      return FRAME_TOKENS + tokensOfTools(deps.toolbox.definitions)
    },
    promptTokens: limits.promptTokens,
    async *run(input, signal) {
      signal.throwIfAborted()
      const { locale, runId } = input.context
      const log = deps.log.child({ runId })
      const deadline = new AbortController()
      const steps = traceSteps()
      // Time in which the owner is asked for an approval does not count.
      const clock = createPausableDeadline(limits.runMs, () => deadline.abort())
      try {
        yield* loop({ ...deps, log, runClock: clock, steps }, input, AbortSignal.any([signal, deadline.signal]))
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (deadline.signal.aborted) throw failure('run_timeout', locale)
        if (error instanceof AgentFailure) throw error
        log.error({ err: error }, 'a run failed')
        throw failure('internal', locale, { cause: error })
      } finally {
        clock.clear()
        steps.end()
      }
    },
  }
}

type LoopDeps = Deps & { runClock: PausableDeadline; steps: StepSpans }

async function* loop(deps: LoopDeps, input: RunInput, signal: AbortSignal): AsyncGenerator<AgentEvent, void> {
  const { limits, toolbox } = deps
  const { context, facts, history, message, summary } = input
  yield { type: 'AgentInput', message }

  const budgetTokens = messageBudget(deps)
  const systemTokens = Math.floor(budgetTokens * SYSTEM_SHARE)
  const system = systemPrompt({ context, facts, summary, now: deps.clock.now(), budgetTokens: systemTokens })
  const steps: ExecutedStep[] = []
  const calls = createRepeatedCalls()
  const usedCallIds = new Set(history.flatMap((turn) => turn.toolCalls ?? []).map((call) => call.callId))
  const usage: Usage = { inputTokens: 0, outputTokens: 0 }
  let text = ''
  let first: ModelStep['model'] | undefined
  let goesInCircles = false

  for (let toolSteps = 0; ; toolSteps++) {
    const mayCall = toolSteps < limits.toolSteps && !goesInCircles
    const span = deps.steps.begin()
    // What is said after a tool call begins a paragraph of its own.
    const gap = text === '' || /\s$/.test(text) ? '' : '\n\n'
    const step: ModelStep = yield* modelStep({
      order: deps.order,
      first,
      // The tools are named even when none may be called: some servers refuse a history of calls to unknown tools.
      request: {
        prompt: promptWithinBudget({ system, history, message, steps, budgetTokens }),
        tools: toolbox.definitions,
        toolChoice: { type: mayCall ? 'auto' : 'none' },
      },
      gap,
      explain: deps.explain,
      limits,
      locale: context.locale,
      log: deps.log,
      signal,
      span,
    })
    first = step.model
    if (step.text !== '') text += gap + step.text
    usage.inputTokens += step.usage.inputTokens
    usage.outputTokens += step.usage.outputTokens
    if (step.toolCalls.length === 0) break
    if (!mayCall) throw failure('step_limit', context.locale)

    const executed: ExecutedCall[] = []
    goesInCircles = true
    // Calls above the limit are forgotten: neither executed nor shown to the model again, which may repeat them.
    for (const call of step.toolCalls.slice(0, limits.callsPerStep)) {
      const callId = unusedId(call.toolCallId, usedCallIds)
      const prepared = toolbox.prepare(call, context)
      const { tool, args, label } = prepared
      yield { type: 'ToolCall', callId, tool, args, label }
      const known = calls.outcomeOf(prepared)
      const outcome =
        known ?? (yield* toolbox.carryOut(prepared, { context, callId, signal, clock: deps.runClock, span }))
      if (!known) {
        calls.executed(prepared, outcome)
        goesInCircles = false
      }
      yield { type: 'ToolCallResult', callId, tool, ...outcome }
      executed.push({ callId, tool, args, ok: outcome.ok, output: outcome.output })
    }
    steps.push({ step, executed })
    if (goesInCircles) deps.log.info({ tools: executed.map(({ tool }) => tool) }, 'the model repeats its calls')
  }

  if (text.trim() === '') {
    deps.log.warn('the model finished without a word')
    throw failure('model_unavailable', context.locale)
  }
  yield { type: 'AgentOutput', text, usage, ...(first ? { model: first.name } : {}) }
}

// Descriptions of tools are sent along, but however many there are, half of the budget is left for what is said.
function messageBudget({ limits, toolbox }: Deps): number {
  return Math.max(limits.promptTokens - tokensOfTools(toolbox.definitions), Math.floor(limits.promptTokens / 2))
}
