import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>
type Listed = { id: string; pinned?: boolean }

const day = 24 * 60 * 60 * 1_000

describe('conversations in order', () => {
  let server: ChatServer
  let now = 0

  before(async () => {
    server = await startChatServer({ clock: { now: () => new Date(Date.now() + now) } })
  })
  after(() => server.close())

  async function talk(owner: Pick<Owner, 'token'>, content: string): Promise<string> {
    const sent = await (await server.send(owner, content)).rest()
    const started = sent.find(({ event }) => event.type === 'run_started')?.event
    assert.ok(started?.type === 'run_started')
    return started.data.session_id
  }

  async function listed(owner: Pick<Owner, 'token'>, query = ''): Promise<string[]> {
    const ids: string[] = []
    let address: string | undefined = `/chat/sessions?limit=2${query}`
    while (address !== undefined) {
      const page = await server.api('GET', address, owner)
      assert.equal(page.status, 200, page.text)
      ids.push(...page.json.map(({ id }: Listed) => id))
      address = /<(.+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    }
    return ids
  }

  const patch = (owner: Pick<Owner, 'token'>, id: string, body: unknown) =>
    server.api('PATCH', `/chat/sessions/${id}`, { token: owner.token, body })

  test('pinned ones are a list of their own, and the list of all keeps its order', async () => {
    const owner = await server.owner()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push(await talk(owner, `Number ${n}`))
    const [a = '', b = '', c = '', d = '', e = ''] = ids
    const pinned = await patch(owner, a, { pinned: true })
    assert.equal(pinned.status, 200)
    assert.equal(pinned.json.pinned, true)
    for (const id of [c, d]) await patch(owner, id, { pinned: true })
    assert.deepEqual(await listed(owner), [e, d, c, b, a])
    assert.deepEqual(await listed(owner, '&pinned=true'), [d, c, a])
    assert.deepEqual(await listed(owner, '&pinned=false'), [e, b])
    const unpinned = await patch(owner, c, { pinned: false })
    assert.equal('pinned' in unpinned.json, false)
    assert.deepEqual(await listed(owner, '&pinned=true'), [d, a])
    const both = await patch(owner, b, { pinned: true, title: 'Both' })
    assert.deepEqual([both.json.title, both.json.pinned], ['Both', true])
    const neither = await patch(owner, b, {})
    assert.deepEqual(neither.json, both.json)
  })

  test('a deleted one is out of sight, waits among the deleted ones, and comes back as it was', async () => {
    const owner = await server.owner()
    const kept = await talk(owner, 'Kept')
    const id = await talk(owner, 'Deleted')
    await patch(owner, id, { pinned: true, title: 'My own title' })
    const [before] = (await server.api('GET', '/chat/sessions', owner)).json
    const messages = await server.messages(owner, id)

    assert.equal((await server.api('DELETE', `/chat/sessions/${id}`, owner)).status, 204)
    assert.deepEqual(await listed(owner), [kept])
    assert.deepEqual(await listed(owner, '&pinned=true'), [])
    const deleted = (await server.api('GET', '/chat/sessions?deleted=true', owner)).json
    assert.equal(deleted.length, 1)
    const { deleted_at: deletedAt, purge_at: purgeAt, ...rest } = deleted[0]
    assert.deepEqual(rest, before)
    assert.equal(Date.parse(purgeAt) - Date.parse(deletedAt), 30 * day)
    for (const [method, path] of [
      ['GET', `/chat/sessions/${id}`],
      ['PATCH', `/chat/sessions/${id}`],
      ['GET', `/chat/sessions/${id}/export`],
    ] as const)
      assert.equal(
        (await server.api(method, path, { ...owner, ...(method === 'PATCH' ? { body: {} } : {}) })).status,
        404,
      )

    const restored = await server.api('POST', `/chat/sessions/${id}/restore`, owner)
    assert.equal(restored.status, 200)
    assert.deepEqual(restored.json, before)
    assert.deepEqual(await server.messages(owner, id), messages)
    const again = await server.api('POST', `/chat/sessions/${id}/restore`, owner)
    assert.deepEqual([again.status, again.json], [200, before])
    assert.deepEqual(await listed(owner), [id, kept])
  })

  test('deleted ones are paged, the last deleted first', async () => {
    const owner = await server.owner()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push(await talk(owner, `Number ${n}`))
    for (const id of ids) await server.api('DELETE', `/chat/sessions/${id}`, owner)
    assert.deepEqual(await listed(owner, '&deleted=true'), ids.toReversed())
  })

  test('what was deleted 30 days ago is erased for good, and nothing else is', async () => {
    let owner: Pick<Owner, 'token'> & { email: string } = await server.owner()
    const [old, young, used] = [await talk(owner, 'Old'), await talk(owner, 'Young'), await talk(owner, 'Used')]
    const answer = (await server.messages(owner, old))[1]?.['id']
    const rating = { rating: 'down', note: 'wrong' }
    await server.api('PUT', `/chat/messages/${answer}/feedback`, { token: owner.token, body: rating })
    const rows = async (id: string) => {
      const counts = await server.pool.query(
        `SELECT (SELECT count(*) FROM chat_messages WHERE session_id = $1) AS messages,
          (SELECT count(*) FROM chat_runs WHERE session_id = $1) AS runs,
          (SELECT count(*) FROM chat_feedback WHERE message_id = $2) AS feedback`,
        [id, answer],
      )
      return counts.rows[0]
    }
    await server.api('DELETE', `/chat/sessions/${old}`, owner)
    now += 2 * day
    owner = { ...owner, token: await server.login(owner.email) }
    await server.api('DELETE', `/chat/sessions/${young}`, owner)
    now += 28 * day - 60_000
    owner = { ...owner, token: await server.login(owner.email) }
    await server.app.chat.purge.run()
    assert.deepEqual(await rows(old), { messages: 2, runs: 1, feedback: 1 })

    now += 120_000
    // Its time is over, so it cannot be restored, though nobody has erased it yet.
    assert.equal((await server.api('POST', `/chat/sessions/${old}/restore`, owner)).status, 404)
    await server.app.chat.purge.run()
    assert.deepEqual(await rows(old), { messages: 0, runs: 0, feedback: 0 })
    assert.deepEqual(await listed(owner, '&deleted=true'), [young])
    assert.deepEqual(await listed(owner), [used])
    assert.equal((await rows(young)).messages, 2)
  })

  test('deleting one while it is answered stops the answer, and restoring it shows what was said', async () => {
    const owner = await server.owner()
    const { promise: gate } = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Half an ' }
      await opened(gate, signal)
      yield* say(input, 'answer')
    }
    const stream = await server.send(owner, 'Long one')
    await stream.until('token')
    const [session] = (await server.api('GET', '/chat/sessions', owner)).json
    await server.api('DELETE', `/chat/sessions/${session.id}`, owner)
    await server.api('POST', `/chat/sessions/${session.id}/restore`, owner)
    const [, answer] = await server.messages(owner, session.id)
    assert.deepEqual([answer?.['content'], answer?.['status']], ['Half an ', 'stopped'])
    await stream.rest()
    server.engine.script = (input) => say(input, 'Again.')
    await (await server.send(owner, { content: 'Go on', session_id: session.id })).rest()
    assert.equal((await server.messages(owner, session.id)).length, 4)
  })

  test("somebody else's cannot be pinned, restored or exported", async () => {
    const owner = await server.owner()
    const id = await talk(owner, 'Mine')
    const stranger = await server.owner()
    assert.equal((await patch(stranger, id, { pinned: true })).status, 404)
    assert.equal((await server.api('GET', `/chat/sessions/${id}/export`, stranger)).status, 404)
    await server.api('DELETE', `/chat/sessions/${id}`, owner)
    assert.equal((await server.api('POST', `/chat/sessions/${id}/restore`, stranger)).status, 404)
    const theirs = await server.api('GET', `/chat/sessions?deleted=true&business_id=${owner.business.id}`, stranger)
    assert.equal(theirs.status, 404)
    assert.equal((await patch(owner, id, { pinned: 'yes' })).status, 422)
    assert.equal((await server.api('GET', '/chat/sessions?pinned=1', owner)).status, 422)
  })
})
