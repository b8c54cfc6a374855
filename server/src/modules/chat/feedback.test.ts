import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { testPassword } from '../../../test/harness.ts'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

describe('feedback on answers', () => {
  let server: ChatServer
  let admin: string

  before(async () => {
    server = await startChatServer()
    admin = await server.adminToken()
  })
  after(() => server.close())

  async function talk(owner: Pick<Owner, 'token'>, content = 'Secret question', answer = 'Secret answer') {
    server.engine.script = (input) => say(input, answer)
    const sent = await (await server.send(owner, content)).rest()
    const done = sent.at(-1)?.event
    const started = sent.find(({ event }) => event.type === 'run_started')?.event
    assert.ok(done?.type === 'done' && started?.type === 'run_started')
    return { sessionId: done.data.session_id, answerId: done.data.message_id, questionId: started.data.user_message_id }
  }
  const rate = (owner: Pick<Owner, 'token'>, messageId: string, body: unknown) =>
    server.api('PUT', `/chat/messages/${messageId}/feedback`, { token: owner.token, body })
  const takeBack = (owner: Pick<Owner, 'token'>, messageId: string) =>
    server.api('DELETE', `/chat/messages/${messageId}/feedback`, { token: owner.token })
  const asAdmin = async (query = '') => (await server.api('GET', `/admin/chat/feedback${query}`, { token: admin })).json

  test('stands with the answer, is replaced as a whole, and can be taken back', async () => {
    const owner = await server.owner()
    const { sessionId, answerId } = await talk(owner)
    const given = async () => (await server.messages(owner, sessionId)).map((message) => message['feedback'])
    const down = await rate(owner, answerId, { rating: 'down', note: ' The price\nis wrong. ' })
    assert.equal(down.status, 200)
    const { created_at: createdAt, updated_at: updatedAt, ...rest } = down.json
    assert.deepEqual(rest, { message_id: answerId, rating: 'down', note: 'The price\nis wrong.' })
    assert.equal(createdAt, updatedAt)
    assert.deepEqual(await given(), [undefined, { rating: 'down', note: 'The price\nis wrong.' }])
    const up = await rate(owner, answerId, { rating: 'up' })
    assert.deepEqual([up.json.rating, up.json.note, up.json.created_at], ['up', null, createdAt])
    assert.deepEqual(await given(), [undefined, { rating: 'up', note: null }])
    assert.equal((await takeBack(owner, answerId)).status, 204)
    assert.equal((await takeBack(owner, answerId)).status, 204)
    assert.deepEqual(await given(), [undefined, undefined])
  })

  test('is for finished answers of their own alone', async () => {
    const owner = await server.owner()
    const { questionId, answerId, sessionId } = await talk(owner)
    const question = await rate(owner, questionId, { rating: 'up' })
    assert.deepEqual([question.status, question.json.code], [409, 'not_an_answer'])
    const stranger = await server.owner()
    assert.equal((await rate(stranger, answerId, { rating: 'down' })).status, 404)
    await rate(owner, answerId, { rating: 'up' })
    assert.equal((await takeBack(stranger, answerId)).status, 404)
    assert.deepEqual((await server.messages(owner, sessionId))[1]?.['feedback'], { rating: 'up', note: null })
    for (const body of [{}, { rating: 'meh' }, { rating: 'up', note: 'x'.repeat(2_001) }, { rating: 'up', note: 5 }])
      assert.equal((await rate(owner, answerId, body)).status, 422, JSON.stringify(body))
    assert.equal((await rate(owner, answerId, { rating: 'up', note: '😀'.repeat(2_000) })).status, 200)
    await server.api('DELETE', `/chat/sessions/${sessionId}`, owner)
    assert.equal((await rate(owner, answerId, { rating: 'up' })).status, 404)

    const gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'So ' }
      await opened(gate.promise, signal)
      yield* say(input, 'far')
    }
    const stream = await server.send(owner, 'Slow')
    await stream.until('token')
    const [session] = (await server.api('GET', '/chat/sessions', owner)).json
    const streaming = (await server.messages(owner, session.id))[1]?.['id']
    assert.equal((await rate(owner, String(streaming), { rating: 'up' })).status, 409)
    gate.resolve()
    await stream.rest()
    assert.equal((await rate(owner, String(streaming), { rating: 'up' })).status, 200)
  })

  test('shows admins rating, note, model and time, and nothing of the conversation or of who it is', async () => {
    await server.pool.query('DELETE FROM chat_feedback')
    const owner = await server.owner({ name: 'Rahasia Pribadi', business: { business_name: 'Warung Rahasia' } })
    const { answerId, sessionId } = await talk(owner, 'Secret question', 'Secret answer')
    await rate(owner, answerId, { rating: 'down', note: 'Too long' })
    const answer = await server.api('GET', '/admin/chat/feedback', { token: admin })
    const [item] = answer.json
    assert.deepEqual(Object.keys(item), ['id', 'rating', 'note', 'created_at', 'updated_at', 'model'])
    assert.deepEqual([item.rating, item.note, item.model], ['down', 'Too long', 'scripted'])
    for (const hidden of ['Secret', 'Rahasia', owner.email, owner.user.id, owner.business.id, answerId, sessionId])
      assert.ok(!answer.text.includes(hidden), hidden)
    assert.equal((await server.api('GET', '/admin/chat/feedback', owner)).status, 403)

    await server.api('DELETE', `/chat/sessions/${sessionId}`, owner)
    assert.deepEqual(await asAdmin(), [], 'what was said in a deleted conversation is not shown')
    await server.api('POST', `/chat/sessions/${sessionId}/restore`, owner)
    assert.equal((await asAdmin()).length, 1)
  })

  test('is paged for admins, newest first, and filtered by rating', async () => {
    await server.pool.query('DELETE FROM chat_feedback')
    const owner = await server.owner()
    for (let n = 0; n < 5; n++) {
      const { answerId } = await talk(owner)
      await rate(owner, answerId, { rating: n % 2 === 0 ? 'up' : 'down', note: `${n}` })
    }
    const notes: string[] = []
    let address: string | undefined = '/admin/chat/feedback?limit=2'
    while (address !== undefined) {
      const page = await server.api('GET', address, { token: admin })
      notes.push(...page.json.map(({ note }: { note: string }) => note))
      address = /<(.+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    }
    assert.deepEqual(notes, ['4', '3', '2', '1', '0'])
    assert.deepEqual(
      (await asAdmin('?rating=down')).map(({ note }: { note: string }) => note),
      ['3', '1'],
    )
    assert.equal((await server.api('GET', '/admin/chat/feedback?rating=x', { token: admin })).status, 422)
  })

  test('goes with the account', async () => {
    const owner = await server.owner()
    const { answerId } = await talk(owner)
    await rate(owner, answerId, { rating: 'down', note: 'Personal words' })
    const body = { password: testPassword }
    assert.equal((await server.api('DELETE', '/auth/me', { token: owner.token, body })).status, 204)
    const left = await server.pool.query(`SELECT FROM chat_feedback WHERE message_id = $1 OR note = 'Personal words'`, [
      answerId,
    ])
    assert.equal(left.rowCount, 0)
  })
})
