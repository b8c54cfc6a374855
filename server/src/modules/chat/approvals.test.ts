import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { calls, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import { assertWhole, openRunStream, type RunStream, type Sent, textOf } from './testing/run-stream.ts'

type Owner = Awaited<ReturnType<TestServer['owner']>>
type Required = Extract<Sent['event'], { type: 'approval_required' }>['data']

const record = calls({ name: 'record_event', args: { type: 'sales_recorded', note: '12 bowls' } })
const types = (sent: Sent[]) => sent.map(({ event }) => event.type)
const dataOf = (sent: Sent[], type: Sent['event']['type']) =>
  sent.flatMap(({ event }) => (event.type === type ? [event.data] : []))

function required(sent: Sent[]): Required {
  const event = sent.at(-1)?.event
  assert.ok(event?.type === 'approval_required', `expected a question to the owner, got ${types(sent).join(', ')}`)
  return event.data
}

describe('an approval', () => {
  let model: ModelServer
  let server: TestServer
  let owner: Owner
  const env = () => ({ LLM_BASE_URL: model.url, LLM_API_KEY: 'sk-test', LLM_MODEL_NAME: 'test' })

  before(async () => {
    model = await startModelServer()
    server = await startTestServer({ env: env() })
  })
  after(async () => {
    await server.close()
    await model.close()
  })
  beforeEach(async () => void (owner = await server.owner()))
  afterEach(() => model.forget())

  const ask = (content = 'I sold 12 bowls, record it', at = server, who = owner): Promise<RunStream> =>
    openRunStream(`${at.url}/api/v1/chat/completion`, {
      method: 'POST',
      headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content, business_id: who.business.id }),
    })
  const decide = (
    run: { runId: string },
    data: Required,
    change: Record<string, unknown> = {},
    at = server,
    who = owner,
  ) =>
    at.api('POST', `/chat/runs/${run.runId}/approvals/${data.approval_id}`, {
      token: who.token,
      body: { decision: 'approve', token: data.token, ...change },
    })
  const ledger = async (who = owner) => (await server.api('GET', '/gamification/points', { token: who.token })).json
  /** toldTheModel is the newest result of a tool that the model was sent. */
  const toldTheModel = () => {
    const last = model.requests.at(-1)?.body.messages.findLast(({ role }) => role === 'tool')
    return JSON.parse(last?.content ?? 'null')
  }

  test('shows what would happen, waits, and then does exactly that, once', async () => {
    model.enqueue(record, says('Recorded!'))
    const run = await ask()
    const asked = required(await run.until('approval_required'))
    assert.equal(asked.tool, 'record_event')
    assert.deepEqual(asked.preview, {
      summary: 'Record “sales recorded” for Warung Sari',
      changes: [
        { label: 'What', before: null, after: 'sales recorded' },
        { label: 'Note', before: null, after: '12 bowls' },
        { label: 'Points', before: '0', after: 'up to 10' },
      ],
    })
    assert.deepEqual(await ledger(), [])
    assert.equal(model.requests.length, 1)

    const answer = await decide(run, asked)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { run_id: run.runId, approval_id: asked.approval_id, decision: 'approved' })
    const rest = await run.rest()
    assert.deepEqual(types(rest).slice(0, 2), ['approval_decided', 'points'])
    assert.ok(types(rest).indexOf('points') < types(rest).indexOf('tool_end'))
    assert.deepEqual(dataOf(rest, 'approval_decided'), [
      { approval_id: asked.approval_id, tool: 'record_event', call_id: asked.call_id, decision: 'approved' },
    ])
    const entries = await ledger()
    assert.equal(entries.length, 1)
    assert.deepEqual(dataOf(rest, 'points'), [
      {
        event_id: entries[0].event_id,
        business_id: owner.business.id,
        type: 'sales_recorded',
        points: 10,
        total_points: 10,
      },
    ])
    assert.equal(toldTheModel().points_awarded, 10)
    const { rows } = await server.pool.query('SELECT metadata, idempotency_key FROM events WHERE id = $1', [
      entries[0].event_id,
    ])
    assert.deepEqual(rows, [
      {
        metadata: { recorded_by: 'advisor', note: '12 bowls' },
        idempotency_key: `advisor ${run.runId} ${asked.call_id}`,
      },
    ])

    const whole = await (
      await openRunStream(`${server.url}/api/v1/chat/runs/${run.runId}/events`, {
        headers: { authorization: `Bearer ${owner.token}` },
      })
    ).rest()
    assert.equal(assertWhole(whole).type, 'done')
    assert.ok(types(whole).includes('approval_required') && types(whole).includes('points'))
  })

  test('tells of a level and an achievement that the event brought', async () => {
    const adminToken = await server.adminToken()
    await server.api('POST', '/admin/gamification/adjustments', {
      token: adminToken,
      body: { business_id: owner.business.id, points: 95, reason: 'a start', idempotency_key: 'start' },
    })
    model.enqueue(record, says('Level up!'))
    const run = await ask()
    await decide(run, required(await run.until('approval_required')))
    const rest = await run.rest()
    const levels = (await server.api('GET', '/business/levels', { token: owner.token })).json
    const at100 = levels.find((level: { required_points: number }) => level.required_points === 100)
    assert.deepEqual(dataOf(rest, 'level_up'), [
      { business_id: owner.business.id, level: { id: at100.id, name: at100.name } },
    ])
    const achievements = (await server.api('GET', '/gamification/achievements', { token: owner.token })).json
    const unlocked = achievements.filter((one: { required_points: number }) => one.required_points === 100)
    assert.deepEqual(
      dataOf(rest, 'achievement'),
      unlocked.map((one: { id: string; title: string; badge_icon: string }) => ({
        business_id: owner.business.id,
        achievement: { id: one.id, title: one.title, badge_icon: one.badge_icon },
      })),
    )
  })

  test('that is denied does nothing, and the answer goes on', async () => {
    model.enqueue(record, says('All right, I left it.'))
    const run = await ask()
    const asked = required(await run.until('approval_required'))
    const answer = await decide(run, asked, { decision: 'deny' })
    assert.equal(answer.json.decision, 'denied')
    const rest = await run.rest()
    assert.match(toldTheModel().error, /said no/)
    assert.equal(textOf(rest), 'All right, I left it.')
    const [end] = rest.flatMap(({ event }) => (event.type === 'tool_end' ? [event] : []))
    assert.equal(end?.data.ok, false)
    assert.equal(end?.message, 'You said no')
    assert.deepEqual(await ledger(), [])
  })

  test('is used once: by nobody a second time, and by one alone of many at the same moment', async () => {
    model.enqueue(record, says('Done.'))
    const run = await ask()
    const asked = required(await run.until('approval_required'))
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => decide(run, asked, { decision: at % 2 === 0 ? 'approve' : 'deny' })),
    )
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    const [taken] = answers.flatMap(({ status, json }) => (status === 200 ? [json.decision] : []))
    for (const { status, json } of answers.filter((one) => one.status !== 200)) {
      assert.ok(status === 409 && (json.code === 'approval_used' || json.code === 'approval_lapsed'), json.code)
      if (json.code === 'approval_used') assert.equal(json.decision, taken)
    }
    await run.rest()
    assert.equal((await ledger()).length, taken === 'approved' ? 1 : 0)
    const again = await decide(run, asked)
    assert.equal(again.status, 409)
    assert.equal(again.json.code, 'approval_used')
    assert.equal((await ledger()).length, taken === 'approved' ? 1 : 0)
  })

  test('needs its own token, its own run and its own owner', async () => {
    model.enqueue(record, record, says('Not without you.'))
    const run = await ask()
    const asked = required(await run.until('approval_required'))
    const stranger = await server.owner()
    const other = await ask('record it', server, stranger)
    const othersAsked = required(await other.until('approval_required'))

    assert.equal((await decide(run, asked, {}, server, stranger)).status, 404)
    assert.equal((await decide(run, { ...asked, approval_id: othersAsked.approval_id })).status, 404)
    assert.equal((await decide(other, othersAsked)).status, 404)
    for (const token of [othersAsked.token, `${asked.token}x`, asked.token.slice(1), 'x', asked.token.toLowerCase()]) {
      const forged = await decide(run, asked, { token })
      assert.equal(forged.status, 403, token)
      assert.equal(forged.json.code, 'approval_token_invalid')
    }
    assert.equal((await decide(run, asked, { token: '' })).status, 422)
    assert.equal((await decide(run, asked, { decision: 'always' })).status, 422)
    assert.equal((await server.api('POST', `/chat/runs/${run.runId}/approvals/${asked.approval_id}`)).status, 401)
    assert.deepEqual(await ledger(), [])
    await server.api('POST', `/chat/runs/${other.runId}/stop`, { token: stranger.token })
    assert.equal((await decide(run, asked, { decision: 'deny' })).status, 200)
    await run.rest()
  })

  test('lapses when its run is stopped', async () => {
    model.enqueue(record)
    const run = await ask()
    const asked = required(await run.until('approval_required'))
    const stopped = await server.api('POST', `/chat/runs/${run.runId}/stop`, { token: owner.token })
    assert.equal(stopped.json.status, 'stopped')
    const late = await decide(run, asked)
    assert.equal(late.status, 409)
    assert.equal(late.json.code, 'approval_lapsed')
    assert.deepEqual(await ledger(), [])
  })

  test('lapses when the process that waited is gone', async () => {
    model.enqueue(record)
    const run = await ask()
    const asked = required(await run.until('approval_required'))
    const second = await startTestServer({ env: env(), databaseUrl: server.databaseUrl })
    try {
      await server.pool.query("UPDATE chat_runs SET lease_until = now() - interval '1 second' WHERE id = $1", [
        run.runId,
      ])
      const late = await decide(run, asked, {}, second)
      assert.equal(late.status, 409)
      assert.equal(late.json.code, 'approval_lapsed')
      assert.deepEqual(await ledger(), [])
    } finally {
      await second.close()
    }
    await server.app.chat.leases.tick()
    await run.rest()
  })

  test('may be decided at another instance, where the run is followed, too', async () => {
    model.enqueue(record, says('Recorded from afar.'))
    const second = await startTestServer({ env: env(), databaseUrl: server.databaseUrl })
    try {
      const run = await ask()
      run.hangUp()
      const follower = await openRunStream(`${second.url}/api/v1/chat/runs/${run.runId}/events`, {
        headers: { authorization: `Bearer ${owner.token}` },
      })
      const asked = required(await follower.until('approval_required'))
      assert.equal((await decide(run, asked, {}, second)).status, 200)
      assert.equal(textOf(await follower.rest()), 'Recorded from afar.')
      assert.equal((await ledger()).length, 1)
    } finally {
      await second.close()
    }
  })

  test('of a profile shows each field before and after, and changes those alone', async () => {
    const before = (await server.api('GET', '/business/profile', { token: owner.token })).json
    model.enqueue(
      calls({
        name: 'update_business_profile',
        args: {
          primary_goal: 'A second stall',
          business_stage: before.business_stage,
          total_points: 9999,
          user_id: 'another',
        },
      }),
      says('Changed.'),
    )
    const run = await ask('my goal is a second stall')
    const asked = required(await run.until('approval_required'))
    assert.deepEqual(asked.preview, {
      summary: 'Change the profile of Warung Sari',
      changes: [{ label: 'Goal', before: null, after: 'A second stall' }],
    })
    await decide(run, asked)
    await run.rest()
    const { updated_at: _, ...now } = (await server.api('GET', '/business/profile', { token: owner.token })).json
    const { updated_at: __, ...was } = before
    assert.deepEqual(now, { ...was, primary_goal: 'A second stall' })
    assert.deepEqual(toldTheModel(), { changed: { primary_goal: 'A second stall' } })
  })

  test('is not asked for in vain: an impossible call fails at once', async () => {
    model.enqueue(
      calls(
        { name: 'record_event', args: { type: 'course_completed' } },
        { name: 'record_event', args: { type: 'made_up' } },
        { name: 'update_business_profile', args: { business_name: 'Warung Sari' } },
        { name: 'update_business_profile', args: { currency: 'XXXX' } },
      ),
      says('None of that.'),
    )
    const sent = await (await ask()).rest()
    assert.ok(!types(sent).includes('approval_required'))
    const results = dataOf(sent, 'tool_end')
    assert.equal(results.length, 4)
    assert.ok(sent.every(({ event }) => event.type !== 'tool_end' || !event.data.ok))
  })

  test('is asked for five times in a run at most', async () => {
    model.enqueue(
      calls(
        ...Array.from({ length: 6 }, (_, at) => ({
          name: 'record_event',
          args: { type: 'sales_recorded', note: `${at}` },
        })),
      ),
      says('Enough.'),
    )
    const run = await ask()
    for (let count = 0; count < 5; count++)
      await decide(run, required(await run.until('approval_required')), { decision: 'deny' })
    const rest = await run.rest()
    assert.ok(!types(rest).includes('approval_required'))
    assert.match(toldTheModel().error, /often enough/)
  })
})

