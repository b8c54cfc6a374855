import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChatMessage } from '../../api/types.ts'
import { newRunView, type RunView } from './run-view.ts'
import { shownMessages, slotsOf } from './shown-messages.ts'

const message = (id: string, over: Partial<ChatMessage> = {}): ChatMessage => ({
  id,
  session_id: 's',
  role: id.startsWith('q') ? 'user' : 'assistant',
  content: id,
  created_at: '2026-11-22T08:00:00.000Z',
  status: 'complete',
  ...over,
})
const talk = [message('q1'), message('a1'), message('q2'), message('a2')]
const run = (over: Partial<RunView>): RunView => ({
  ...newRunView({ question: undefined, clientMessageId: 'k', sessionId: 's', runId: undefined }),
  ...over,
})
const shown = (live: RunView | undefined, messages = talk) => shownMessages(messages, live).map(({ id }) => id)

test('what a run takes the place of is gone at once, with all that followed it', () => {
  assert.deepEqual(shown(undefined), ['q1', 'a1', 'q2', 'a2'])
  assert.deepEqual(shown(run({})), ['q1', 'a1', 'q2', 'a2'])
  assert.deepEqual(shown(run({ remake: { kind: 'regenerate', messageId: 'a2' } })), ['q1', 'a1', 'q2'])
  assert.deepEqual(shown(run({ remake: { kind: 'regenerate', messageId: 'q1' } })), ['q1'])
  assert.deepEqual(shown(run({ remake: { kind: 'edit', messageId: 'q2' } })), ['q1', 'a1'])
  assert.deepEqual(shown(run({ remake: { kind: 'edit', messageId: 'q1' } })), [])
})

test('a run that never started leaves everything where it is', () => {
  const remake = { kind: 'edit', messageId: 'q1' } as const
  assert.deepEqual(shown(run({ remake, phase: 'failed' })), ['q1', 'a1', 'q2', 'a2'])
  assert.deepEqual(shown(run({ remake, phase: 'failed', runId: 'r' })), [])
})

test('an answer that is being written is not shown twice, and a stored one of the same run stays', () => {
  const writing = message('a3', { status: 'streaming', run_id: 'r' })
  assert.deepEqual(shown(run({ runId: 'r' }), [message('q1'), writing]), ['q1'])
  assert.deepEqual(shown(undefined, [message('q1'), writing]), ['q1', 'a3'])
  const remake = { kind: 'regenerate', messageId: 'q1' } as const
  const broken = message('a3', { status: 'interrupted', run_id: 'r' })
  assert.deepEqual(shown(run({ runId: 'r', remake, phase: 'failed' }), [message('q1'), broken]), ['q1', 'a3'])
})

test('versions of a message stand in the same place', () => {
  const slots = (messages: ChatMessage[]) => slotsOf(messages, true).map(({ slot }) => slot)
  assert.deepEqual(slots(talk), ['start', 'q1', 'a1', 'q2'])
  assert.deepEqual(slots([message('q1'), message('a1, again')]), ['start', 'q1'])
  assert.deepEqual(slots([message('q1, edited')]), ['start'])
  assert.equal(slotsOf([message('q9')], false)[0]?.slot, 'first q9')
})
