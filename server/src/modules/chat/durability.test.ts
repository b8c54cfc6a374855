import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { sql } from 'drizzle-orm'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { assertWhole, type Sent } from './testing/run-stream.ts'
import { lookUp, opened, say, type Script } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

const never = new Promise<void>(() => {})

/** speaking says something and then goes on only when the gate opens. */
const speaking = (gate: Promise<void>): Script =>
  async function* (input, signal) {
    yield { type: 'AgentStream', delta: 'So ' }
    yield { type: 'AgentStream', delta: 'far. ' }
    yield* lookUp()
    await opened(gate, signal)
    yield* say(input, 'The', ' end.')
  }

function sessionOf(sent: Sent[]): string {
  const started = sent.find(({ event }) => event.type === 'run_started')?.event
  assert.ok(started?.type === 'run_started')
  return started.data.session_id
}

async function statusOf(server: ChatServer, owner: Owner, sessionId: string) {
  const answer = (await server.messages(owner, sessionId)).at(-1)
  return { status: answer?.['status'], content: answer?.['content'] }
}

describe('when the server stops', () => {
  test('running answers are kept as interrupted, streams end, and nothing new begins', async () => {
    const server = await startChatServer({ script: speaking(never) })
    try {
      const owner = await server.owner()
      const streams = [await server.send(owner, 'One'), await server.send(owner, 'Two')]
      const heads = await Promise.all(streams.map((stream) => stream.until('tool_end')))
      await server.app.chat.drain()
      for (const [index, stream] of streams.entries()) {
        const sent = [...(heads[index] ?? []), ...(await stream.rest())]
        const last = assertWhole(sent)
        assert.ok(last.type === 'error')
        assert.equal(last.data.code, 'server_stopping')
        assert.deepEqual(await statusOf(server, owner, sessionOf(sent)), { status: 'interrupted', content: 'So far. ' })
        assert.deepEqual(await (await server.follow(owner, stream.runId)).rest(), sent)
      }
      const refused = await server.api('POST', '/chat/completion', { token: owner.token, body: { content: 'Three' } })
      assert.equal(refused.status, 503)
      assert.ok(refused.headers.get('retry-after'))
      await server.app.chat.drain()
    } finally {
      await server.close()
    }
  })
})

describe('the start of a run', () => {
  let server: ChatServer
  before(async () => void (server = await startChatServer({ script: speaking(never) })))
  after(() => server.close())

  test('is on the disk once it is flushed', async () => {
    const { rows } = await server.db.transaction(async (tx) => {
      await tx.execute(sql`SET LOCAL synchronous_commit = off`)
      await tx.execute(sql`CREATE TABLE unflushed AS SELECT generate_series(1, 1000)`)
      return tx.execute<{ lsn: string }>(sql`SELECT pg_current_wal_insert_lsn() AS lsn`)
    })
    await server.db.execute(sql`SELECT flush_runs()`)
    const flushed = await server.db.execute(sql`SELECT pg_current_wal_flush_lsn() >= ${rows[0]?.lsn}::pg_lsn AS so`)
    assert.equal(flushed.rows[0]?.['so'], true)
  })

  test('that cannot be flushed is told to nobody, and ends', async () => {
    const owner = await server.owner()
    const { rows } = await server.db.execute<{ definition: string }>(
      sql`SELECT pg_get_functiondef('flush_runs'::regproc) AS definition`,
    )
    await server.db.execute(sql`CREATE OR REPLACE FUNCTION flush_runs() RETURNS void LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$`)
    const message = { content: 'Hi', client_message_id: 'once' }
    const refused = await server.api('POST', '/chat/completion', { token: owner.token, body: message })
    await server.db.execute(sql.raw(rows[0]?.definition ?? ''))
    assert.equal(refused.status, 503)
    const sent = await (await server.send(owner, message)).rest()
    const last = assertWhole(sent)
    assert.ok(last.type === 'error')
    assert.equal(last.data.code, 'interrupted')
  })
})

