import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
} from '@ai-sdk/provider'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../platform/logger.ts'
import { cleanText } from '../../platform/text.ts'
import { coalesced, type Coalesced } from './coalesced.ts'
import { AgentFailure, type AgentEvent, type Usage } from './engine.ts'
import { failure, type Locale } from './failures.ts'
import type { AgentLimits } from './limits.ts'
import type { ExplainModelError } from './model-errors.ts'

/** ModelStep is what one answer of the model came to. */
export type ModelStep = { text: string; reasoning: string; toolCalls: LanguageModelV4ToolCall[]; usage: Usage }

/** ModelStepInput is what one answer of the model needs. */
export type ModelStepInput = {
  model: LanguageModelV4
  request: Pick<LanguageModelV4CallOptions, 'prompt' | 'tools' | 'toolChoice'>
  /** Stands before the first piece of text, when there is any. */
  gap: string
  explain: ExplainModelError
  limits: AgentLimits
  locale: Locale
  log: Log
  signal: AbortSignal
}

/**
 * modelStep asks the model once and yields its text in coalesced pieces, which joined are `gap` and `text`. It throws
 * AgentFailure for everything a model server can do wrong, after yielding what arrived; a stream that closes without a
 * finish is a failure too. Until the first sign of an answer it may ask again, once and quickly; after it never.
 * Aborting `signal`, and leaving the generator early, closes the connection to the model.
 */
export async function* modelStep(input: ModelStepInput): AsyncGenerator<AgentEvent, ModelStep> {
  const { limits, locale, log } = input
  for (let attempt = 1; ; attempt++) {
    const exchange = new Exchange(input)
    try {
      let { gap } = input
      for await (const piece of exchange.text.pieces()) {
        yield { type: 'AgentStream', delta: gap + piece }
        gap = ''
      }
      return exchange.result
    } catch (error) {
      if (input.signal.aborted) throw input.signal.reason
      if (error instanceof AgentFailure) throw error
      const problem = input.explain(error)
      const { cause, retryAfterSeconds } = problem
      if (exchange.hasAnswered) {
        log.warn({ err: cause }, 'the model broke off')
        throw failure('model_interrupted', locale, { cause })
      }
      const retryMs = retryAfterSeconds === undefined ? limits.retryMs : retryAfterSeconds * 1000
      if (attempt >= limits.attempts || !problem.retryable || retryMs > limits.longestRetryMs) {
        log.warn({ err: cause, attempt }, 'the model cannot be used')
        throw failure(problem.code, locale, { cause, retryAfterSeconds })
      }
      await pause(retryMs, undefined, { signal: input.signal }).catch(() => input.signal.throwIfAborted())
    } finally {
      exchange.close()
    }
  }
}

/** Exchange is one request to the model and the reading of its stream, which goes on while pieces are handed on. */
class Exchange {
  readonly text: Coalesced
  readonly result: ModelStep = {
    text: '',
    reasoning: '',
    toolCalls: [],
    usage: { inputTokens: 0, outputTokens: 0 },
  }
  /** Whether the model has begun to say, think or call anything. */
  hasAnswered = false

  readonly #input: ModelStepInput
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  readonly #stop = () => this.text.end({ reason: this.#signal.reason })
  #watchdog: NodeJS.Timeout
  #characters = 0
  #halfCharacter = ''
  #finished = false

  constructor(input: ModelStepInput) {
    this.#input = input
    this.text = coalesced(input.limits.coalesceMs)
    this.#signal = AbortSignal.any([input.signal, this.#abort.signal])
    this.#signal.addEventListener('abort', this.#stop)
    this.#watchdog = this.#silenceTimer(input.limits.firstTokenMs)
    this.#read().then(
      () => this.text.end(),
      (reason) => this.text.end({ reason: this.#signal.aborted ? this.#signal.reason : reason }),
    )
  }

  /** Gives up whatever is still open; does nothing after an orderly end. */
  close() {
    clearTimeout(this.#watchdog)
    this.#signal.removeEventListener('abort', this.#stop)
    this.#abort.abort()
  }

  async #read() {
    const { model, request } = this.#input
    this.#signal.throwIfAborted()
    const { stream } = await model.doStream({ ...request, abortSignal: this.#signal })
    const reader = stream.getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        if (this.#signal.aborted) return
        this.#take(value)
      }
    } finally {
      clearTimeout(this.#watchdog)
      // Cancelling a stream that has failed rejects with the same error; there is nothing more to learn from it.
      reader.cancel().catch(() => {})
    }
    this.#say('', true)
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
        this.result.reasoning += part.delta
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
      this.#watchdog = this.#silenceTimer(this.#input.limits.stallMs)
    }
    this.#characters += characters
    if (this.#characters > this.#input.limits.stepCharacters) throw new Error('the answer grew too long')
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

  #silenceTimer(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#input.log.warn({ silenceMs: ms }, 'the model fell silent')
      this.#abort.abort(failure('model_timeout', this.#input.locale))
    }, ms)
  }
}
