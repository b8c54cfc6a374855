import type { ServerEvent } from '@tangga/client'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterEvent, isOver, newRunView } from './run-view.ts'

const start = newRunView({ question: 'Hi', clientMessageId: 'c', sessionId: undefined, runId: undefined })
const after = (...events: Omit<ServerEvent, 'id'>[]) =>
  events.reduce((view, event, index) => afterEvent(view, { id: String(index + 1), ...event }), start)

const created = { type: 'session_created', message: 'Hi', data: 's1' }
const started = { type: 'run_started', data: { run_id: 'r1', session_id: 's1', user_message_id: 'm1' } }
const token = (text: string) => ({ type: 'token', data: { text } })
const toolStart = {
  type: 'tool_start',
  message: 'Looking',
  data: { tool: 'list_facts', call_id: 't1', args: { a: 1 } },
}
const toolEnd = (ok: boolean) => ({
  type: 'tool_end',
  data: { tool: 'list_facts', call_id: 't1', ok, output: { n: 2 } },
})
const done = (status: string, full_text: string) => ({
  type: 'done',
  data: {
    session_id: 's1',
    run_id: 'r1',
    message_id: 'm2',
    full_text,
    usage: { input_tokens: 1, output_tokens: 1 },
    status,
  },
})

test('a run is followed from its new conversation to its answer', () => {
  const view = after(created, started, toolStart, toolEnd(true), token('Hel'), token('lo'), done('complete', 'Hello'))
  assert.equal(view.sessionId, 's1')
  assert.equal(view.runId, 'r1')
  assert.equal(view.userMessageId, 'm1')
  assert.equal(view.messageId, 'm2')
  assert.equal(view.text, 'Hello')
  assert.equal(view.phase, 'complete')
  assert.deepEqual(view.tools, [
    { callId: 't1', tool: 'list_facts', args: { a: 1 }, state: 'done', output: { n: 2 }, message: 'Looking' },
  ])
})

test('events that a resumed stream repeats change nothing', () => {
  const view = after(started, token('Hel'), token('lo'))
  assert.equal(afterEvent(view, { id: '2', ...token('Hel') }), view)
  assert.equal(afterEvent(view, { id: '4', ...token('!') }).text, 'Hello!')
})

test('nothing changes a run that is over', () => {
  const view = after(started, done('stopped', 'Hel'))
  assert.equal(view.phase, 'stopped')
  assert.ok(isOver(view.phase))
  assert.equal(afterEvent(view, { id: '9', ...token('lo') }), view)
})

test('a tool that fails, or whose end is never told, is shown as failed', () => {
  assert.equal(after(started, toolStart, toolEnd(false)).tools[0]?.state, 'failed')
  assert.equal(after(started, toolStart).tools[0]?.state, 'running')
  assert.equal(
    after(started, toolStart, { type: 'error', message: 'Sorry.', data: { code: 'x' } }).tools[0]?.state,
    'failed',
  )
})

test('an error keeps what was said and the sentence for a person', () => {
  const view = after(started, token('Hel'), { type: 'error', message: 'The model is away.', data: { code: 'model' } })
  assert.equal(view.phase, 'failed')
  assert.equal(view.text, 'Hel')
  assert.equal(view.failure?.message, 'The model is away.')
})

test('what a run earns is listed in order', () => {
  const view = after(
    started,
    { type: 'points', data: { event_id: 'e', business_id: 'b', type: 'x', points: 5, total_points: 5 } },
    { type: 'level_up', data: { business_id: 'b', level: { id: 'l', name: 'Sprout' } } },
    { type: 'achievement', data: { business_id: 'b', achievement: { id: 'a', title: 'First', badge_icon: null } } },
  )
  assert.deepEqual(view.rewards, [
    { kind: 'points', points: 5 },
    { kind: 'level_up', name: 'Sprout' },
    { kind: 'achievement', name: 'First' },
  ])
})

test('an event of a type that is not known yet is passed over, but counted', () => {
  const view = after(started, { type: 'milestone_created', data: {} })
  assert.equal(view.lastSeq, 2)
  assert.equal(view.phase, 'waiting')
})

test('an event after a lost connection ends the reconnecting', () => {
  const view = afterEvent({ ...after(started, token('a')), phase: 'reconnecting' }, { id: '3', ...token('b') })
  assert.equal(view.phase, 'answering')
})
