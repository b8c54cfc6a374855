import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Answer } from '../../../../test/harness.ts'
import { type ChatServer, startChatServer } from '../testing/chat-server.ts'
import { assertWhole, type Sent } from '../testing/run-stream.ts'
import { lookUp, opened, say } from '../testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

const never = new Promise<void>(() => {})

describe('budgets of owners', () => {
  let server: ChatServer
  let now = new Date()
  let owner: Owner
  let admin: string

  before(async () => {
    server = await startChatServer({
      clock: { now: () => now },
      env: { DEFAULT_TIME_ZONE: 'Asia/Jakarta', LLM_PRICES: 'scripted=1.5/6,other=100/200', CHAT_LIMIT_PER_DAY: '5' },
    })
  })
  after(() => server.close())
  beforeEach(async () => {
    now = new Date('2026-11-22T10:00:00Z')
    owner = await server.owner()
    admin = await server.adminToken()
    server.engine.script = (input) => say(input, 'Hello', ', ', 'Sari.')
  })

  const post = (body: Record<string, unknown> = { content: 'Hi' }, { token } = owner) =>
    server.api('POST', '/chat/completion', { token, body })
  const usage = async (query = '', { token } = owner) =>
    (await server.api('GET', `/chat/usage${query}`, { token })).json
  const asAdmin = (method: string, path: string, body?: unknown) =>
    server.api(method, `/admin/chat/${path}`, { token: admin, body })
  const mine = (method: string, body?: unknown) => asAdmin(method, `budgets/users/${owner.user.id}`, body)

  /** allow gives the owner a budget of their own. */
  async function allow(budget: { tokens_per_day?: number | null; runs_per_day?: number | null }): Promise<void> {
    const answer = await mine('PUT', budget)
    assert.equal(answer.status, 200, answer.text)
  }

  function assertRefused(answer: Answer, code: string, retryAfter: number): void {
    assert.equal(answer.status, 429, answer.text)
    assert.equal(answer.json.code, code)
    assert.equal(Number(answer.headers.get('retry-after')), retryAfter)
  }

  const sessionOf = (sent: Sent[]): string => {
    const last = assertWhole(sent)
    assert.ok(last.type === 'done')
    return last.data.session_id
  }

  test('without a budget nothing is refused for its tokens, and what was used is told with its cost', async () => {
    const session = sessionOf(await (await server.send(owner, 'How am I doing?')).rest())
    await (await server.send(owner, { content: 'And now?', session_id: session })).rest()
    const sums = {
      runs: 2,
      estimated_runs: 0,
      input_tokens: 24,
      output_tokens: 6,
      costs: [{ currency: 'USD', amount: 0.000072 }],
    }
    assert.deepEqual(await usage(), {
      from: '2026-10-24',
      to: '2026-11-22',
      time_zone: 'Asia/Jakarta',
      today: {
        day: '2026-11-22',
        ends_at: '2026-11-22T17:00:00.000Z',
        tokens: { used: 30, reserved: 0, limit: null, left: null },
        runs: { used: 2, limit: 5, left: 3, counted_over: 'last_24_hours' },
      },
      total: sums,
      days: [{ day: '2026-11-22', ...sums }],
      models: [{ model: 'scripted', ...sums }],
      sessions: [{ session_id: session, title: 'How am I doing?', ...sums }],
    })
  })

  test('a message that does not fit any more is refused until the day ends, in the language of its owner', async () => {
    await allow({ tokens_per_day: 4_100 })
    server.engine.script = async function* (input) {
      yield* say(input, 'A short answer.')
    }
    await (await server.send(owner, 'Hi')).rest()
    const { today } = await usage()
    assert.deepEqual(today.tokens, { used: 13, reserved: 0, limit: 4_100, left: 4_087 })
    await server.pool.query('UPDATE chat_budget_days SET used_tokens = 4090 WHERE user_id = $1', [owner.user.id])
    assertRefused(await post(), 'token_budget_spent', 7 * 3_600)
    await server.api('PATCH', '/auth/me', { token: owner.token, body: { locale: 'id' } })
    const refused = await post()
    assertRefused(refused, 'token_budget_spent', 7 * 3_600)
    assert.match(refused.json.detail, /^Jatah Anda .* dalam 7 jam\.$/)
    assert.equal((await server.api('GET', '/chat/sessions', { token: owner.token })).json.length, 1)

    now = new Date('2026-11-22T17:00:00Z')
    owner = { ...owner, token: await server.login(owner.email) }
    await (await server.send(owner, 'A new day')).rest()
    assert.equal((await usage()).today.day, '2026-11-23')
  })

  test('answers under way hold what they may use, and give back what they did not', async () => {
    await allow({ tokens_per_day: 5_000 })
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Well. ' }
      await opened(gate.promise, signal)
      yield* say(input, 'Done.')
    }
    const stream = await server.send(owner, 'One')
    const { today } = await usage()
    assert.equal(today.tokens.used, 0)
    assert.ok(today.tokens.reserved > 4_000 && today.tokens.reserved <= 5_000, String(today.tokens.reserved))
    assertRefused(await post(), 'token_budget_held', 15)
    gate.resolve()
    await stream.rest()
    assert.deepEqual((await usage()).today.tokens, { used: 13, reserved: 0, limit: 5_000, left: 4_987 })
    await (await server.send(owner, 'Two')).rest()
  })

  test('an answer that needs more than was reserved reserves more, step by step, and ends where no more is to be had', async () => {
    await allow({ tokens_per_day: 20_000 })
    let steps = 0
    let closed = false
    server.engine.script = async function* () {
      try {
        yield { type: 'AgentStream', delta: 'Let me look. ' }
        for (; steps < 50; steps++) yield* lookUp(`call-${steps}`)
      } finally {
        closed = true
      }
    }
    const last = assertWhole(await (await server.send(owner, 'Look it all up')).rest())
    assert.ok(last.type === 'error')
    assert.equal(last.data.code, 'token_budget_spent')
    assert.ok(closed, 'the engine was closed')
    assert.ok(steps >= 4 && steps <= 6, `${steps} steps of some 3,000 tokens`)
    const { today, total } = await usage()
    assert.equal(today.tokens.reserved, 0)
    assert.ok(today.tokens.used > 10_000 && today.tokens.used <= 20_000, String(today.tokens.used))
    assert.equal(total.estimated_runs, 1)
  })

  test('a long history is counted before the model is asked', async () => {
    const long = 'word '.repeat(1_500)
    const session = sessionOf(await (await server.send(owner, long)).rest())
    await allow({ tokens_per_day: 6_000 })
    assertRefused(await post({ content: 'Go on', session_id: session }), 'token_budget_spent', 7 * 3_600)
    await (await server.send(owner, 'Something short')).rest()
  })

  test('a stopped answer, and one whose model server reports nothing, are estimated', async () => {
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentInput', message: input.message }
      yield { type: 'AgentStream', delta: 'x'.repeat(300) }
      await opened(never, signal)
    }
    const stream = await server.send(owner, 'Tell me')
    await stream.until('token')
    await server.api('POST', `/chat/runs/${stream.runId}/stop`, { token: owner.token })
    server.engine.script = async function* (input) {
      yield { type: 'AgentInput', message: input.message }
      yield { type: 'AgentStream', delta: 'x'.repeat(300) }
      yield { type: 'AgentOutput', text: 'x'.repeat(300), usage: { inputTokens: 0, outputTokens: 0 } }
    }
    await (await server.send(owner, 'Tell me')).rest()
    const { total } = await usage()
    assert.equal(total.estimated_runs, 2)
    assert.equal(total.output_tokens, 200)
    assert.ok(total.input_tokens > 6_000)
  })

  test('a run whose process is gone is settled by what it had noted when it is marked interrupted', async () => {
    await allow({ tokens_per_day: 50_000 })
    server.engine.script = async function* (_input, signal) {
      yield { type: 'AgentStream', delta: 'x'.repeat(3_000) }
      await opened(never, signal)
    }
    const there = await startChatServer({ databaseUrl: server.databaseUrl, clock: { now: () => now } })
    try {
      const stream = await server.send(owner, 'Tell me')
      let noted = 0
      while (noted === 0) {
        const { rows } = await server.pool.query('SELECT charged_output FROM chat_runs WHERE id = $1', [stream.runId])
        noted = rows[0].charged_output
      }
      await server.pool.query(`UPDATE chat_runs SET lease_until = now() - interval '1 second' WHERE id = $1`, [
        stream.runId,
      ])
      await there.app.chat.leases.tick()
      const { today, total } = await usage()
      assert.equal(today.tokens.reserved, 0)
      assert.equal(total.output_tokens, 1_000)
      assert.equal(today.tokens.used, total.input_tokens + 1_000)
      await server.app.chat.leases.tick()
      await stream.rest()
      assert.deepEqual((await usage()).total, total)
    } finally {
      await there.close()
    }
  })

  test('a number of runs by the day takes the place of the messages of 24 hours, and null brings these back', async () => {
    await allow({ runs_per_day: 2 })
    for (const message of ['One', 'Two']) await (await server.send(owner, message)).rest()
    assertRefused(await post(), 'run_budget_spent', 7 * 3_600)
    assert.deepEqual((await usage()).today.runs, { used: 2, limit: 2, left: 0, counted_over: 'day' })
    await allow({ runs_per_day: 0 })
    for (let i = 0; i < 5; i++) await (await server.send(owner, 'More')).rest()
    await allow({ runs_per_day: null })
    assertRefused(await post(), 'too_many_requests', 86_400)
  })

  test('of an owner goes before the programme’s, until it is taken away', async () => {
    assert.equal((await asAdmin('PUT', 'budgets', { tokens_per_day: 1 })).status, 200)
    try {
      assertRefused(await post(), 'token_budget_spent', 7 * 3_600)
      await allow({ tokens_per_day: 0 })
      await (await server.send(owner, 'Hi')).rest()
      const { json } = await mine('GET')
      assert.deepEqual([json.user_id, json.tokens_per_day, json.runs_per_day], [owner.user.id, 0, null])
      assert.deepEqual(json.today.tokens, { used: 15, reserved: 0, limit: null, left: null })
      const { json: listed } = await asAdmin('GET', 'budgets/users?limit=1')
      assert.equal(listed[0].user_name, 'Sari Dewi')
      assert.equal((await mine('DELETE')).status, 204)
      assertRefused(await post(), 'token_budget_spent', 7 * 3_600)
    } finally {
      await asAdmin('PUT', 'budgets', { tokens_per_day: null })
    }
    await (await server.send(owner, 'Hi')).rest()
    const audit = await server.api('GET', '/admin/audit?subject_type=chat_budget&limit=2', { token: admin })
    assert.deepEqual(
      audit.json.map((entry: Record<string, unknown>) => [entry['action'], entry['after']]),
      [
        ['chat_budget.update', { tokens_per_day: null, runs_per_day: null }],
        ['chat_budget.delete', null],
      ],
    )
  })

  test('numbers that cannot be meant are refused, and change nothing', async () => {
    for (const body of [
      { tokens_per_day: -1 },
      { runs_per_day: 1.5 },
      { runs_per_day: 10_000_000 },
      { tokens_per_day: '5' },
    ])
      assert.equal((await mine('PUT', body)).status, 422, JSON.stringify(body))
    assert.equal((await mine('GET')).json.updated_at, null)
  })

  test('the model that answered is the one that is paid, at the price of its time', async () => {
    server.engine.script = async function* (input) {
      yield { type: 'AgentInput', message: input.message }
      yield { type: 'AgentStream', delta: 'Hi' }
      yield { type: 'AgentOutput', text: 'Hi', usage: { inputTokens: 1_000, outputTokens: 10 }, model: 'other' }
    }
    await (await server.send(owner, 'Hi')).rest()
    const cost = (amount: number, currency = 'USD') => [{ currency, amount }]
    assert.deepEqual(
      (await usage()).models.map(({ model, costs }: Record<string, unknown>) => [model, costs]),
      [['other', cost(0.102)]],
    )
    const dearer = await startChatServer({
      databaseUrl: server.databaseUrl,
      clock: { now: () => now },
      script: server.engine.script,
      env: { DEFAULT_TIME_ZONE: 'Asia/Jakarta', LLM_PRICES: '*=1000/0', LLM_PRICE_CURRENCY: 'IDR' },
    })
    try {
      await (await dearer.send(owner, 'Hi')).rest()
      const { total, sessions } = (await dearer.api('GET', '/chat/usage', { token: owner.token })).json
      assert.deepEqual(total.costs, [...cost(1, 'IDR'), ...cost(0.102)])
      assert.deepEqual(
        sessions.flatMap(({ costs }: { costs: unknown[] }) => costs).length,
        2,
        'each conversation has the cost of its time',
      )
    } finally {
      await dearer.close()
    }
  })

  test('what an erased account has used stays in the sums, without a name', async () => {
    const before = (await asAdmin('GET', 'usage')).json
    await (await server.send(owner, 'Hi')).rest()
    const told = (await asAdmin('GET', 'usage')).json
    const isMine = ({ user_id }: { user_id: string }) => user_id === owner.user.id
    assert.equal(told.total.input_tokens, before.total.input_tokens + 12)
    assert.equal(told.owners.find(isMine).user_email, owner.email)
    await allow({ tokens_per_day: 9 })
    const body = { password: 'a-long-enough-password' }
    assert.equal((await server.api('DELETE', '/auth/me', { token: owner.token, body })).status, 204)
    const after = (await asAdmin('GET', 'usage')).json
    assert.deepEqual(after.total, told.total)
    assert.deepEqual(after.days, told.days)
    assert.equal(after.owners.find(isMine), undefined)
    for (const table of ['chat_usage_days', 'chat_budget_days', 'chat_budgets', 'chat_runs']) {
      const { rows } = await server.pool.query(`SELECT FROM ${table} WHERE user_id = $1`, [owner.user.id])
      assert.equal(rows.length, 0, table)
    }
  })

  test('an owner sees what is theirs alone, and the days that were asked for', async () => {
    await (await server.send(owner, 'Hi')).rest()
    const stranger = await server.owner()
    const theirs = await usage('', stranger)
    assert.deepEqual([theirs.total.runs, theirs.days, theirs.sessions, theirs.models], [0, [], [], []])
    const earlier = await usage('?from=2026-11-01&to=2026-11-21')
    assert.deepEqual([earlier.from, earlier.to, earlier.total.runs], ['2026-11-01', '2026-11-21', 0])
    assert.equal((await usage('?from=2026-11-22')).total.runs, 1)
    for (const query of ['?from=2026-11-23&to=2026-11-22', '?from=2025-01-01', '?to=yesterday'])
      assert.equal((await server.api('GET', `/chat/usage${query}`, { token: owner.token })).status, 422, query)
  })

  test('a deleted conversation keeps its sums and loses its title', async () => {
    const session = sessionOf(await (await server.send(owner, 'A secret')).rest())
    await server.api('DELETE', `/chat/sessions/${session}`, { token: owner.token })
    const [told] = (await usage()).sessions
    assert.deepEqual([told.session_id, told.title, told.runs], [session, null, 1])
  })
})

