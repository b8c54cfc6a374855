import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QuestionInput, Remake } from '../../api/chat.ts'
import { Problem } from '../../api/problem.ts'
import { createRunStore } from './run-store.ts'
import type { RunView } from './run-view.ts'

const started = { type: 'run_started', data: { run_id: 'r1', session_id: 's1', user_message_id: 'm1' } }
const created = { type: 'session_created', message: 'Hi', data: 's1' }
const token = (text: string) => ({ type: 'token', data: { text } })
const done = {
  type: 'done',
  data: { session_id: 's1', run_id: 'r1', message_id: 'm2', full_text: 'Hello', usage: {}, status: 'complete' },
}
const failed = { type: 'error', message: 'Sorry.', data: { code: 'model' } }

/** A stream that sends the events numbered from `first` on, and then ends as a lost connection does unless the last one is final. */
function stream(events: unknown[], first = 1): Response {
  const text = events.map((event, index) => `id: ${first + index}\ndata: ${JSON.stringify(event)}\n\n`).join('')
  return new Response(text, { headers: { 'content-type': 'text/event-stream', 'x-run-id': 'r1' } })
}

type Asked = { question: QuestionInput }

function setUp(answers: (() => Response)[], resumes: ((after: number) => Response)[] = []) {
  const asked: Asked[] = []
  const remade: (Remake & { content?: string; client_message_id: string })[] = []
  const resumedAfter: number[] = []
  const finished: RunView[] = []
  const phases: string[] = []
  const begun: string[] = []
  let keys = 0
  const store = createRunStore({
    ask: async (question) => {
      asked.push({ question })
      const answer = answers.shift()
      assert.ok(answer, 'asked too often')
      return answer()
    },
    remake: async (target, body) => {
      remade.push({ ...target, ...body })
      const answer = answers.shift()
      assert.ok(answer, 'asked too often')
      return answer()
    },
    runEvents: async (_runId, after) => {
      resumedAfter.push(after)
      const answer = resumes.shift()
      assert.ok(answer, 'resumed too often')
      return answer(after)
    },
    stop: async () => {},
    began: (sessionId, businessId) => void begun.push(`${sessionId} of ${businessId}`),
    afterRun: async (view) => void finished.push(view),
    newKey: () => `key ${++keys}`,
    wait: async () => {},
  })
  const watch = (place: { businessId: string; sessionId: string | undefined }) =>
    store.subscribe(() => {
      const phase = store.get(place)?.phase
      if (phase && phases.at(-1) !== phase) phases.push(phase)
    })
  return { store, asked, remade, resumedAfter, begun, finished, phases, watch }
}

const fresh = { businessId: 'b', sessionId: undefined }
const inSession = { businessId: 'b', sessionId: 's1' }

test('a first message moves to its new conversation and ends in the stored messages', async () => {
  const { store, asked, finished } = setUp([() => stream([created, started, token('Hello'), done])])
  const sessions: string[] = []
  await store.ask(fresh, 'Hi', (id) => sessions.push(id))
  assert.deepEqual(sessions, ['s1'])
  assert.equal(asked[0]?.question.session_id, undefined)
  assert.equal(finished[0]?.text, 'Hello')
  assert.equal(store.get(fresh), undefined)
  assert.equal(store.get(inSession), undefined)
})

test('a run is told of once it stands in its conversation, by the tab that has started it, once', async () => {
  const { store, begun } = setUp(
    [() => stream([created, started, token('Hel')]), () => stream([started, done])],
    [() => stream([started, token('lo'), done], 2), () => stream([started, done])],
  )
  await store.ask(fresh, 'Hi', () => {})
  assert.deepEqual(begun, ['s1 of b'])
  await store.remake(inSession, { kind: 'regenerate', messageId: 'm2' })
  assert.deepEqual(begun, ['s1 of b', 's1 of b'])
  await store.resume(inSession, 'r1')
  assert.equal(begun.length, 2)
})

test('a lost connection is resumed after the last event, and no word is lost or doubled', async () => {
  const { store, resumedAfter, finished, phases, watch } = setUp(
    [() => stream([started, token('Hel')])],
    [
      () => {
        throw new Problem({ status: 0, code: 'network' })
      },
      () => stream([token('Hel'), token('lo'), done], 2),
    ],
  )
  watch(inSession)
  await store.ask(inSession, 'Hi', () => {})
  assert.deepEqual(resumedAfter, [2, 2])
  assert.equal(finished[0]?.text, 'Hello')
  assert.deepEqual(phases, ['waiting', 'answering', 'reconnecting', 'answering', 'complete'])
})

test('a run that the server no longer knows is not asked for again', async () => {
  const { store, resumedAfter } = setUp(
    [() => stream([started, token('Hel')])],
    [
      () => {
        throw new Problem({ status: 404, code: 'not_found' })
      },
    ],
  )
  await store.ask(inSession, 'Hi', () => {})
  assert.deepEqual(resumedAfter, [2])
  assert.equal(store.get(inSession)?.phase, 'failed')
})

test('a network that stays away is given up after a bounded number of attempts', async () => {
  const gone = () => {
    throw new Problem({ status: 0, code: 'network' })
  }
  const { store, resumedAfter } = setUp(
    [() => stream([started])],
    Array.from({ length: 50 }, () => gone),
  )
  await store.ask(inSession, 'Hi', () => {})
  assert.equal(resumedAfter.length, 8)
  assert.equal(store.get(inSession)?.phase, 'failed')
})

