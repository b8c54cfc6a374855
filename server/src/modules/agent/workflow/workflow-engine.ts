import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../../../platform/clock.ts'
import type { Log } from '../../../platform/logger.ts'
import { readServerSentEvents, type ServerSentEvent } from '../../../platform/sse/sse-reader.ts'
import { failSpan, type Span, traceHeaders } from '../../../platform/tracing/spans.ts'
import { AgentFailure, type AgentEngine, type AgentEvent, type RunInput } from '../engine.ts'
import { failure } from '../failures.ts'
import type { AgentLimits } from '../limits.ts'
import type { ToolLabels } from '../tools/tool.ts'
import { traceWorkflow } from '../trace.ts'
import { untilAborted } from '../until-aborted.ts'
import { startEvent } from './start-event.ts'
import { WorkflowAnswer, WorkflowProblem } from './workflow-answer.ts'
import { createWorkflowClient, StreamGone, type WorkflowClient, type WorkflowServerAddress } from './workflow-client.ts'
import { readWorkflowEvent } from './workflow-event.ts'

type Deps = {
  address: WorkflowServerAddress
  /** The labels of our own tools, which a workflow may have through our MCP server. */
  labels: ReadonlyMap<string, ToolLabels>
  limits: AgentLimits
  clock: Clock
  log: Log
}

// An event repeats the whole answer so far, or the whole conversation.
const STREAM_LIMITS = { maxEventCharacters: 4_000_000, maxBytes: 64_000_000 }
const ARGS_CHARACTERS = 4_000
const OUTPUT_CHARACTERS = 16_000
const CANCEL_MS = 5_000
// How long the end of a run waits until the server has been told; after that, telling it goes on in the background.
const FAREWELL_MS = 500

/**
 * createWorkflowEngine makes the engine that has answers made by a workflow on a LlamaIndex WorkflowServer. A run there
 * goes by the id of the run here. However the run ends, it is cancelled there and what the server kept of it is deleted.
 * A connection that breaks is opened again where it broke; the workflow itself is never started twice.
 */
export function createWorkflowEngine(deps: Deps): AgentEngine {
  const { limits, address } = deps
  const client = createWorkflowClient(address, { answerMs: limits.firstTokenMs, cancelMs: CANCEL_MS })
  return {
    name: `workflow:${address.workflow}`,
    async *run(input, signal) {
      signal.throwIfAborted()
      const { locale, runId } = input.context
      const log = deps.log.child({ runId })
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), limits.runMs)
      const ended = AbortSignal.any([signal, deadline.signal])
      const answer = answerTo(deps, input)
      const span = traceWorkflow(address.workflow)
      try {
        yield { type: 'AgentInput', message: input.message }
        yield* follow({ ...deps, log, client, answer, input, signal: ended, span })
        yield { type: 'AgentOutput', text: answer.text, usage: answer.usage }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (deadline.signal.aborted) throw failure('run_timeout', locale)
        if (error instanceof AgentFailure) throw error
        if (error instanceof WorkflowProblem) {
          failSpan(span, error.code)
          log.warn({ err: error }, 'the workflow cannot be used')
          throw failure(error.code, locale, { cause: error, retryAfterSeconds: error.retryAfterSeconds })
        }
        log.error({ err: error }, 'a run failed')
        throw failure('internal', locale, { cause: error })
      } finally {
        clearTimeout(timer)
        span.end()
      }
    },
  }
}

function answerTo({ labels, limits }: Deps, { context, history }: RunInput): WorkflowAnswer {
  return new WorkflowAnswer({
    locale: context.locale,
    labels,
    usedIds: new Set(history.flatMap((turn) => turn.toolCalls ?? []).map((call) => call.callId)),
    limits: {
      stepCharacters: limits.stepCharacters,
      toolCalls: limits.toolSteps * limits.callsPerStep,
      argsCharacters: ARGS_CHARACTERS,
      outputCharacters: OUTPUT_CHARACTERS,
    },
  })
}

type Following = Deps & {
  client: WorkflowClient
  answer: WorkflowAnswer
  input: RunInput
  signal: AbortSignal
  span: Span
}

