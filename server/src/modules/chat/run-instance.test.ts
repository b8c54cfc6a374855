import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { RUN_CHANNEL } from './run-instance.ts'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { assertWhole, type Sent } from './testing/run-stream.ts'
import { opened, say } from './testing/scripted-engine.ts'
import { testPassword } from '../../../test/harness.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

describe('an instance among others', () => {
  let here: ChatServer
  let there: ChatServer
  let owner: Owner
  let gate: PromiseWithResolvers<void>
  /** upstream is the signal that the engine of the newest run was given: aborted is the connection closed. */
  let upstream: AbortSignal

  before(async () => {
    here = await startChatServer()
    there = await startChatServer({ databaseUrl: here.databaseUrl })
  })
  after(async () => {
    await there.close()
    await here.close()
  })
  beforeEach(async () => {
    owner = await here.owner()
    gate = Promise.withResolvers()
    here.engine.script = async function* (input, signal) {
      upstream = signal
      yield { type: 'AgentStream', delta: 'So far. ' }
      await opened(gate.promise, signal)
      yield* say(input, 'The end.')
    }
  })
  afterEach(() => gate.resolve())

  const closed = async () => void (upstream.aborted || (await once(upstream, 'abort')))

  function sessionOf(sent: Sent[]): string {
    const started = sent.find(({ event }) => event.type === 'run_started')?.event
    assert.ok(started?.type === 'run_started')
    return started.data.session_id
  }

  /** processes are the connections by which instances show that they live. */
  async function processes(): Promise<{ pid: number; instance: number }[]> {
    const { rows } = await here.pool.query(
      `SELECT pid, objid::int AS instance FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND application_name = 'tangga runs' AND datname = current_database()`,
    )
    return rows
  }
  async function instanceOf(runId: string): Promise<number> {
    const { rows } = await here.pool.query('SELECT instance FROM chat_runs WHERE id = $1', [runId])
    return rows[0].instance
  }
  let killed = 4242
  /** orphan makes a run look as if it belonged to a process that was killed: nobody holds its number any more. */
  const orphan = (runId: string) =>
    here.pool.query('UPDATE chat_runs SET instance = $2 WHERE id = $1', [runId, killed++])

  /** withoutLooks does something while neither instance looks for dead ones by itself, before and after what it asks for. */
  async function withoutLooks(work: () => Promise<void>): Promise<void> {
    const leases = [here, there].map(({ app }) => app.chat.leases)
    for (const each of leases) each.stop()
    // Past whatever was under way.
    await Promise.all(leases.map((each) => each.tick()))
    try {
      await work()
    } finally {
      await Promise.all(leases.map((each) => each.start()))
    }
  }

  test('stores its runs under the number that it holds a lock of', async () => {
    const stream = await here.send(owner, 'Tell me')
    await stream.until('token')
    const held = (await processes()).map(({ instance }) => instance)
    assert.equal(new Set(held).size, 2)
    assert.ok(held.includes(await instanceOf(stream.runId)))
  })

  test('closes the upstream of a run at once that another one was asked to stop', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('token')
    const stopped = await there.api('POST', `/chat/runs/${stream.runId}/stop`, { token: owner.token })
    assert.deepEqual(stopped.json, { run_id: stream.runId, status: 'stopped' })
    await closed()
    const done = assertWhole([...head, ...(await stream.rest())])
    assert.ok(done.type === 'done')
    assert.equal(done.data.status, 'stopped')
    assert.equal(done.data.full_text, 'So far. ')
  })

  test('does so as well for a conversation that is deleted, and an account that is erased, elsewhere', async () => {
    const stream = await here.send(owner, 'Tell me')
    const sessionId = sessionOf(await stream.until('token'))
    await there.api('DELETE', `/chat/sessions/${sessionId}`, { token: owner.token })
    await closed()
    await stream.rest()

    const second = await here.send(owner, 'Tell me')
    await second.until('token')
    const { token } = owner
    assert.equal((await there.api('DELETE', '/auth/me', { token, body: { password: testPassword } })).status, 204)
    await closed()
    await second.rest()
  })

  test('that lost its connection hears of a stop all the same, and takes its lock again', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('token')
    const own = await instanceOf(stream.runId)
    const line = (await processes()).find(({ instance }) => instance === own)
    await here.pool.query('SELECT pg_terminate_backend($1)', [line?.pid])
    // Stopped while nobody listens, as if the word had been lost.
    await there.pool.query(`UPDATE chat_runs SET status = 'stopped' WHERE id = $1`, [stream.runId])
    await closed()
    const done = assertWhole([...head, ...(await stream.rest())])
    assert.ok(done.type === 'done')
    assert.equal(done.data.status, 'stopped')
    while (!(await processes()).some(({ instance }) => instance === own)) await here.api('GET', '/health')
  })

  test('pays no heed to words that it does not know', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('token')
    for (const payload of ['', 'run', 'pause x', `run ${owner.user.id}`, 'user nobody'])
      await there.pool.query('SELECT pg_notify($1, $2)', [RUN_CHANNEL, payload])
    gate.resolve()
    assert.equal(assertWhole([...head, ...(await stream.rest())]).type, 'done')
  })

  test('frees what a killed one has left when it starts, and leaves alone what lives', async () => {
    const living = await here.send(owner, 'Live')
    const head = await living.until('token')
    const left = await here.send(owner, 'Leave')
    const sessionId = sessionOf(await left.until('token'))
    await withoutLooks(async () => {
      await orphan(left.runId)
      const fresh = await startChatServer({ databaseUrl: here.databaseUrl })
      try {
        const answer = (await fresh.messages(owner, sessionId)).at(-1)
        assert.equal(answer?.['status'], 'interrupted')
        const next = await (await fresh.send(owner, { content: 'Again', session_id: sessionId })).rest()
        assert.equal(assertWhole(next).type, 'done')
        const { rows } = await here.pool.query('SELECT status FROM chat_runs WHERE id = $1', [living.runId])
        assert.equal(rows[0].status, 'running')
      } finally {
        await fresh.close()
      }
    })
    gate.resolve()
    assert.equal(assertWhole([...head, ...(await living.rest())]).type, 'done')
  })

  test('believes only on its second look that another one died beside it', async () => {
    const stream = await here.send(owner, 'Tell me')
    await stream.until('token')
    await withoutLooks(async () => {
      await orphan(stream.runId)
      const status = async () =>
        (await here.pool.query('SELECT status FROM chat_runs WHERE id = $1', [stream.runId])).rows[0].status
      await there.app.chat.leases.tick()
      assert.equal(await status(), 'running')
      await there.app.chat.leases.tick()
      assert.equal(await status(), 'interrupted')
    })
  })
})
