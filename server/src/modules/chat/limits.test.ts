import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Answer } from '../../../test/harness.ts'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

const day = 24 * 60 * 60 * 1000

describe('limits of one owner', () => {
  let server: ChatServer
  let now = new Date()
  let owner: Owner
  let gate: PromiseWithResolvers<void>

  before(async () => {
    server = await startChatServer({
      clock: { now: () => now },
      env: { CHAT_LIMIT_PER_MINUTE: '6', CHAT_LIMIT_PER_DAY: '4', RUNS_PER_OWNER: '2', STREAMS_PER_OWNER: '3' },
    })
  })
  after(() => server.close())
  beforeEach(async () => {
    now = new Date()
    owner = await server.owner()
    gate = Promise.withResolvers<void>()
    server.engine.script = async function* (input, signal) {
      yield { type: 'AgentStream', delta: 'Yes? ' }
      await opened(gate.promise, signal)
      yield* say(input, 'Done.')
    }
  })

  /** travel sets the clock; the token of before may have run out. */
  async function travel(to: number): Promise<void> {
    now = new Date(to)
    owner = { ...owner, token: await server.login(owner.email) }
  }

  const post = (body: Record<string, unknown> = { content: 'Hi' }) =>
    server.api('POST', '/chat/completion', { token: owner.token, body })

  function assertRefused(answer: Answer, leastSeconds: number, mostSeconds: number): void {
    assert.equal(answer.status, 429)
    assert.equal(answer.json.code, 'too_many_requests')
    const retryAfter = Number(answer.headers.get('retry-after'))
    assert.ok(retryAfter >= leastSeconds && retryAfter <= mostSeconds, `Retry-After is ${retryAfter}`)
  }

  test('live runs', async () => {
    const live = [await server.send(owner, 'One'), await server.send(owner, 'Two')]
    assertRefused(await post(), 1, 60)
    const other = await server.owner()
    const theirs = await server.send(other, 'Not my limit')
    gate.resolve()
    for (const stream of [...live, theirs]) await stream.rest()
    await (await server.send(owner, 'Three')).rest()
  })

  test('live runs, also when many begin at once', async () => {
    // Hung up at once, so that only runs are counted and not streams.
    const answers = await Promise.all(
      Array.from({ length: 3 }, () =>
        fetch(`${server.url}/api/v1/chat/completion`, {
          method: 'POST',
          headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ content: 'At once' }),
        }),
      ),
    )
    gate.resolve()
    await Promise.all(answers.map((answer) => answer.text()))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 429])
  })

  test('open streams, which are free again when a reader hangs up', async () => {
    const first = await server.send(owner, 'One')
    const second = await server.follow(owner, first.runId)
    const third = await server.follow(owner, first.runId)
    const { token } = owner
    assertRefused(await server.api('GET', `/chat/runs/${first.runId}/events`, { token }), 1, 60)
    assertRefused(await post(), 1, 60)
    second.hangUp()
    let fourth
    do fourth = await server.follow(owner, first.runId).catch(() => undefined)
    while (!fourth)
    gate.resolve()
    for (const stream of [first, third, fourth]) await stream.rest()
    await (await server.send(owner, 'Two')).rest()
  })

  test('messages of a day, counted over the last 24 hours', async () => {
    gate.resolve()
    const first = now.getTime()
    for (let i = 0; i < 4; i++) {
      await travel(first + i * 60_000)
      await (await server.send(owner, `Message ${i}`)).rest()
    }
    await travel(first + day - 10_000)
    assertRefused(await post(), 10, 10)
    await travel(first + day + 1)
    await (await server.send(owner, 'A new day')).rest()
    assertRefused(await post(), 59, 60)
  })

  test('messages of a minute, where a retry of the same message is none', async () => {
    gate.resolve()
    const message = { content: 'Hi', client_message_id: 'same' }
    for (let i = 0; i < 8; i++) await (await server.send(owner, message)).rest()
    for (let i = 0; i < 5; i++) {
      await travel(now.getTime() + day)
      await (await server.send(owner, 'Hi')).rest()
    }
    assertRefused(await post(), 1, 60)
    await (await server.send(owner, message)).rest()
  })

  test('a refused message leaves nothing behind', async () => {
    const live = [await server.send(owner, 'One'), await server.send(owner, 'Two')]
    await post()
    gate.resolve()
    for (const stream of live) await stream.rest()
    const { json: sessions } = await server.api('GET', '/chat/sessions', { token: owner.token })
    assert.equal(sessions.length, 2)
  })
})
