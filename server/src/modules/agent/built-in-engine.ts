import type { LanguageModelV4, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { createPausableDeadline, type PausableDeadline } from '../../platform/pausable-deadline.ts'
import { AgentFailure, type AgentEngine, type AgentEvent, type RunInput, type Usage } from './engine.ts'
import { failure } from './failures.ts'
import type { FactStore } from './facts.ts'
import { historyWithinBudget } from './history-within-budget.ts'
import type { AgentLimits } from './limits.ts'
import type { ExplainModelError } from './model-errors.ts'
import { conversationMessages, type ExecutedCall, stepMessages } from './model-messages.ts'
import { type ModelStep, modelStep } from './model-step.ts'
import { systemPrompt } from './prompt.ts'
import { type Toolbox, unusedId } from './tools/toolbox.ts'
import { untilAborted } from './until-aborted.ts'

type Deps = {
  name: string
  model: LanguageModelV4
  explain: ExplainModelError
  toolbox: Toolbox
  facts: Pick<FactStore, 'list'>
  limits: AgentLimits
  clock: Clock
  log: Log
}

/**
 * createBuiltInEngine makes the engine that drives a language model through its own tool loop: ask, execute what the
 * model calls, ask again with the results, until an answer comes without calls. After `toolSteps` such steps the model
 * is asked once more and may not call anything; when it does all the same, the run fails with `step_limit`.
 */
export function createBuiltInEngine(deps: Deps): AgentEngine {
  const { limits } = deps
  return {
    name: deps.name,
    async *run(input, signal) {
      signal.throwIfAborted()
      const { locale, runId } = input.context
      const log = deps.log.child({ runId })
      const deadline = new AbortController()
      // Time in which the owner is asked for an approval does not count.
      const clock = createPausableDeadline(limits.runMs, () => deadline.abort())
      try {
        yield* loop({ ...deps, log, runClock: clock }, input, AbortSignal.any([signal, deadline.signal]))
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (deadline.signal.aborted) throw failure('run_timeout', locale)
        if (error instanceof AgentFailure) throw error
        log.error({ err: error }, 'a run failed')
        throw failure('internal', locale, { cause: error })
      } finally {
        clock.clear()
      }
    },
  }
}

type LoopDeps = Deps & { runClock: PausableDeadline }

async function* loop(deps: LoopDeps, input: RunInput, signal: AbortSignal): AsyncGenerator<AgentEvent, void> {
  const { limits, toolbox } = deps
  const { context, history, message } = input
  yield { type: 'AgentInput', message }

  const facts = await untilAborted(deps.facts.list(context.business.id), signal)
  const prompt: LanguageModelV4Prompt = [
    { role: 'system', content: systemPrompt({ context, facts, now: deps.clock.now() }) },
    ...conversationMessages(historyWithinBudget({ history, message, budgetTokens: limits.historyTokens })),
  ]
  const usedCallIds = new Set(history.flatMap((turn) => turn.toolCalls ?? []).map((call) => call.callId))
  const usage: Usage = { inputTokens: 0, outputTokens: 0 }
  let text = ''

  for (let toolSteps = 0; ; toolSteps++) {
    const mayCall = toolSteps < limits.toolSteps
    // What is said after a tool call begins a paragraph of its own.
    const gap = text === '' || /\s$/.test(text) ? '' : '\n\n'
    const step: ModelStep = yield* modelStep({
      model: deps.model,
      // The tools are named even when none may be called: some servers refuse a history of calls to unknown tools.
      request: { prompt, tools: toolbox.definitions, toolChoice: { type: mayCall ? 'auto' : 'none' } },
      gap,
      explain: deps.explain,
      limits,
      locale: context.locale,
      log: deps.log,
      signal,
    })
    if (step.text !== '') text += gap + step.text
    usage.inputTokens += step.usage.inputTokens
    usage.outputTokens += step.usage.outputTokens
    if (step.toolCalls.length === 0) break
    if (!mayCall) throw failure('step_limit', context.locale)

    const executed: ExecutedCall[] = []
    // Calls above the limit are forgotten: neither executed nor shown to the model again, which may repeat them.
    for (const call of step.toolCalls.slice(0, limits.callsPerStep)) {
      const callId = unusedId(call.toolCallId, usedCallIds)
      const prepared = toolbox.prepare(call, context)
      const { tool, args, label } = prepared
      yield { type: 'ToolCall', callId, tool, args, label }
      const outcome = yield* toolbox.carryOut(prepared, { context, callId, signal, clock: deps.runClock })
      yield { type: 'ToolCallResult', callId, tool, ...outcome }
      executed.push({ callId, tool, args, ok: outcome.ok, output: outcome.output })
    }
    prompt.push(...stepMessages(step, executed))
  }

  if (text.trim() === '') {
    deps.log.warn('the model finished without a word')
    throw failure('model_unavailable', context.locale)
  }
  yield { type: 'AgentOutput', text, usage }
}
