import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { newId } from '../../platform/ids.ts'
import { createAnswerProgress } from './answer-progress.ts'
import { type AnswerRows, type ChatRepository, createChatRepository } from './repository.ts'
import type { RunRecord } from './run-record.ts'

const started = (runId: string): RunRecord[number] => ({
  type: 'RunStarted',
  runId,
  sessionId: 's',
  userMessageId: 'q',
  messageId: 'a',
})
const call = { call_id: 'c1', tool: 't', args: { a: 'é' }, ok: true, output: 1 }

describe('the progress of an answer', () => {
  let server: TestServer
  let rows: ChatRepository
  before(async () => {
    server = await startTestServer()
    rows = createChatRepository(server.store.db)
  })
  after(() => server.close())

  /** begin starts a run and gives its answer as it stands after so many pieces. */
  async function begin(): Promise<{ answer: (...pieces: string[]) => AnswerRows; sessionId: string }> {
    const { user, business } = await server.owner()
    const [runId, sessionId, assistantMessageId] = [newId(), newId(), newId()]
    const result = await rows.startRun({
      runId,
      userId: user.id,
      businessId: business.id,
      session: { id: sessionId, title: 'Hi', isNew: true },
      userMessage: { id: newId(), content: 'Hi' },
      place: { kind: 'end' },
      clientMessageId: null,
      names: undefined,
      assistantMessageId,
      record: [started(runId)],
      limits: { runsPerOwner: 0, perDay: 0 },
      budget: { day: '2026-11-22', tokens: 10, historyTokens: 0, model: 'm', tariff: null },
      liveHere: [],
      instance: 0,
      at: new Date(),
    })
    assert.equal(result.kind, 'started')
    return {
      sessionId,
      answer: (...pieces) => ({
        runId,
        assistantMessageId,
        content: pieces.join(''),
        toolCalls: pieces.length > 2 ? [call] : [],
        record: [started(runId), ...pieces.map((piece) => piece.length)],
        charge: {
          model: 'm',
          usage: { inputTokens: 7, outputTokens: pieces.length },
          isEstimated: true,
          tariff: null,
        },
      }),
    }
  }

  async function stored({ runId }: AnswerRows) {
    const found = await rows.runWithAnswer(runId)
    assert.ok(found)
    const { run, answer } = found
    return { record: run.record, content: answer.content, toolCalls: answer.toolCalls, charged: run.chargedOutput }
  }

  const asStored = ({ record, content, toolCalls, charge }: AnswerRows) => ({
    record,
    content,
    toolCalls: toolCalls.length > 0 ? toolCalls : null,
    charged: charge.usage.outputTokens,
  })

  test('is stored whole at first, and then by what is new, to the letter', async () => {
    const { answer } = await begin()
    const pieces = ['Untung “', '🌱é', '\n{"]"', ',]', 'x']
    let before
    for (let count = 1; count <= pieces.length; count++) {
      const now = answer(...pieces.slice(0, count))
      before = await rows.saveProgress(now, before)
      assert.ok(before)
      assert.deepEqual(await stored(now), asStored(now))
    }
    const same = answer(...pieces)
    assert.deepEqual(await rows.saveProgress(same, before), before)
    assert.deepEqual(await stored(same), asStored(same))
  })

  test('is never appended twice, and is whole again with the next time', async () => {
    const { answer } = await begin()
    const before = await rows.saveProgress(answer('One ', 'two '))
    const now = answer('One ', 'two ', 'three ')
    assert.ok(await rows.saveProgress(now, before))
    assert.equal(await rows.saveProgress(now, before), undefined)
    assert.deepEqual(await stored(now), asStored(now))
    const later = answer('One ', 'two ', 'three ', 'four')
    assert.ok(await rows.saveProgress(later))
    assert.deepEqual(await stored(later), asStored(later))
  })

  test('of many runs is stored in one statement, and one that has ended meanwhile stays as it ended', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, begin))
    const [ended, ...others] = runs
    assert.ok(ended)
    const whole = ended.answer('The ', 'end.')
    await rows.finishRun({
      ...whole,
      sessionId: ended.sessionId,
      status: 'complete',
      errorCode: null,
      usage: null,
      at: new Date(),
    })
    let statements = 0
    const { db } = server.store
    const counted = new Proxy(db, {
      get(target, name) {
        if (name === 'execute') statements++
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const progress = createAnswerProgress(counted)
    const saved = await Promise.all(runs.map(({ answer }) => progress.saveProgress(answer('Late'))))
    assert.equal(statements, 1)
    assert.deepEqual(
      saved.map((progressed) => progressed !== undefined),
      [false, true, true, true, true],
    )
    assert.deepEqual(await stored(whole), asStored(whole))
    for (const { answer } of others) assert.equal((await stored(answer('Late'))).content, 'Late')
  })

  test('waits for nobody who holds the row of a run, and is stored the next time', async () => {
    const [held, free] = await Promise.all([begin(), begin()])
    const now = held.answer('Held')
    const client = await server.pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('SELECT FROM chat_runs WHERE id = $1 FOR UPDATE', [now.runId])
      const [first, second] = await Promise.all([rows.saveProgress(now), rows.saveProgress(free.answer('Free'))])
      assert.equal(first, undefined)
      assert.ok(second)
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
    assert.ok(await rows.saveProgress(now))
    assert.deepEqual(await stored(now), asStored(now))
  })
})
