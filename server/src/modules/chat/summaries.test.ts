import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { type ModelScript, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import { chatSessions } from './schema.ts'

let model: ModelServer
let server: TestServer
before(async () => {
  model = await startModelServer()
  server = await startTestServer({
    env: { LLM_BASE_URL: model.url, LLM_MODEL_NAME: 'test-model', LLM_PROMPT_TOKENS: '8000', LLM_TITLES: '0' },
  })
})
after(async () => {
  await server?.close()
  await model?.close()
})
afterEach(() => model.forget())

// What is not given up ends by itself too, but later.
const soon = { timeout: 10_000 }

const isSummary = ({ messages }: { messages: { content?: string | null | undefined }[] }) =>
  messages.at(-1)?.content === 'Write the new summary.'
const summaryRequests = () => model.requests.filter(({ body }) => isSummary(body))
const answering = (summary: ModelScript) => {
  model.always((request) => (isSummary(request.body) ? summary : says('Long answer. '.repeat(200))))
}
const long = (topic: string) => `${topic}: ${'what do you think about it? '.repeat(100)}`

async function ask(token: string, content: string, sessionId?: string): Promise<string> {
  const body = { content, ...(sessionId ? { session_id: sessionId } : {}) }
  const answer = await server.api('POST', '/chat/completion', { token, body })
  assert.equal(answer.status, 200, answer.text)
  await server.app.chat.summaries.idle()
  const last = JSON.parse(/^data: (.*)$/m.exec(answer.text.slice(answer.text.lastIndexOf('data: ')))?.[1] ?? '')
  assert.equal(last.type, 'done', answer.text.slice(-300))
  return last.data.session_id
}
async function stored(sessionId: string) {
  const [row] = await server.db.select().from(chatSessions).where(eq(chatSessions.id, sessionId))
  return row
}

describe('a long conversation', () => {
  test('is summarised behind the answers, and the summary is sent in place of what it tells', async () => {
    const { token } = await server.owner()
    answering(says('Sari asked about rent.'))
    const session = await ask(token, long('Rent'))
    await ask(token, long('Stock'), session)
    assert.equal(summaryRequests().length, 0, 'all of it still fits')
    await ask(token, long('Prices'), session)
    assert.equal(summaryRequests().length, 1)
    const row = await stored(session)
    assert.equal(row?.summary, 'Sari asked about rent.')

    await ask(token, 'And now?', session)
    const sent = model.requests.filter(({ body }) => !isSummary(body)).at(-1)?.body.messages ?? []
    assert.match(sent[0]?.content ?? '', /"earlier_in_this_conversation":"Sari asked about rent\."/)
    const text = JSON.stringify(sent.slice(1))
    assert.equal(text.includes('Rent:'), false, 'what is summarised is not sent again')
    assert.equal(text.includes('Prices:'), true)
    assert.equal(sent.filter(({ content }) => content === 'And now?').length, 1)
  })

  test('goes on without a summary when it cannot be written, which is tried again after the next answer', async () => {
    const { token } = await server.owner()
    answering({ status: 500 })
    const session = await ask(token, long('Rent'))
    await ask(token, long('Stock'), session)
    await ask(token, long('Prices'), session)
    assert.ok(summaryRequests().length >= 1)
    assert.equal((await stored(session))?.summary, null)
    answering(says('Sari asked about rent.'))
    await ask(token, 'And now?', session)
    assert.equal((await stored(session))?.summary, 'Sari asked about rent.')
  })

  test('that the owner takes back to before the end of the summary is sent as it was said', async () => {
    const { token } = await server.owner()
    answering(says('Sari asked about rent.'))
    const session = await ask(token, long('Rent'))
    await ask(token, long('Stock'), session)
    await ask(token, long('Prices'), session)
    assert.ok((await stored(session))?.summaryUntil)
    const [first] = (await server.api('GET', `/chat/sessions/${session}`, { token })).json
    const edited = await server.api('POST', `/chat/messages/${first.id}/edit`, {
      token,
      body: { content: 'Or loans?' },
    })
    assert.equal(edited.status, 200)
    await ask(token, 'And now?', session)
    for (const { body } of model.requests.slice(-2)) {
      const sent = JSON.stringify(body.messages)
      assert.equal(sent.includes('Sari asked about rent'), false)
      assert.ok(sent.includes('Or loans?'))
    }

    answering(says('Sari asked about loans.'))
    for (const topic of ['Taxes', 'Staff', 'Tools']) await ask(token, long(topic), session)
    assert.equal((await stored(session))?.summary, 'Sari asked about loans.')
    assert.match(summaryRequests()[1]?.body.messages[0]?.content ?? '', /"summary_so_far":null/)
  })

  test('of more messages than are read keeps its summary for as long as what it tells is shown', async () => {
    const { token } = await server.owner()
    answering(says('Sari asked about rent.'))
    const session = await ask(token, 'Hi')
    const idOf = (count: number | string) => `01000000-0000-7000-8000-${String(count).padStart(12, '0')}`
    await server.pool.query(
      `INSERT INTO chat_messages (id, session_id, role, content, status, after_id)
      SELECT ('01000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1,
        CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, 'Word ' || n, 'complete',
        ('01000000-0000-7000-8000-' || lpad((n - 1)::text, 12, '0'))::uuid FROM generate_series(2, 251) AS n`,
      [session],
    )
    const until = idOf(11)
    await server.db
      .update(chatSessions)
      .set({ summary: 'Rent again.', summaryUntil: until })
      .where(eq(chatSessions.id, session))
    const sent = async () => {
      await ask(token, 'And now?', session)
      return JSON.stringify(model.requests.at(-1)?.body.messages)
    }
    assert.ok((await sent()).includes('Rent again.'))
    // As if the owner had gone back to before that message, and spoken of something else ever since.
    await server.pool.query('UPDATE chat_messages SET is_current = false WHERE session_id = $1 AND id <= $2', [
      session,
      until,
    ])
    assert.equal((await sent()).includes('Rent again.'), false)
  })

  test('has its summary paid for out of its owner’s day, and waits with it where that is spent', async () => {
    const { token, user } = await server.owner()
    const admin = await server.adminToken()
    const allow = (tokens: number | null) =>
      server.api('PUT', `/admin/chat/budgets/users/${user.id}`, { token: admin, body: { tokens_per_day: tokens } })
    const today = async () => (await server.api('GET', '/chat/usage', { token })).json.today
    answering({ steps: [{ text: 'Rent.' }, { finish: 'stop', usage: { input: 7_000, output: 30 } }] })
    const session = await ask(token, long('Rent'))
    await ask(token, long('Stock'), session)
    const before = await today()
    // As much as is used once the next answer is there.
    model.always({
      steps: [{ text: 'Long answer. '.repeat(200) }, { finish: 'stop', usage: { input: 90_000, output: 0 } }],
    })
    await allow(before.tokens.used + 90_000)
    await ask(token, long('Prices'), session)
    assert.equal(summaryRequests().length, 0)
    await allow(null)
    answering({ steps: [{ text: 'Rent.' }, { finish: 'stop', usage: { input: 7_000, output: 30 } }] })
    const { tokens, runs } = await today()
    await ask(token, 'And now?', session)
    assert.equal(summaryRequests().length, 1)
    const after = await today()
    assert.deepEqual([after.tokens.used, after.runs.used], [tokens.used + 101 + 7_030, runs.used + 1])
  })

  test('has its summary given up when it is deleted, or its owner’s account is erased', soon, async () => {
    for (const end of ['session', 'account']) {
      model.forget()
      const { token } = await server.owner()
      answering({ steps: [{ text: 'Sari ' }, { stall: true }] })
      const session = await ask(token, long('Rent'))
      await ask(token, long('Stock'), session)
      const body = { content: long('Prices'), session_id: session }
      assert.equal((await server.api('POST', '/chat/completion', { token, body })).status, 200)
      const { closed } = await model.request(3)
      const gone =
        end === 'session'
          ? await server.api('DELETE', `/chat/sessions/${session}`, { token })
          : await server.api('DELETE', '/auth/me', { token, body: { password: 'a-long-enough-password' } })
      assert.equal(gone.status, 204)
      assert.equal(await closed, 'client')
      await server.app.chat.summaries.idle()
      assert.equal((await stored(session))?.summary ?? null, null)
    }
  })

  test('has no summary begun by an answer that is stopped because the account is erased', soon, async () => {
    const { token } = await server.owner()
    answering({ status: 500 })
    const session = await ask(token, long('Rent'))
    for (const topic of ['Stock', 'Prices']) await ask(token, long(topic), session)
    const stall: ModelScript = { steps: [{ text: 'Well' }, { stall: true }] }
    model.always(stall)
    const asked = model.requests.length
    const body = { content: 'And now?', session_id: session }
    const answer = server.api('POST', '/chat/completion', { token, body })
    await model.request(asked)
    const erasure = { token, body: { password: 'a-long-enough-password' } }
    assert.equal((await server.api('DELETE', '/auth/me', erasure)).status, 204)
    await answer
    await server.app.chat.summaries.idle()
    for (const { closed } of model.requests.slice(asked)) assert.equal(await closed, 'client')
  })

  test('loses its summary with the account, and shows it to nobody', async () => {
    const { token } = await server.owner()
    answering(says('Sari asked about rent.'))
    const session = await ask(token, long('Rent'))
    for (const topic of ['Stock', 'Prices']) await ask(token, long(topic), session)
    assert.ok((await stored(session))?.summary)
    for (const path of ['/chat/sessions', `/chat/sessions/${session}`])
      assert.equal((await server.api('GET', path, { token })).text.includes('Sari asked about rent'), false)
    const body = { password: 'a-long-enough-password' }
    assert.equal((await server.api('DELETE', '/auth/me', { token, body })).status, 204)
    assert.equal(await stored(session), undefined)
  })
})
