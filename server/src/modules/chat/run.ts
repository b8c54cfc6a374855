import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { inSpan } from '../../platform/tracing/spans.ts'
import { createPausableDeadline } from '../../platform/pausable-deadline.ts'
import { type AgentEngine, AgentFailure, type RememberedFact, type RunContext, type Usage } from '../agent/index.ts'
import { afterSummary, type HistoryRow, type StoredSummary } from './after-summary.ts'
import { createAnswerDraft } from './answer-draft.ts'
import type { StoredProgress } from './answer-progress.ts'
import type { RunBudget } from './budget/run-budget.ts'
import { type ChatFailureCode, failureMessage } from './failure-messages.ts'
import type { ChatRepository, FinishedRun, KeptStatus } from './repository.ts'
import type { RunEvent } from './run-events.ts'
import type { RunLog } from './run-log.ts'
import { endRunSpan, startRunSpan } from './run-span.ts'

/** RunAbort is why a run is ended from outside before its answer is whole. */
export type RunAbort = 'stopped' | 'server_stopping' | 'interrupted' | 'run_timeout' | 'answer_too_long'

/** RunBounds are the time and size limits of a run. */
export type RunBounds = {
  /** A backstop: the engine has a limit of its own, which is reached first. */
  runLimitMs: number
  /** How long an engine may take to notice that it was aborted. */
  abortGraceMs: number
  /** The answer with its tool calls, in UTF-16 units. */
  answerLimit: number
  flushEveryMs: number
  /** How long readers wait for an answer to be stored before they are told that it could not be. */
  storageWaitMs: number
  /** How long storing is tried after that; then the run is left to expire. */
  storageGiveUpMs: number
}

/** defaultRunBounds are what the service promises. */
export const defaultRunBounds: RunBounds = {
  runLimitMs: 5 * 60_000 + 15_000,
  abortGraceMs: 1_000,
  answerLimit: 1_000_000,
  // With the time that gathering and storing take, a second at most is lost with a process that is killed.
  flushEveryMs: 800,
  storageWaitMs: 20_000,
  storageGiveUpMs: 10 * 60_000,
}

/** RunDeps is what every run needs. */
export type RunDeps = {
  engine: AgentEngine
  repository: Pick<ChatRepository, 'saveProgress' | 'finishRun'>
  clock: Clock
  log: Log
  bounds: RunBounds
  /** Aborted once the process is going down: nothing is waited for long any more. */
  closing: AbortSignal
  /** Told of every run that is stored, for the metrics. */
  onEnded?: (run: FinishedRun) => void
}

/** RunPlan is one answer to be made. `log` holds how the run began, as it is stored. */
export type RunPlan = {
  log: RunLog
  context: RunContext
  sessionId: string
  assistantMessageId: string
  message: string
  facts: readonly RememberedFact[]
  /** What was said before: the newest messages, and the summary of what came before those. */
  said: { history: readonly HistoryRow[]; summary: StoredSummary | undefined }
  budget: RunBudget
}

/** LiveRun is a run of this process. It goes on whether or not anyone reads its log. */
export type LiveRun = {
  readonly id: string
  readonly sessionId: string
  readonly userId: string
  readonly log: RunLog
  /** abort ends the answer early; what was said is kept. Nothing happens when the answer is already being stored. */
  abort(reason: RunAbort): void
  /** abandon ends the stream now, stored or not; for a process that cannot wait any longer. */
  abandon(): void
  /** Resolves when the terminal event is in the log. */
  readonly ended: Promise<void>
  /** Resolves when nothing is left to do: the answer is stored, or storing it was given up. */
  readonly settled: Promise<void>
}

type Outcome =
  | { status: 'complete'; usage: Usage }
  | { status: 'stopped'; usage: null }
  | { status: 'interrupted'; usage: null; failure: { code: string; message: string } }

const noUsage: Usage = { inputTokens: 0, outputTokens: 0 }

