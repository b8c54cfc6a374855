import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/logger.ts'
import type { AnswerRows, FinishedRun, KeptStatus } from './repository.ts'
import type { RunEvent } from './run-events.ts'
import { createRunLog } from './run-log.ts'
import { defaultRunBounds, type LiveRun, type RunBounds, startRun } from './run.ts'
import { openBudget } from './testing/open-budget.ts'
import { createScriptedEngine, opened, say, type Script } from './testing/scripted-engine.ts'

type Store = {
  save?: (rows: AnswerRows) => Promise<void>
  finish?: (run: FinishedRun) => Promise<KeptStatus | undefined>
}

/** begin starts a run over a store that a test controls; the real one is tested over the wire. */
function begin(options: { script?: Script; bounds?: Partial<RunBounds>; store?: Store; closing?: AbortSignal }) {
  const saved: AnswerRows[] = []
  const finished: FinishedRun[] = []
  const log = createRunLog()
  log.append({ type: 'RunStarted', runId: 'run', sessionId: 'session', userMessageId: 'question', messageId: 'answer' })
  const run = startRun(
    {
      engine: createScriptedEngine(options.script),
      repository: {
        async saveProgress(rows) {
          await options.store?.save?.(rows)
          saved.push(structuredClone(rows))
          return undefined
        },
        async finishRun(row) {
          const kept = options.store?.finish
            ? await options.store.finish(row)
            : { status: row.status, errorCode: row.errorCode }
          finished.push(structuredClone(row))
          return kept
        },
      },
      clock: systemClock,
      log: createLog({ level: 'silent' }),
      bounds: { ...defaultRunBounds, ...options.bounds },
      closing: options.closing ?? new AbortController().signal,
    },
    {
      log,
      context: {
        runId: 'run',
        userId: 'user',
        userName: 'Sari',
        locale: 'en',
        business: {
          id: 'business',
          name: 'Warung',
          stage: 'Idea',
          category: 'Food',
          description: null,
          primaryGoal: null,
          targetMarket: null,
          timeZone: 'UTC',
          currency: 'USD',
        },
      },
      facts: [],
      sessionId: 'session',
      assistantMessageId: 'answer',
      message: 'Hi',
      said: { history: [], summary: undefined },
      budget: openBudget(),
    },
  )
  return { run, saved, finished }
}

const eventsOf = (run: LiveRun): RunEvent[] => run.log.read(0).map(({ event }) => event)
const lastOf = (run: LiveRun) => eventsOf(run).at(-1)
const away = () => Promise.reject(new Error('the database is away'))

