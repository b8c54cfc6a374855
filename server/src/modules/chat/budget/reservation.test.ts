import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { startTestServer, type TestServer } from '../../../../test/harness.ts'
import { openPool, type Store } from '../../../platform/db/database.ts'
import { newId } from '../../../platform/ids.ts'
import { type ChatRepository, createChatRepository } from '../repository.ts'
import { extend, settle } from './budget-repository.ts'

const BUDGET = 10_000
const DAY = '2026-11-22'

type Owner = { userId: string; businessId: string }
type LiveRun = { runId: string; sessionId: string; messageId: string; owner: Owner; reserved: number }

describe('what is reserved of a day', () => {
  let server: TestServer
  let second: Store
  /** Two processes on one database. */
  let instances: [{ rows: ChatRepository; store: Store }, { rows: ChatRepository; store: Store }]

  before(async () => {
    server = await startTestServer({ env: { MAX_LIVE_RUNS: '0' } })
    second = openPool({ connectionString: server.databaseUrl }, () => {})
    const instance = (store: Store) => ({ store, rows: createChatRepository(store.db) })
    instances = [instance(server.store), instance(second)]
    await server.api('PUT', '/admin/chat/budgets', {
      token: await server.adminToken(),
      body: { tokens_per_day: BUDGET },
    })
  })
  after(async () => {
    await second.pool.end()
    await server.close()
  })

  async function owner(): Promise<Owner> {
    const { user, business } = await server.owner()
    return { userId: user.id, businessId: business.id }
  }

  async function start(at: 0 | 1, whose: Owner, tokens: number): Promise<LiveRun | undefined> {
    const [runId, sessionId, messageId] = [newId(), newId(), newId()]
    const result = await instances[at].rows.startRun({
      runId,
      userId: whose.userId,
      businessId: whose.businessId,
      session: { id: sessionId, title: 'Hi', isNew: true },
      userMessage: { id: newId(), content: 'Hi' },
      place: { kind: 'end' },
      clientMessageId: null,
      names: undefined,
      assistantMessageId: messageId,
      record: [],
      limits: { runsPerOwner: 0, perDay: 0 },
      budget: {
        day: DAY,
        tokens,
        historyTokens: 0,
        model: 'm',
        tariff: { input: '1.5', output: '6', currency: 'USD' },
      },
      liveHere: [],
      instance: 0,
      at: new Date(),
    })
    if (result.kind === 'budget_spent') return undefined
    assert.equal(result.kind, 'started')
    return { runId, sessionId, messageId, owner: whose, reserved: tokens }
  }

  async function finish(at: 0 | 1, run: LiveRun, used: number): Promise<void> {
    await instances[at].rows.finishRun({
      runId: run.runId,
      sessionId: run.sessionId,
      assistantMessageId: run.messageId,
      content: 'Yes',
      toolCalls: [],
      record: [],
      charge: { model: 'm', usage: { inputTokens: used, outputTokens: 0 }, isEstimated: false, tariff: null },
      status: 'complete',
      errorCode: null,
      usage: { inputTokens: used, outputTokens: 0 },
      at: new Date(),
    })
  }

  /** crash leaves a run behind as a process does that was killed after it had noted what it has used so far. */
  async function crash(run: LiveRun, used: number): Promise<void> {
    await server.pool.query(
      `UPDATE chat_runs SET lease_until = now() - interval '1 second', charged_input = $2 WHERE id = $1`,
      [run.runId, used],
    )
  }

  async function held({ userId }: Owner): Promise<{ used: number; reserved: number; runs: number }> {
    const { rows } = await server.pool.query(
      'SELECT used_tokens AS used, reserved_tokens AS reserved, runs FROM chat_budget_days WHERE user_id = $1',
      [userId],
    )
    return rows[0] ?? { used: 0, reserved: 0, runs: 0 }
  }

  async function kept({ userId }: Owner): Promise<{ tokens: number; runs: number }> {
    const { rows } = await server.pool.query(
      `SELECT coalesce(sum(input_tokens + output_tokens), 0)::bigint AS tokens, coalesce(sum(runs), 0)::bigint AS runs
      FROM chat_usage_days WHERE user_id = $1`,
      [userId],
    )
    return rows[0]
  }

  test('never passes the budget, whoever reserves, settles and dies at once, and is all given back in the end', async () => {
    const step = fc.record({
      kind: fc.constantFrom('start', 'start', 'extend', 'finish', 'crash', 'stop', 'sweep'),
      at: fc.constantFrom(0 as const, 1 as const),
      who: fc.nat(1),
      which: fc.nat(),
      tokens: fc.integer({ min: 1, max: 6_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 8 }), async (batches) => {
        const owners = [await owner(), await owner()]
        const live: LiveRun[] = []
        const usedBy = new Map(owners.map(({ userId }) => [userId, 0]))
        const startedBy = new Map(owners.map(({ userId }) => [userId, 0]))
        const charge = ({ owner: { userId } }: LiveRun, used: number) =>
          usedBy.set(userId, (usedBy.get(userId) ?? 0) + used)

        for (const batch of batches) {
          const work = batch.map(async ({ kind, at, who, which, tokens, share }) => {
            if (kind === 'start') {
              const whose = owners[who]
              assert.ok(whose)
              const run = await start(at, whose, tokens)
              if (!run) return
              live.push(run)
              startedBy.set(whose.userId, (startedBy.get(whose.userId) ?? 0) + 1)
              return
            }
            if (kind === 'sweep') {
              await instances[at].rows.interruptExpired([])
              return
            }
            // Taken out at once: of two that pick the same run, the second picks another.
            const [run] = live.splice(live.length === 0 ? 0 : which % live.length, 1)
            if (!run) return
            const used = Math.floor(run.reserved * share)
            if (kind === 'extend') {
              const upTo = run.reserved + tokens
              const grown = await extend(instances[at].store.db, { runId: run.runId, upTo, limit: BUDGET })
              live.push({ ...run, reserved: grown ? upTo : run.reserved })
            } else if (kind === 'finish') {
              await finish(at, run, used)
              charge(run, used)
            } else if (kind === 'stop') {
              await instances[at].rows.markStopped(run.runId)
              await finish(at, run, used)
              charge(run, used)
            } else {
              await crash(run, used)
              charge(run, used)
            }
          })
          await Promise.all(work)
          for (const whose of owners) {
            const { used, reserved } = await held(whose)
            assert.ok(used + reserved <= BUDGET, `${used} used and ${reserved} reserved`)
          }
        }

        for (const run of live) await crash(run, 0)
        await Promise.all(instances.map(({ rows }) => rows.interruptExpired([])))
        for (const whose of owners) {
          const [used, runs] = [usedBy.get(whose.userId), startedBy.get(whose.userId)]
          assert.deepEqual(await held(whose), { used, reserved: 0, runs })
          assert.deepEqual(await kept(whose), { tokens: used, runs })
        }
      }),
      { numRuns: 25 },
    )
  })

  test('is given to as many as fit, of many that ask at once', async () => {
    const whose = await owner()
    const runs = await Promise.all(Array.from({ length: 12 }, (_, i) => start(i % 2 === 0 ? 0 : 1, whose, 3_000)))
    assert.equal(runs.filter(Boolean).length, 3)
    assert.deepEqual(await held(whose), { used: 0, reserved: 9_000, runs: 3 })
    const [run] = runs.filter((one) => one !== undefined)
    assert.ok(run)
    const grown = await Promise.all(
      [10_000, 4_000, 4_500].map((upTo) => extend(second.db, { runId: run.runId, upTo, limit: BUDGET })),
    )
    assert.equal(grown[0], false)
    assert.ok((await held(whose)).reserved <= BUDGET)
  })

  test('of a run that another process has stopped and whose own has died is given back', async () => {
    const whose = await owner()
    const run = await start(0, whose, 3_000)
    assert.ok(run)
    await server.pool.query('UPDATE chat_runs SET charged_input = 700 WHERE id = $1', [run.runId])
    await instances[1].rows.markStopped(run.runId)
    await instances[1].rows.interruptExpired([])
    assert.equal((await held(whose)).reserved, 3_000, 'its process may still be about to store it')
    await server.pool.query(`UPDATE chat_runs SET lease_until = now() - interval '2 minutes' WHERE id = $1`, [
      run.runId,
    ])
    await instances[1].rows.interruptExpired([])
    assert.deepEqual(await held(whose), { used: 700, reserved: 0, runs: 1 })
  })

  test('is settled once: what comes later changes nothing', async () => {
    const whose = await owner()
    const run = await start(0, whose, 3_000)
    assert.ok(run)
    await crash(run, 500)
    await instances[1].rows.interruptExpired([])
    await finish(0, run, 2_000)
    await server.db.transaction((tx) => settle(tx, [run.runId]))
    assert.deepEqual(await held(whose), { used: 500, reserved: 0, runs: 1 })
    assert.deepEqual(await kept(whose), { tokens: 500, runs: 1 })
  })

  test('of a running run cannot be given back', async () => {
    const whose = await owner()
    const run = await start(0, whose, 3_000)
    assert.ok(run)
    await server.db.transaction((tx) => settle(tx, [run.runId]))
    assert.deepEqual(await held(whose), { used: 0, reserved: 3_000, runs: 1 })
  })
})