/** startRun begins to make an answer and returns at once. */
export function startRun(deps: RunDeps, plan: RunPlan): LiveRun {
  const { engine, repository, clock, bounds, closing } = deps
  const { log, context, sessionId, assistantMessageId, budget } = plan
  const runLog = deps.log.child({ run_id: context.runId })
  const draft = createAnswerDraft(log)
  const control = new AbortController()
  const { promise: ended, resolve: tellEnded } = Promise.withResolvers<void>()
  let producing = true
  let abortedFor: RunAbort | undefined
  const abandoned = new AbortController()
  const span = startRunSpan({ runId: context.runId, engine: engine.name })

  const failed = (code: ChatFailureCode): Outcome => ({
    status: 'interrupted',
    usage: null,
    failure: { code, message: failureMessage(code, context.locale) },
  })

  /** rows is the answer of one moment: it must not grow while it is being written. */
  const rows = () => ({
    runId: context.runId,
    assistantMessageId,
    content: draft.text,
    toolCalls: [...draft.toolCalls],
    record: [...draft.record],
    charge: budget.charge(null),
  })

  function abort(reason: RunAbort): void {
    abortedFor ??= reason
    control.abort(reason)
  }

  /** end puts the terminal event into the log; the first one counts. */
  function end(event: RunEvent): void {
    if (log.ended) return
    log.append(event)
    tellEnded()
  }

  function terminalEvent(outcome: Outcome): RunEvent {
    if (outcome.status === 'interrupted') return { type: 'RunFailed', ...outcome.failure }
    return {
      type: 'RunFinished',
      runId: context.runId,
      sessionId,
      messageId: assistantMessageId,
      text: draft.text,
      usage: outcome.usage ?? noUsage,
      status: outcome.status,
    }
  }

  const limit = createPausableDeadline(bounds.runLimitMs, () => abort('run_timeout'))

  async function consume(): Promise<Outcome> {
    let usage: Usage | undefined
    try {
      const { history: before, summary: stored } = plan.said
      const { rows: unsummed, summary } = afterSummary({ rows: before, stored })
      const history = unsummed.map(({ id: _, ...said }) => said)
      const { facts, message } = plan
      const input = { context, facts, history, message, ...(summary === undefined ? {} : { summary }) }
      control.signal.throwIfAborted()
      await budget.begin({ history, message })
      control.signal.throwIfAborted()
      for await (const event of engine.run(input, control.signal)) {
        // An engine that goes on after it was given up speaks to nobody.
        if (!producing) break
        draft.take(event)
        // While the owner is asked, it is not the engine that takes its time.
        if (event.type === 'ApprovalRequired') limit.pause()
        else if (event.type === 'ApprovalDecided') limit.resume()
        // The engine waits meanwhile: nothing is asked of the model that is not covered.
        const covered = budget.take(event)
        if (covered) await covered
        if (event.type === 'AgentOutput') usage = event.usage
        else progress.touch()
        if (draft.size > bounds.answerLimit) abort('answer_too_long')
      }
      if (usage) return { status: 'complete', usage }
      return abortedFor ? abortedOutcome(abortedFor) : failed('model_interrupted')
    } catch (error) {
      return outcomeOf(error)
    }
  }

  function outcomeOf(error: unknown): Outcome {
    if (abortedFor) return abortedOutcome(abortedFor)
    if (error instanceof AgentFailure) {
      runLog.warn({ err: error, code: error.code }, 'an answer could not be finished')
      return { status: 'interrupted', usage: null, failure: { code: error.code, message: error.message } }
    }
    runLog.error({ err: error }, 'an answer failed')
    return failed('internal')
  }

  function abortedOutcome(reason: RunAbort): Outcome {
    return reason === 'stopped' ? { status: 'stopped', usage: null } : failed(reason)
  }

  /** givenUp resolves some time after the run was aborted, for an engine that does not notice. */
  function givenUp(): { outcome: Promise<Outcome>; cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    let timer: NodeJS.Timeout | undefined
    const begin = () => {
      timer = setTimeout(() => resolve(abortedOutcome(abortedFor ?? 'interrupted')), bounds.abortGraceMs)
    }
    control.signal.addEventListener('abort', begin, { once: true })
    return {
      outcome: promise,
      cancel: () => {
        control.signal.removeEventListener('abort', begin)
        clearTimeout(timer)
      },
    }
  }

  const progress = createProgress({
    everyMs: bounds.flushEveryMs,
    save: (stored) => repository.saveProgress(rows(), stored),
    onError: (error) => runLog.warn({ err: error }, 'progress of an answer could not be stored'),
  })

  async function produce(): Promise<Outcome> {
    const patience = givenUp()
    try {
      return await Promise.race([consume(), patience.outcome])
    } finally {
      limit.clear()
      patience.cancel()
      producing = false
      progress.stop()
      // Whatever the engine still holds open upstream is closed with this.
      abort('interrupted')
    }
  }

  /**
   * store writes the answer before the readers are told that it is there, and tries again while the database is away.
   * Readers are not kept for ever: after a while they are told so, and storing goes on behind their backs.
   */
  async function store(produced: Outcome): Promise<void> {
    let outcome = produced
    const toldOff = setTimeout(() => {
      outcome = failed('storage_unavailable')
      end(terminalEvent(outcome))
    }, bounds.storageWaitMs)
    const giveUpAt = performance.now() + bounds.storageWaitMs + bounds.storageGiveUpMs
    try {
      for (
        let delayMs = 100;
        !abandoned.signal.aborted && performance.now() < giveUpAt;
        delayMs = Math.min(delayMs * 2, 5_000)
      ) {
        try {
          const row = finished(outcome)
          const kept = await repository.finishRun(row)
          deps.onEnded?.(row)
          end(terminalEvent(asKept(outcome, kept)))
          return
        } catch (error) {
          runLog.warn({ err: error }, 'an answer could not be stored yet')
        }
        await pause(delayMs)
      }
    } finally {
      clearTimeout(toldOff)
    }
    runLog.error('an answer was not stored')
    end(terminalEvent(failed('storage_unavailable')))
  }

  function finished(outcome: Outcome): FinishedRun {
    const terminal = terminalEvent(outcome)
    return {
      ...rows(),
      sessionId,
      status: outcome.status,
      errorCode: outcome.status === 'interrupted' ? outcome.failure.code : null,
      usage: outcome.usage,
      charge: budget.charge(outcome.usage),
      record: terminal.type === 'RunFailed' ? [...draft.record, terminal] : draft.record,
      at: clock.now(),
    }
  }

  /** asKept is the outcome as the database has it: another process may have ended the run, or its owner be gone. */
  function asKept(outcome: Outcome, kept: KeptStatus | undefined): Outcome {
    if (!kept) return failed('interrupted')
    if (kept.status === outcome.status || kept.status === 'running') return outcome
    if (kept.status === 'interrupted') return failed('interrupted')
    return kept.status === 'stopped' ? { status: 'stopped', usage: null } : { status: 'complete', usage: noUsage }
  }

  async function pause(ms: number): Promise<void> {
    // While the process goes down there is little time left, so it is spent on trying.
    if (closing.aborted) await sleep(Math.min(ms, 200))
    else await sleep(ms, undefined, { signal: closing }).catch(() => {})
  }

  async function live(): Promise<void> {
    try {
      const outcome = await inSpan(span, produce)
      endRunSpan(span, outcome)
      draft.close()
      await store(outcome)
    } catch (error) {
      // Nothing foreseen leads here. The readers are let go, and the row is freed when its lease runs out.
      runLog.error({ err: error }, 'a run broke')
      endRunSpan(span, failed('internal'))
      end(terminalEvent(failed('internal')))
    }
  }

  const settled = live()
  return {
    id: context.runId,
    sessionId,
    userId: context.userId,
    log,
    abort,
    abandon() {
      abandoned.abort()
      end(terminalEvent(failed('server_stopping')))
    },
    ended,
    settled,
  }
}

type ProgressOptions = {
  everyMs: number
  save: (stored: StoredProgress | undefined) => Promise<StoredProgress | undefined>
  onError: (error: unknown) => void
}

/**
 * createProgress calls `save` soon after a touch, at most once in `everyMs` and never twice at a time, with what the save
 * before stored. What could not be stored is tried again.
 */
function createProgress(options: ProgressOptions) {
  let timer: NodeJS.Timeout | undefined
  let stored: StoredProgress | undefined
  let saving = false
  let dirty = false
  let stopped = false

  async function save(): Promise<void> {
    timer = undefined
    dirty = false
    saving = true
    const before = stored
    // Until it is known what became of a save, nothing is known to be stored.
    stored = undefined
    try {
      stored = await options.save(before)
    } catch (error) {
      options.onError(error)
    } finally {
      saving = false
    }
    if (dirty || !stored) touch()
  }

  function touch(): void {
    dirty = true
    if (!stopped && !saving) timer ??= setTimeout(() => void save(), options.everyMs)
  }

  return {
    touch,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