test('the offline advisor uses no tokens and is refused for none', async () => {
  const server = await startChatServer()
  const plain = await startChatServer({ databaseUrl: server.databaseUrl })
  try {
    server.engine.script = async function* (input) {
      yield { type: 'AgentInput', message: input.message }
      yield { type: 'AgentStream', delta: 'Hi' }
      yield { type: 'AgentOutput', text: 'Hi', usage: { inputTokens: 0, outputTokens: 0 }, model: 'offline' }
    }
    const owner = await server.owner()
    await (await server.send(owner, 'Hi')).rest()
    const { json } = await server.api('GET', '/chat/usage', { token: owner.token })
    assert.deepEqual([json.total.runs, json.total.estimated_runs, json.total.input_tokens], [1, 0, 0])
    assert.equal(json.models[0].model, 'offline')
  } finally {
    await plain.close()
    await server.close()
  }
})

test('more live runs than a process may have are refused, and a place is free again when a run has ended', async () => {
  const server = await startChatServer({ env: { MAX_LIVE_RUNS: '2' } })
  try {
    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Well. ' }
      await opened(gate.promise, signal)
      yield* say(input, 'Done.')
    }
    const owners = [await server.owner(), await server.owner(), await server.owner()] as const
    const message = { content: 'Hi', client_message_id: 'once' }
    const live = [await server.send(owners[0], message), await server.send(owners[1], 'Hi')]
    const refused = await server.api('POST', '/chat/completion', { token: owners[2].token, body: { content: 'Hi' } })
    assert.deepEqual([refused.status, refused.json.code], [429, 'too_many_live_runs'])
    assert.equal(refused.headers.get('retry-after'), '5')
    // A retry joins its run, and is no run of its own.
    live.push(await server.send(owners[0], message))
    gate.resolve()
    for (const stream of live) await stream.rest()
    for (let i = 0; i < 3; i++) await (await server.send(owners[2], 'Hi')).rest()
  } finally {
    await server.close()
  }
})
