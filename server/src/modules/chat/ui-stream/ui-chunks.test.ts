import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunEvent } from '../run-events.ts'
import { createUiRendering, type UiChunk, uiChunk } from './ui-chunks.ts'

const id = (digit: number) => `01900000-0000-7000-8000-00000000000${digit}`
const started: RunEvent = {
  type: 'RunStarted',
  runId: id(1),
  sessionId: id(2),
  userMessageId: id(3),
  messageId: id(4),
}
const call = (callId: string): RunEvent => ({
  type: 'ToolCall',
  callId,
  tool: 'look',
  args: { at: 1 },
  label: 'Looking',
})
const result = (callId: string, ok = true): RunEvent => ({
  type: 'ToolCallResult',
  callId,
  tool: 'look',
  ok,
  output: ok ? { seen: true } : { error: 'There is no light.' },
})
const say = (delta: string): RunEvent => ({ type: 'AgentStream', delta })
const finished = (status: 'complete' | 'stopped' = 'complete'): RunEvent => ({
  type: 'RunFinished',
  runId: id(1),
  sessionId: id(2),
  messageId: id(4),
  text: '',
  usage: { inputTokens: 12, outputTokens: 3 },
  status,
})

function rendered(...events: RunEvent[]): UiChunk[] {
  const render = createUiRendering()
  const chunks = events.flatMap(render)
  // What is sent is exactly what the schema in the OpenAPI document says, no more.
  for (const chunk of chunks) assert.deepEqual(uiChunk.parse(chunk), chunk)
  return chunks
}

const typesOf = (chunks: UiChunk[]) => chunks.map(({ type }) => type)

test('an answer of text is one step with one text', () => {
  assert.deepEqual(rendered(started, say('Hel'), say('lo'), finished()), [
    { type: 'start', messageId: id(4) },
    {
      type: 'data-run',
      data: { run_id: id(1), session_id: id(2), user_message_id: id(3) },
      transient: true,
    },
    { type: 'start-step' },
    { type: 'text-start', id: 'text-1' },
    { type: 'text-delta', id: 'text-1', delta: 'Hel' },
    { type: 'text-delta', id: 'text-1', delta: 'lo' },
    { type: 'text-end', id: 'text-1' },
    { type: 'finish-step' },
    { type: 'data-usage', data: { input_tokens: 12, output_tokens: 3 }, transient: true },
    { type: 'finish' },
  ])
})

test('a new session is told of after the start, which must come first', () => {
  const chunks = rendered({ type: 'SessionCreated', sessionId: id(2), title: 'Points' }, started, finished())
  assert.deepEqual(typesOf(chunks), ['start', 'data-run', 'data-session', 'data-usage', 'finish'])
})

test('text after a result begins another step, calls of one step stay together', () => {
  const chunks = rendered(
    started,
    say('I look.'),
    call('a'),
    call('b'),
    result('a'),
    result('b', false),
    say('So it is.'),
    finished(),
  )
  assert.deepEqual(typesOf(chunks).slice(2, -2), [
    'start-step',
    'text-start',
    'text-delta',
    'text-end',
    'tool-input-available',
    'data-status',
    'tool-input-available',
    'data-status',
    'tool-output-available',
    'tool-output-error',
    'finish-step',
    'start-step',
    'text-start',
    'text-delta',
    'text-end',
    'finish-step',
  ])
  const failed = chunks.find(({ type }) => type === 'tool-output-error')
  assert.deepEqual(failed, {
    type: 'tool-output-error',
    toolCallId: 'b',
    errorText: 'There is no light.',
    providerExecuted: true,
  })
})

test('whatever is open is closed before the end, however a run ends', () => {
  const stopped = rendered(started, say('Half'), finished('stopped'))
  assert.deepEqual(typesOf(stopped).slice(-4), ['text-end', 'finish-step', 'data-usage', 'abort'])
  const failed = rendered(started, say('Half'), { type: 'RunFailed', code: 'model_timeout', message: 'Too slow.' })
  assert.deepEqual(failed.slice(-4), [
    { type: 'text-end', id: 'text-1' },
    { type: 'finish-step' },
    { type: 'data-error', data: { code: 'model_timeout' }, transient: true },
    { type: 'error', errorText: 'Too slow.' },
  ])
})

test('what the native stream tells beyond words and tools is told as data of the same name', () => {
  const chunks = rendered(started, { type: 'LevelReached', businessId: id(5), level: { id: id(6), name: 'Oak' } })
  assert.deepEqual(chunks.at(-1), {
    type: 'data-level_up',
    data: { business_id: id(5), level: { id: id(6), name: 'Oak' } },
  })
})
