import { once } from 'node:events'
import type { AgentEngine, AgentEvent, RunInput } from '../../agent/index.ts'

/** Script is what the engine says to one message. */
export type Script = (input: RunInput, signal: AbortSignal) => AsyncIterable<AgentEvent>

/** ScriptedEngine is an engine that says what a test has written; `inputs` is what it was asked, in order. */
export type ScriptedEngine = AgentEngine & { inputs: RunInput[]; script: Script }

/** createScriptedEngine makes an engine that follows `script`, which a test may replace at any time. */
export function createScriptedEngine(script: Script = (input) => say(input, 'Hello', ', ', 'Sari.')): ScriptedEngine {
  const engine: ScriptedEngine = {
    name: 'scripted',
    inputs: [],
    script,
    run(input, signal) {
      engine.inputs.push(input)
      return engine.script(input, signal)
    },
  }
  return engine
}

/** say answers in these pieces. */
export async function* say(input: RunInput, ...pieces: string[]): AsyncGenerator<AgentEvent> {
  yield { type: 'AgentInput', message: input.message }
  for (const delta of pieces) yield { type: 'AgentStream', delta }
  yield { type: 'AgentOutput', text: pieces.join(''), usage: { inputTokens: 12, outputTokens: pieces.length } }
}

/** lookUp is a tool call with its result. */
export function* lookUp(callId = 'call-1'): Generator<AgentEvent> {
  const tool = 'get_business_summary'
  yield { type: 'ToolCall', callId, tool, args: {}, label: 'Looking at your business' }
  yield { type: 'ToolCallResult', callId, tool, ok: true, output: { total_points: 120 }, label: 'Looked it up' }
}

/** opened waits for a test to let an answer go on, and fails as the engine does when the run is aborted meanwhile. */
export async function opened(gate: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const waiting = new AbortController()
  try {
    await Promise.race([gate, once(signal, 'abort', { signal: waiting.signal }).catch(() => {})])
  } finally {
    waiting.abort()
  }
  signal.throwIfAborted()
}
