import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { lookUp, say } from './testing/scripted-engine.ts'
import { exportName } from './session-export.ts'

describe('the export of a conversation', () => {
  let server: ChatServer

  before(async () => {
    server = await startChatServer({ env: { STREAMS_PER_OWNER: '2' } })
  })
  after(() => server.close())

  async function conversation(turns: number) {
    const owner = await server.owner()
    server.engine.script = async function* (input) {
      yield* lookUp()
      yield* say(input, `You said: ${input.message}`)
    }
    let id: string | undefined
    for (let n = 0; n < turns; n++) {
      const sent = await (await server.send(owner, { content: `Number *${n}*`, session_id: id })).rest()
      const done = sent.at(-1)?.event
      assert.ok(done?.type === 'done')
      id = done.data.session_id
    }
    return { owner, id: id ?? '' }
  }

  test('as JSON holds all messages as the API shows them, however many there are', async () => {
    const { owner, id } = await conversation(25)
    const messages = await server.messages(owner, id)
    const answerId = messages[1]?.['id']
    const rated = { rating: 'up', note: 'Good' }
    await server.api('PUT', `/chat/messages/${answerId}/feedback`, { token: owner.token, body: rated })
    const answer = await server.api('GET', `/chat/sessions/${id}/export?format=json`, owner)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    const disposition = answer.headers.get('content-disposition') ?? ''
    assert.match(disposition, /^attachment; filename="tangga-\d{4}-\d\d-\d\d-number-0\.json"$/)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    const { session, business, messages: exported, ...head } = answer.json
    assert.deepEqual([head.format, head.version], ['tangga.conversation', 1])
    assert.deepEqual(business, { id: owner.business.id, name: 'Warung Sari' })
    assert.equal(session.id, id)
    assert.equal(exported.length, 50)
    assert.deepEqual(exported, await server.messages(owner, id))
    assert.deepEqual(exported.at(1)?.feedback, rated)
  })

  test('as Markdown is for reading, in the language of the owner', async () => {
    const { owner, id } = await conversation(1)
    await server.api('PATCH', '/auth/me', { token: owner.token, body: { locale: 'id' } })
    const answer = await server.api('GET', `/chat/sessions/${id}/export`, owner)
    assert.equal(answer.headers.get('content-type'), 'text/markdown; charset=utf-8')
    assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="[a-z0-9-]+\.md"$/)
    assert.match(
      answer.text,
      /^# Number \\\*0\\\*\n\n_Warung Sari, disalin pada .+_\n\n## Anda, .+\n\n> Number \\\*0\\\* {2}\n/,
    )
    assert.match(
      answer.text,
      /\n## Penasihat, .+\n\nYou said: Number \*0\*\n\n_Dicari dengan: get\\_business\\_summary_\n$/,
    )
    assert.equal((await server.api('GET', `/chat/sessions/${id}/export?format=pdf`, owner)).status, 422)
  })

  test('counts as an open stream until it has been read or given up', async () => {
    const { owner, id } = await conversation(1)
    for (let n = 0; n < 6; n++)
      assert.equal((await server.api('GET', `/chat/sessions/${id}/export`, owner)).status, 200)
    const { exporter } = server.app.chat
    const open = await Promise.all(
      [0, 1].map(() => exporter.exportSession(owner.user.id, { sessionId: id, format: 'json' })),
    )
    assert.equal((await server.api('GET', `/chat/sessions/${id}/export`, owner)).status, 429)
    for (const { body } of open) {
      const closed = new Promise((resolve) => body.once('close', resolve))
      body.destroy()
      await closed
    }
    assert.equal((await server.api('GET', `/chat/sessions/${id}/export`, owner)).status, 200)
  })
})

test('the name of a file holds nothing that a header or a file system could take amiss', () => {
  const createdAt = new Date('2026-11-22T23:59:59Z')
  for (const [title, name] of [
    ['Pricing my noodles?', 'tangga-2026-11-22-pricing-my-noodles'],
    ['Café "crème"\r\nX: y', 'tangga-2026-11-22-cafe-creme-x-y'],
    ['../../etc/passwd', 'tangga-2026-11-22-etc-passwd'],
    ['日本語', 'tangga-2026-11-22'],
    ['x'.repeat(200), `tangga-2026-11-22-${'x'.repeat(60)}`],
  ] as const)
    assert.equal(exportName({ title, createdAt }), name)
})
