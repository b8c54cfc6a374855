import type {
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../platform/logger.ts'
import { cleanText } from '../../platform/text.ts'
import type { Span } from '../../platform/tracing/spans.ts'
import { coalesced, type Coalesced } from './coalesced.ts'
import { AgentFailure, type AgentEvent, type Usage } from './engine.ts'
import { failure, type Locale } from './failures.ts'
import type { AgentLimits } from './limits.ts'
import type { ExplainModelError } from './model-errors.ts'
import type { ModelOrder } from './model-order.ts'
import type { ChosenModel } from './models.ts'
import { traceModelCall } from './trace.ts'

/** Reasoning is what a model thought before it spoke, with the signature by which its server knows it again. */
export type Reasoning = { text: string; providerMetadata?: SharedV4ProviderMetadata }

/** ModelStep is what one answer of a model came to, and which model that was. */
export type ModelStep = {
  model: ChosenModel
  text: string
  reasoning: Reasoning[]
  toolCalls: LanguageModelV4ToolCall[]
  usage: Usage
}

/** ModelStepInput is what one answer of the model needs. */
export type ModelStepInput = {
  order: ModelOrder
  /** The model that has answered before in this run, which is asked first. */
  first: ChosenModel | undefined
  request: Pick<LanguageModelV4CallOptions, 'prompt' | 'tools' | 'toolChoice' | 'maxOutputTokens'>
  /** Stands before the first piece of text, when there is any. */
  gap: string
  explain: ExplainModelError
  limits: AgentLimits
  locale: Locale
  log: Log
  signal: AbortSignal
  /** The step that this call to the model belongs to. */
  span?: Span
}

/**
 * modelStep gets one answer and yields its text in coalesced pieces, which joined are `gap` and `text`. It throws
 * AgentFailure for everything a model server can do wrong, after yielding what arrived; a stream that closes without a
 * finish is a failure too. Until the first sign of an answer a model may be asked again, once and quickly, and then the
 * next one; after it nothing is asked again. Aborting `signal`, and leaving the generator early, closes the connection.
 */
export async function* modelStep(input: ModelStepInput): AsyncGenerator<AgentEvent, ModelStep> {
  const models = input.order.models(input.first)
  const limited: AgentFailure[] = []
  for (const [index, model] of models.entries()) {
    try {
      return yield* answerOf(model, input)
    } catch (error) {
      if (!(error instanceof NotBegun)) throw error
      const { reason } = error
      if (models.length > 1) input.order.rest(model)
      if (reason.code === 'model_rate_limited') limited.push(reason)
      // Whom somebody else is only busy for can do more than ask again in a little while.
      if (index === models.length - 1) throw limited[0] ?? reason
      input.log.warn({ model: model.name, next: models[index + 1]?.name }, 'the next model is asked')
    }
  }
  throw new Error('there is no model to ask')
}

// Carries the failure of a model that has said nothing yet, so that another one may be asked.
class NotBegun extends Error {
  readonly reason: AgentFailure
  constructor(reason: AgentFailure) {
    super(reason.message)
    this.reason = reason
  }
}

async function* answerOf(model: ChosenModel, input: ModelStepInput): AsyncGenerator<AgentEvent, ModelStep> {
  const { limits, locale, log } = input
  for (let attempt = 1; ; attempt++) {
    const call = traceModelCall(model.model, input.span)
    const exchange = new Exchange(model, input, call.headers)
    try {
      let { gap } = input
      for await (const piece of exchange.text.pieces()) {
        yield { type: 'AgentStream', delta: gap + piece }
        gap = ''
      }
      call.answered(exchange.result.usage)
      return exchange.result
    } catch (error) {
      if (input.signal.aborted) throw input.signal.reason
      if (error instanceof AgentFailure) {
        call.failed(error.code)
        throw exchange.hasAnswered ? error : new NotBegun(error)
      }
      const problem = input.explain(error)
      const { cause, retryAfterSeconds } = problem
      call.failed(exchange.hasAnswered ? 'model_interrupted' : problem.code)
      if (exchange.hasAnswered) {
        log.warn({ err: cause, model: model.name }, 'the model broke off')
        throw failure('model_interrupted', locale, { cause })
      }
      const retryMs = retryAfterSeconds === undefined ? limits.retryMs : retryAfterSeconds * 1000
      if (attempt >= limits.attempts || !problem.retryable || retryMs > limits.longestRetryMs) {
        log.warn({ err: cause, model: model.name, attempt }, 'the model cannot be used')
        throw new NotBegun(failure(problem.code, locale, { cause, retryAfterSeconds }))
      }
      await pause(retryMs, undefined, { signal: input.signal }).catch(() => input.signal.throwIfAborted())
    } finally {
      exchange.close()
      call.end()
    }
  }
}

/** Exchange is one request to the model and the reading of its stream, which goes on while pieces are handed on. */
class Exchange {
  readonly text: Coalesced
  readonly result: ModelStep
  /** Whether the model has begun to say, think or call anything. */
  hasAnswered = false

  readonly #input: ModelStepInput
  readonly #headers: Record<string, string>
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  // Kept beside the signal, which is asked for every piece, and would ask the signals that it is made of.
  #isStopped = false
  readonly #stop = () => {
    this.#isStopped = true
    this.text.end({ reason: this.#signal.reason })
  }
  #watchdog: NodeJS.Timeout
  readonly #deadline: NodeJS.Timeout
  readonly #reasoning = new Map<string, Reasoning>()
  #characters = 0
  #halfCharacter = ''
  #finished = false

  constructor(model: ChosenModel, input: ModelStepInput, headers: Record<string, string>) {
    this.result = { model, text: '', reasoning: [], toolCalls: [], usage: { inputTokens: 0, outputTokens: 0 } }
    this.#input = input
    this.#headers = headers
    this.text = coalesced(input.limits.coalesceMs)
    this.#signal = AbortSignal.any([input.signal, this.#abort.signal])
    this.#signal.addEventListener('abort', this.#stop)
    this.#watchdog = this.#timer(input.limits.firstTokenMs, 'the model fell silent')
    this.#deadline = this.#timer(input.limits.stepMs, 'the model took too long for one answer')
    this.#read().then(
      () => this.text.end(),
      (reason) => this.text.end({ reason: this.#signal.aborted ? this.#signal.reason : reason }),
    )
  }

  /** Gives up whatever is still open; does nothing after an orderly end. */
  close() {
    clearTimeout(this.#watchdog)
    clearTimeout(this.#deadline)
    this.#signal.removeEventListener('abort', this.#stop)
    this.#abort.abort()
  }

  async #read() {
    const { request } = this.#input
    this.#signal.throwIfAborted()
    const { stream } = await this.result.model.model.doStream({
      ...request,
      headers: this.#headers,
      abortSignal: this.#signal,
    })
    const reader = stream.getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        if (this.#isStopped) return
        this.#take(value)
      }
    } finally {
      clearTimeout(this.#watchdog)
      clearTimeout(this.#deadline)
      // Cancelling a stream that has failed rejects with the same error; there is nothing more to learn from it.
      reader.cancel().catch(() => {})
    }
    this.#say('', true)
    this.result.reasoning = [...this.#reasoning.values()]
    if (!this.#finished) throw new Error('the stream ended without a finish')
  }

  #take(part: LanguageModelV4StreamPart) {
    switch (part.type) {
      case 'text-delta':
        this.#answered(part.delta.length)
        this.#say(part.delta, false)
        return
      case 'reasoning-delta':
        this.#answered(part.delta.length)
        this.#think(part)
        return
      case 'reasoning-start':
      case 'reasoning-end':
        this.#think(part)
        return
      case 'tool-input-start':
        this.#answered(part.toolName.length)
        return
      case 'tool-input-delta':
        this.#answered(part.delta.length)
        return
      case 'tool-call':
        this.#answered(0)
        this.result.toolCalls.push(part)
        return
      case 'error':
        throw part.error
      case 'finish':
        if (part.finishReason.unified === 'error' || part.finishReason.unified === 'interrupted') {
          throw new Error(`the model finished with ${part.finishReason.raw ?? part.finishReason.unified}`)
        }
        this.#finished = true
        this.result.usage = {
          inputTokens: part.usage.inputTokens.total ?? 0,
          outputTokens: part.usage.outputTokens.total ?? 0,
        }
        return
      case 'ping':
        if (this.hasAnswered) this.#watchdog.refresh()
        return
      default:
    }
  }

  #answered(characters: number) {
    if (this.hasAnswered) {
      this.#watchdog.refresh()
    } else {
      this.hasAnswered = true
      clearTimeout(this.#watchdog)
      this.#watchdog = this.#timer(this.#input.limits.stallMs, 'the model fell silent')
    }
    this.#characters += characters
    if (this.#characters > this.#input.limits.stepCharacters) throw new Error('the answer grew too long')
  }

  // Servers sign what was thought at its beginning, at its end or in between; the last signature counts.
  #think(part: { id: string; delta?: string; providerMetadata?: SharedV4ProviderMetadata }) {
    const known = this.#reasoning.get(part.id)
    const providerMetadata = part.providerMetadata ?? known?.providerMetadata
    const text = (known?.text ?? '') + (part.delta ?? '')
    this.#reasoning.set(part.id, { text, ...(providerMetadata ? { providerMetadata } : {}) })
  }

  // A server may cut an emoji into its two halves; they are joined again, and what no database takes is dropped.
  #say(delta: string, last: boolean) {
    let text = this.#halfCharacter + delta
    this.#halfCharacter = ''
    if (!last && /[\uD800-\uDBFF]$/.test(text)) {
      this.#halfCharacter = text.slice(-1)
      text = text.slice(0, -1)
    }
    const clean = cleanText(text)
    if (clean === '') return
    this.result.text += clean
    this.text.push(clean)
  }

  #timer(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#input.log.warn({ afterMs: ms, model: this.result.model.name }, what)
      this.#abort.abort(failure('model_timeout', this.#input.locale))
    }, ms)
  }
}