test('a question that never reached the server is retried under its own id', async () => {
  const { store, asked } = setUp([
    () => {
      throw new Problem({ status: 0, code: 'network' })
    },
    () => stream([started, done]),
  ])
  await store.ask(inSession, 'Hi', () => {})
  assert.equal(store.get(inSession)?.phase, 'failed')
  await store.again(inSession, () => {})
  assert.deepEqual(
    asked.map(({ question }) => question.client_message_id),
    ['key 1', 'key 1'],
  )
})

test('what is sent on purpose is never taken for a retry, not even after a failure', async () => {
  const lost = () => {
    throw new Problem({ status: 0, code: 'network' })
  }
  const { store, asked, remade } = setUp([lost, lost, lost, lost])
  await store.ask(inSession, 'Go on', () => {})
  await store.ask(inSession, 'Go on', () => {})
  await store.remake(inSession, { kind: 'edit', messageId: 'm1' }, 'Hi!')
  await store.remake(inSession, { kind: 'edit', messageId: 'm1' }, 'Hi!')
  assert.deepEqual(
    [...asked.map(({ question }) => question), ...remade].map(({ client_message_id }) => client_message_id),
    ['key 1', 'key 2', 'key 3', 'key 4'],
  )
})

test('a question that was answered with an error is asked anew', async () => {
  const { store, asked } = setUp([() => stream([started, failed]), () => stream([started, done])])
  await store.ask(inSession, 'Hi', () => {})
  assert.equal(store.get(inSession)?.failure?.message, 'Sorry.')
  await store.ask(inSession, 'Hi', () => {})
  assert.deepEqual(
    asked.map(({ question }) => question.client_message_id),
    ['key 1', 'key 2'],
  )
})

test('a second message during a run is not sent', async () => {
  const { store, asked } = setUp([() => stream([started, done])])
  const first = store.ask(inSession, 'Hi', () => {})
  await store.ask(inSession, 'And?', () => {})
  await first
  assert.equal(asked.length, 1)
})

test('a conversation with a run elsewhere keeps the problem that names it', async () => {
  const { store } = setUp([
    () => {
      throw new Problem({ status: 409, code: 'run_active', run_id: 'r9' })
    },
  ])
  await store.ask(inSession, 'Hi', () => {})
  const cause = store.get(inSession)?.failure?.cause
  assert.ok(cause instanceof Problem && cause.runId === 'r9')
})

test('a run found under way is followed from its start, once', async () => {
  const { store, resumedAfter, finished } = setUp([], [() => stream([started, token('Hello'), done])])
  await Promise.all([store.resume(inSession, 'r1'), store.resume(inSession, 'r1')])
  assert.deepEqual(resumedAfter, [0])
  assert.equal(finished[0]?.text, 'Hello')
})

test('whoever leaves takes nothing along', async () => {
  const { store, finished } = setUp([() => stream([started, token('secret'), done])])
  const running = store.ask(inSession, 'Hi', () => {})
  store.clear()
  await running
  assert.equal(store.get(inSession), undefined)
  assert.deepEqual(finished, [])
})

test('a run whose connection was given up can be taken up again', async () => {
  const gone = () => {
    throw new Problem({ status: 0, code: 'network' })
  }
  const { store, finished } = setUp(
    [() => stream([started])],
    [...Array.from({ length: 8 }, () => gone), () => stream([started, token('Hello'), done])],
  )
  await store.ask(inSession, 'Hi', () => {})
  await store.resume(inSession, 'r1')
  assert.equal(finished.at(-1)?.text, 'Hello')
  assert.equal(store.get(inSession), undefined)
})

test('an answer made anew, and a message put another way, are followed to their end', async () => {
  const { store, remade, finished } = setUp([
    () => stream([started, token('Hello'), done]),
    () => stream([started, token('Hello'), done]),
  ])
  await store.remake(inSession, { kind: 'regenerate', messageId: 'm2' })
  await store.remake(inSession, { kind: 'edit', messageId: 'm1' }, 'Hi!')
  assert.deepEqual(remade, [
    { kind: 'regenerate', messageId: 'm2', client_message_id: 'key 1' },
    { kind: 'edit', messageId: 'm1', content: 'Hi!', client_message_id: 'key 2' },
  ])
  assert.deepEqual(
    finished.map(({ text, question }) => ({ text, question })),
    [
      { text: 'Hello', question: undefined },
      { text: 'Hello', question: 'Hi!' },
    ],
  )
})

test('what failed on its way to the server is repeated as it was, under its own id', async () => {
  const { store, remade } = setUp([
    () => {
      throw new Problem({ status: 0, code: 'network' })
    },
    () => stream([started, done]),
  ])
  await store.remake(inSession, { kind: 'edit', messageId: 'm1' }, 'Hi!')
  await store.again(inSession, () => {})
  const sent = { kind: 'edit', messageId: 'm1', content: 'Hi!', client_message_id: 'key 1' }
  assert.deepEqual(remade, [sent, sent])
})

test('a stored question whose answer failed is answered anew, and not asked twice', async () => {
  const { store, asked, remade } = setUp([() => stream([started, failed]), () => stream([started, done])])
  await store.ask(inSession, 'Hi', () => {})
  await store.again(inSession, () => {})
  assert.equal(asked.length, 1)
  assert.deepEqual(remade, [{ kind: 'regenerate', messageId: 'm1', client_message_id: 'key 2' }])
  await store.again(inSession, () => {})
  assert.equal(remade.length, 1, 'nothing has failed')
})
