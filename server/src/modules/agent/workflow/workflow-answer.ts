import type { JSONValue } from '@ai-sdk/provider'
import { z } from 'zod'
import { cleanText } from '../../../platform/text.ts'
import type { AgentEvent, Usage } from '../engine.ts'
import type { FailureCode, Locale } from '../failures.ts'
import type { ToolLabels } from '../tools/tool.ts'
import { safeName, unusedId } from '../tools/toolbox.ts'
import type { WorkflowEvent } from './workflow-event.ts'

/** WorkflowProblem is why a workflow's answer cannot be finished; its message can be logged. */
export class WorkflowProblem extends Error {
  readonly code: FailureCode
  readonly retryAfterSeconds: number | undefined
  constructor(code: FailureCode, message: string, options: { retryAfterSeconds?: number | undefined } = {}) {
    super(message)
    this.name = 'WorkflowProblem'
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** AnswerLimits bound what a workflow may send; sizes are in UTF-16 units. */
export type AnswerLimits = {
  stepCharacters: number
  toolCalls: number
  argsCharacters: number
  outputCharacters: number
}

// A tool of the workflow's own is told of without its name: a model may have made that up.
const LABELS: ToolLabels = {
  en: { start: 'Using a tool', end: 'The tool has answered', failed: 'The tool could not help' },
  id: { start: 'Memakai sebuah alat', end: 'Alat sudah menjawab', failed: 'Alat tidak dapat membantu' },
}

/**
 * WorkflowAnswer turns the events of a workflow into those of a run. Nothing in them is trusted: ids and names are cut
 * down to safe characters and are unique, arguments and outputs have a limit, errors of tools are replaced.
 */
export class WorkflowAnswer {
  text = ''
  readonly usage: Usage = { inputTokens: 0, outputTokens: 0 }
  /** Whether the workflow has said, thought or called anything. */
  hasAnswered = false
  /** Whether more of a sentence is awaited, rather than a model or a tool. */
  isSpeaking = false
  finished = false

  readonly #options: { locale: Locale; limits: AnswerLimits; labels: ReadonlyMap<string, ToolLabels> }
  readonly #usedIds: Set<string>
  // By the workflow's own id, which may come again once it was answered.
  readonly #open = new Map<string, { callId: string; tool: string }>()
  #stepText = ''
  #stepCharacters = 0
  #toolCalls = 0

  constructor(options: {
    locale: Locale
    limits: AnswerLimits
    /** The labels of tools that are known by name. */
    labels: ReadonlyMap<string, ToolLabels>
    /** Ids of the conversation's earlier tool calls. */
    usedIds: Set<string>
  }) {
    this.#options = options
    this.#usedIds = options.usedIds
  }

  /** take answers what an event means to the run. Throws WorkflowProblem when the run cannot go on. */
  take(event: WorkflowEvent): AgentEvent[] {
    const { limits } = this.#options
    switch (event.kind) {
      case 'stream':
        if (event.delta === '' && event.thinking === 0) return []
        this.hasAnswered = true
        this.isSpeaking = true
        this.#grow(event.delta.length + event.thinking)
        return this.#say(event.delta)
      case 'output': {
        // A model that does not stream has said nothing until now.
        const said = this.#stepText === '' ? this.#sayWhole(event.text) : []
        this.#endStep()
        return said
      }
      case 'tool_call':
        this.hasAnswered = true
        this.#endStep()
        if (++this.#toolCalls > limits.toolCalls)
          throw new WorkflowProblem('step_limit', `called more than ${limits.toolCalls} tools`)
        return [this.#call(event)]
      case 'tool_result':
        this.hasAnswered = true
        this.#endStep()
        return this.#answer(event)
      case 'usage':
        this.usage.inputTokens += event.inputTokens
        this.usage.outputTokens += event.outputTokens
        return []
      case 'stop': {
        const said = this.text === '' ? this.#sayWhole(event.text) : []
        if (this.text.trim() === '') throw new WorkflowProblem('model_unavailable', 'finished without a word')
        this.finished = true
        return said
      }
      case 'failed':
        throw new WorkflowProblem(this.#codeOf(event.code), event.reason)
      case 'input_required':
        throw new WorkflowProblem(this.#codeOf('failed'), 'asked for input in mid-run, which nobody can give')
      case 'other':
        return []
    }
  }

  #codeOf(code: Extract<WorkflowEvent, { kind: 'failed' }>['code']): FailureCode {
    if (code === 'timed_out') return 'run_timeout'
    if (code === 'step_limit') return 'step_limit'
    if (this.hasAnswered) return 'model_interrupted'
    return code === 'rate_limited' ? 'model_rate_limited' : 'model_unavailable'
  }

  #grow(characters: number): void {
    this.#stepCharacters += characters
    if (this.#stepCharacters > this.#options.limits.stepCharacters)
      throw new WorkflowProblem('model_interrupted', 'sent an answer that grew too long')
  }

  #sayWhole(text: string): AgentEvent[] {
    this.#grow(text.length)
    if (text !== '') this.hasAnswered = true
    return this.#say(text)
  }

  #say(text: string): AgentEvent[] {
    const clean = cleanText(text)
    if (clean === '') return []
    // What is said after a tool call, or by another agent, begins a paragraph of its own.
    const gap = this.#stepText === '' && this.text !== '' && !/\s$/.test(this.text) ? '\n\n' : ''
    this.#stepText += clean
    this.text += gap + clean
    return [{ type: 'AgentStream', delta: gap + clean }]
  }

  #endStep(): void {
    this.#stepText = ''
    this.#stepCharacters = 0
    this.isSpeaking = false
  }

  #call(event: Extract<WorkflowEvent, { kind: 'tool_call' }>): AgentEvent {
    const tool = safeName(event.tool)
    const callId = unusedId(event.id, this.#usedIds)
    this.#open.set(event.id, { callId, tool })
    const args = capped(event.args, this.#options.limits.argsCharacters) ?? {}
    return { type: 'ToolCall', callId, tool, args, label: this.#labels(tool).start }
  }

  #answer(event: Extract<WorkflowEvent, { kind: 'tool_result' }>): AgentEvent[] {
    const call = this.#open.get(event.id)
    // A result that nobody asked for is not shown.
    if (!call) return []
    this.#open.delete(event.id)
    const output = capped(event.output, this.#options.limits.outputCharacters)
    const ok = event.ok && output !== undefined
    const labels = this.#labels(call.tool)
    const error = event.ok ? 'The result is too long to be shown.' : 'The tool failed.'
    return [
      {
        type: 'ToolCallResult',
        ...call,
        ok,
        output: ok ? output : { error },
        label: ok ? labels.end : labels.failed,
      },
    ]
  }

  #labels(tool: string) {
    return (this.#options.labels.get(tool) ?? LABELS)[this.#options.locale]
  }
}

function capped(value: unknown, characters: number): JSONValue | undefined {
  const json = z.json().safeParse(value).data
  return json !== undefined && JSON.stringify(json).length <= characters ? json : undefined
}