describe('an approval that nobody answers', () => {
  let model: ModelServer
  let server: TestServer
  before(async () => {
    model = await startModelServer()
    server = await startTestServer({
      env: { LLM_BASE_URL: model.url, LLM_API_KEY: 'sk-test', LLM_MODEL_NAME: 'test' },
      // The run itself has less time than the owner: waiting for them does not count.
      agentLimits: { approvalMs: 1_500, approvalPollMs: 50, runMs: 1_000 },
    })
  })
  after(async () => {
    await server.close()
    await model.close()
  })

  test('expires, nothing is done, the model is told, the owner is not asked again, and the run goes on', async () => {
    const owner = await server.owner()
    const other = calls({ name: 'record_event', args: { type: 'stock_counted' } })
    model.enqueue(record, other, says('You were away.'))
    const run = await openRunStream(`${server.url}/api/v1/chat/completion`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content: 'record my sale' }),
    })
    const asked = required(await run.until('approval_required'))
    const rest = await run.rest()
    assert.equal(assertWhole([...(await replay(run.runId, owner.token))]).type, 'done')
    assert.deepEqual(dataOf(rest, 'approval_decided'), [
      { approval_id: asked.approval_id, tool: 'record_event', call_id: asked.call_id, decision: 'expired' },
    ])
    assert.ok(!types(rest).includes('approval_required'))
    assert.equal(textOf(rest), 'You were away.')
    const late = await server.api('POST', `/chat/runs/${run.runId}/approvals/${asked.approval_id}`, {
      token: owner.token,
      body: { decision: 'approve', token: asked.token },
    })
    assert.equal(late.status, 409)
    assert.equal(late.json.code, 'approval_expired')
    const told = model.requests.at(-1)?.body.messages.filter(({ role }) => role === 'tool') ?? []
    assert.match(told[0]?.content ?? '', /did not answer in time/)
    assert.match(told[1]?.content ?? '', /not there to be asked/)
    assert.deepEqual((await server.api('GET', '/gamification/points', { token: owner.token })).json, [])
  })

  async function replay(runId: string, token: string): Promise<Sent[]> {
    const stream = await openRunStream(`${server.url}/api/v1/chat/runs/${runId}/events`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return stream.rest()
  }
})