describe('a run', () => {
  test('tells its end only after the answer is stored', async () => {
    const storing = Promise.withResolvers<FinishedRun>()
    const commit = Promise.withResolvers<KeptStatus>()
    const { run } = begin({
      store: {
        finish(row) {
          storing.resolve(row)
          return commit.promise
        },
      },
    })
    const row = await storing.promise
    assert.equal(row.content, 'Hello, Sari.')
    assert.equal(run.log.ended, false)
    commit.resolve({ status: 'complete', errorCode: null })
    await run.settled
    assert.equal(lastOf(run)?.type, 'RunFinished')
  })

  test('is stored when the database comes back in time, and nobody notices', async () => {
    let attempts = 0
    const { run, finished } = begin({
      store: {
        finish: async (row) => (++attempts < 3 ? away() : { status: row.status, errorCode: row.errorCode }),
      },
    })
    await run.settled
    assert.equal(attempts, 3)
    assert.equal(finished.length, 1)
    assert.equal(lastOf(run)?.type, 'RunFinished')
  })

  test('lets its readers go while the database stays away, and is stored as they were told when it is back', async () => {
    let back = false
    const { run, finished } = begin({
      bounds: { storageWaitMs: 10 },
      store: { finish: async (row) => (back ? { status: row.status, errorCode: row.errorCode } : away()) },
    })
    await run.ended
    const told = lastOf(run)
    assert.ok(told?.type === 'RunFailed')
    assert.equal(told.code, 'storage_unavailable')
    back = true
    await run.settled
    const [row] = finished
    assert.equal(row?.status, 'interrupted')
    assert.equal(row?.errorCode, 'storage_unavailable')
    assert.equal(row?.content, 'Hello, Sari.')
    assert.deepEqual(row?.record.at(-1), told)
    assert.equal(eventsOf(run).filter(({ type }) => type === 'RunFailed').length, 1)
  })

  test('lets its readers go when storing hangs', async () => {
    const { run } = begin({ bounds: { storageWaitMs: 10 }, store: { finish: () => new Promise(() => {}) } })
    await run.ended
    assert.equal(lastOf(run)?.type, 'RunFailed')
  })

  test('gives storing up after a time, and its row is left to expire', async () => {
    const { run } = begin({ bounds: { storageWaitMs: 10, storageGiveUpMs: 10 }, store: { finish: away } })
    await run.settled
    assert.equal(lastOf(run)?.type, 'RunFailed')
  })

  test('that is abandoned ends at once, whatever the database does', async () => {
    const storing = Promise.withResolvers<void>()
    const { run } = begin({
      store: {
        finish() {
          storing.resolve()
          return away()
        },
      },
    })
    await storing.promise
    run.abandon()
    const last = lastOf(run)
    assert.ok(last?.type === 'RunFailed')
    assert.equal(last.code, 'server_stopping')
    await run.settled
    assert.equal(lastOf(run), last)
  })

  const endedElsewhere = [
    { status: 'stopped', errorCode: null, told: 'RunFinished' },
    { status: 'interrupted', errorCode: 'interrupted', told: 'RunFailed' },
    { status: undefined, errorCode: null, told: 'RunFailed' },
  ] as const
  for (const { status, errorCode, told } of endedElsewhere) {
    test(`that the database has as ${status ?? 'gone'} tells that`, async () => {
      const { run } = begin({ store: { finish: async () => status && { status, errorCode } } })
      await run.settled
      const last = lastOf(run)
      assert.equal(last?.type, told)
      if (last?.type === 'RunFinished') assert.equal(last.status, status)
    })
  }

  test('ends after its time, and an engine that does not listen is left behind', async () => {
    const deaf: Script = async function* () {
      yield { type: 'AgentStream', delta: 'Well' }
      await new Promise(() => {})
    }
    const { run, finished } = begin({ script: deaf, bounds: { runLimitMs: 10, abortGraceMs: 10 } })
    await run.settled
    assert.equal(finished[0]?.errorCode, 'run_timeout')
    assert.equal(finished[0]?.content, 'Well')
  })

  test('is cut when its answer grows out of bounds', async () => {
    const endless: Script = async function* (_input, signal) {
      for (;;) {
        signal.throwIfAborted()
        yield { type: 'AgentStream', delta: 'x'.repeat(100) }
      }
    }
    const { run, finished } = begin({ script: endless, bounds: { answerLimit: 1_000 } })
    await run.settled
    assert.equal(finished[0]?.errorCode, 'answer_too_long')
    assert.equal(finished[0]?.content.length, 1_100)
  })

  test('closes what its engine holds open, also when it ends well', async () => {
    let signal: AbortSignal | undefined
    const { run } = begin({
      script(input, given) {
        signal = given
        return say(input, 'Done.')
      },
    })
    await run.settled
    assert.equal(signal?.aborted, true)
  })

  test('saves its progress while it goes on, never twice at a time, and fails not when that fails', async () => {
    let saves = 0
    let atOnce = 0
    const enough = Promise.withResolvers<void>()
    const ticking: Script = async function* (input, signal) {
      for (;;) {
        if (saves >= 4) break
        yield { type: 'AgentStream', delta: '.' }
        await opened(new Promise(setImmediate), signal)
      }
      enough.resolve()
      yield* say(input, 'End.')
    }
    const { run, saved } = begin({
      script: ticking,
      bounds: { flushEveryMs: 1 },
      store: {
        async save() {
          assert.equal(++atOnce, 1)
          await new Promise(setImmediate)
          atOnce--
          if (++saves === 2) await away()
        },
      },
    })
    await enough.promise
    await run.settled
    assert.equal(lastOf(run)?.type, 'RunFinished')
    for (const rows of saved) {
      assert.match(rows.content, /^\.+$/)
      assert.equal(
        rows.record.reduce((sum: number, entry) => sum + (typeof entry === 'number' ? entry : 0), 0),
        rows.content.length,
        'record and content are of one moment',
      )
    }
  })
})