describe('a run and another process on the same database', () => {
  let here: ChatServer
  let there: ChatServer
  let owner: Owner
  let gate: PromiseWithResolvers<void>

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
    here.engine.script = speaking(gate.promise)
  })
  afterEach(() => gate.resolve())

  /** expire makes a run look as if its process were gone. */
  const expire = (runId: string) =>
    here.pool.query(`UPDATE chat_runs SET lease_until = now() - interval '1 second' WHERE id = $1`, [runId])

  async function saved(sessionId: string): Promise<void> {
    while ((await statusOf(here, owner, sessionId)).content === '') await here.api('GET', '/health')
  }

  test('the other one tells the run as far as it is stored, and to its end', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('tool_end')
    const [fromStart, resumed] = [await there.follow(owner, stream.runId), await there.follow(owner, stream.runId, 3)]
    const early = await fromStart.until('tool_end')
    assert.deepEqual(early, head)
    gate.resolve()
    const whole = [...head, ...(await stream.rest())]
    assertWhole(whole)
    assert.deepEqual([...early, ...(await fromStart.rest())], whole)
    assert.deepEqual(await resumed.rest(), whole.slice(3))
  })

  test('the other one refuses a second message, and stops the run for both', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('tool_end')
    const sessionId = sessionOf(head)
    const { token } = owner
    const body = { content: 'Second', session_id: sessionId }
    const refused = await there.api('POST', '/chat/completion', { token, body })
    assert.equal(refused.status, 409)
    assert.equal(refused.json.run_id, stream.runId)

    const stopped = await there.api('POST', `/chat/runs/${stream.runId}/stop`, { token })
    assert.deepEqual(stopped.json, { run_id: stream.runId, status: 'stopped' })
    await here.app.chat.leases.tick()
    const done = assertWhole([...head, ...(await stream.rest())])
    assert.ok(done.type === 'done')
    assert.equal(done.data.status, 'stopped')
    const again = await here.api('POST', `/chat/runs/${stream.runId}/stop`, { token })
    assert.deepEqual(again.json, stopped.json)
    assert.deepEqual(await statusOf(here, owner, sessionId), { status: 'stopped', content: 'So far. ' })
  })

  test('a run whose process is gone is interrupted, with what it had said, and its session is usable', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('tool_end')
    const sessionId = sessionOf(head)
    await saved(sessionId)
    await expire(stream.runId)
    await there.app.chat.leases.tick()
    assert.deepEqual(await statusOf(there, owner, sessionId), { status: 'interrupted', content: 'So far. ' })

    const sent = await (await there.follow(owner, stream.runId)).rest()
    const last = assertWhole(sent)
    assert.ok(last.type === 'error')
    assert.equal(last.data.code, 'interrupted')
    assert.deepEqual(sent.slice(0, -1), head)
    // Who has heard more than was stored still hears of the end.
    const beyond = await (await there.follow(owner, stream.runId, 40)).rest()
    assert.deepEqual(beyond, [{ id: 41, event: last }])

    const next = await (await there.send(owner, { content: 'Again', session_id: sessionId })).rest()
    assert.equal(assertWhole(next).type, 'done')

    // The process was only slow: it notices, tells its readers, and what it had said on top is kept.
    await here.app.chat.leases.tick()
    const told = assertWhole([...head, ...(await stream.rest())])
    assert.ok(told.type === 'error')
    assert.equal(told.data.code, 'interrupted')
  })

  test('a run whose process is gone is in nobody’s way: a message or a reader ends it', async () => {
    const stream = await here.send(owner, 'Tell me')
    const sessionId = sessionOf(await stream.until('tool_end'))
    await saved(sessionId)
    await expire(stream.runId)
    const next = await (await there.send(owner, { content: 'Again', session_id: sessionId })).rest()
    assert.equal(assertWhole(next).type, 'done')
    const messages = await there.messages(owner, sessionId)
    assert.deepEqual(
      messages.map(({ status }) => status),
      ['complete', 'interrupted', 'complete', 'complete'],
    )

    const second = await here.send(owner, 'Tell me more')
    await saved(sessionOf(await second.until('tool_end')))
    await expire(second.runId)
    const read = await (await there.follow(owner, second.runId)).rest()
    assert.equal(assertWhole(read).type, 'error')
  })

  test('a run that lives here is not swept here, however late its lease', async () => {
    const stream = await here.send(owner, 'Tell me')
    const head = await stream.until('tool_end')
    await expire(stream.runId)
    const { token } = owner
    const body = { content: 'Second', session_id: sessionOf(head) }
    assert.equal((await here.api('POST', '/chat/completion', { token, body })).status, 409)
    await here.app.chat.leases.tick()
    gate.resolve()
    assert.equal(assertWhole([...head, ...(await stream.rest())]).type, 'done')
  })
})