async function* follow(run: Following): AsyncGenerator<AgentEvent, void> {
  const { client, answer, input, limits, signal } = run
  const { context, facts, history, message, summary } = input
  const event = startEvent({
    context,
    history,
    message,
    facts,
    summary,
    now: run.clock.now(),
    historyTokens: Math.floor(limits.promptTokens / 2),
  })
  const silence = new Silence(run)
  // A request to start is not cut short by a stop: whether it began a run is known only from its answer.
  const begun = begin(run, () =>
    client.start(context.runId, event, { signal: silence.signal, headers: traceHeaders(run.span) }),
  )
  const patient = AbortSignal.any([signal, silence.signal])
  try {
    const id = await untilAborted(begun.answered, patient)
    let after = '-1'
    for (let breaks = 0; ;) {
      const before = after
      try {
        const body = await client.events(id, after, patient)
        for await (const batch of readServerSentEvents(body, STREAM_LIMITS)) {
          silence.end()
          const { events, problem } = eventsOf(batch, answer)
          yield* events
          if (problem) throw problem
          if (answer.finished) return
          after = batch.at(-1)?.id ?? after
          silence.beginAnew()
        }
        throw new StreamGone('the event stream ended before the workflow did')
      } catch (error) {
        patient.throwIfAborted()
        if (error instanceof WorkflowProblem) throw error
        breaks = after === before ? breaks + 1 : 1
        run.log.warn({ err: error, breaks }, 'the event stream of a workflow broke')
        const isLost = error instanceof StreamGone && !error.mayComeBack
        if (isLost || breaks > limits.attempts) throw lost(answer, 'its event stream cannot be read')
      }
      await pause(limits.retryMs, undefined, { signal: patient }).catch(() => patient.throwIfAborted())
    }
  } finally {
    silence.end()
    await farewell(run, begun)
  }
}

function lost(answer: WorkflowAnswer, why: string): WorkflowProblem {
  return new WorkflowProblem(answer.hasAnswered ? 'model_interrupted' : 'model_unavailable', why)
}

type Begun = {
  answered: Promise<string>
  /** Where the run is known to be, or not to be; undefined while no answer has come. */
  outcome: { id: string | undefined } | undefined
}

// Starting is tried again where no answer came; the id makes sure that the run begins once.
function begin({ limits }: Following, start: () => Promise<string>): Begun {
  async function attempts(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await start()
      } catch (error) {
        if (!(error instanceof StreamGone)) throw error
        if (attempt >= limits.attempts) throw new WorkflowProblem('model_unavailable', error.message)
        await pause(limits.retryMs)
      }
    }
  }
  const begun: Begun = { answered: attempts(), outcome: undefined }
  begun.answered.then(
    (id) => (begun.outcome = { id }),
    () => (begun.outcome = { id: undefined }),
  )
  return begun
}

/** eventsOf reads events that came together; pieces of text that follow each other become one. */
function eventsOf(batch: ServerSentEvent[], answer: WorkflowAnswer): { events: AgentEvent[]; problem?: unknown } {
  const events: AgentEvent[] = []
  try {
    for (const { data } of batch) {
      for (const event of answer.take(readEvent(data, answer))) {
        const last = events.at(-1)
        if (event.type === 'AgentStream' && last?.type === 'AgentStream') last.delta += event.delta
        else events.push(event)
      }
      if (answer.finished) break
    }
    return { events }
  } catch (problem) {
    return { events, problem }
  }
}

function readEvent(data: string, answer: WorkflowAnswer) {
  try {
    return readWorkflowEvent(data)
  } catch {
    // What could not be read may be a piece of the conversation, so it is not told.
    throw lost(answer, 'what the workflow server sent cannot be read')
  }
}

/** farewell has the server forget the run, and waits a moment for that. */
async function farewell({ client, input, log }: Following, { answered, outcome }: Begun): Promise<void> {
  const { runId } = input.context
  const forget = (id: string) =>
    client.forget(id).catch((error: unknown) => log.warn({ err: error }, 'a workflow could not be cancelled'))
  // Where the start is still being answered, the run may begin before or after this; so it is told now and then again.
  const later = outcome ? undefined : answered.then(forget, () => forget(runId))
  const told = Promise.all([forget(outcome?.id ?? runId), later])
  const waiting = new AbortController()
  await Promise.race([told, pause(FAREWELL_MS, undefined, { signal: waiting.signal }).catch(() => {})])
  waiting.abort()
}

/** Silence aborts its signal with `model_timeout` when the workflow has sent nothing for too long. */
class Silence {
  readonly #run: Following
  readonly #control = new AbortController()
  readonly signal = this.#control.signal
  #timer: NodeJS.Timeout | undefined

  constructor(run: Following) {
    this.#run = run
    this.beginAnew()
  }

  beginAnew(): void {
    const { answer, limits, log, input } = this.#run
    const ms = answer.isSpeaking ? limits.stallMs : limits.firstTokenMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      log.warn({ silenceMs: ms }, 'the workflow fell silent')
      this.#control.abort(failure('model_timeout', input.context.locale))
    }, ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
