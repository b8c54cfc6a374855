import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ChatServer, startChatServer } from '../src/modules/chat/testing/chat-server.ts'
import { assertWhole, openRunStream, type Sent } from '../src/modules/chat/testing/run-stream.ts'
import { opened, say } from '../src/modules/chat/testing/scripted-engine.ts'
import { hasNginx, type Nginx, startNginx } from './nginx.ts'

if (hasNginx)
  describe('behind nginx with compression on', () => {
    let server: ChatServer
    let nginx: Nginx
    before(async () => {
      server = await startChatServer()
      nginx = await startNginx(server.url)
    })
    after(async () => {
      await nginx.close()
      await server.close()
    })

    test('every token reaches the reader before the next one is said', async () => {
      const owner = await server.owner()
      const heard = Array.from({ length: 20 }, () => Promise.withResolvers<void>())
      server.engine.script = async function* (input, signal) {
        for (const [nth, gate] of heard.entries()) {
          yield { type: 'AgentStream', delta: `${nth} ` }
          // Nothing more is said until the reader has this one: a proxy that gathers would wait for ever.
          await opened(gate.promise, signal)
        }
        yield* say(input, 'The end.')
      }
      const stream = await openRunStream(`${nginx.url}/api/v1/chat/completion`, {
        method: 'POST',
        headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: 'Count' }),
      })
      assert.equal(stream.response.headers.get('content-encoding'), 'gzip')
      const sent: Sent[] = []
      for (const gate of heard) {
        sent.push(...(await stream.until('token')))
        gate.resolve()
      }
      sent.push(...(await stream.rest()))
      assertWhole(sent)
      assert.equal(sent.filter(({ event }) => event.type === 'token').length, heard.length + 1)
    })

    test('a run is resumed after an event, and a reader who leaves is let go of', async () => {
      const owner = await server.owner()
      const gate = Promise.withResolvers<void>()
      server.engine.script = async function* (input, signal) {
        yield { type: 'AgentStream', delta: 'So far. ' }
        await opened(gate.promise, signal)
        yield* say(input, 'The end.')
      }
      const stream = await server.send(owner, 'Tell me')
      const head = await stream.until('token')
      const follow = (after: number) =>
        openRunStream(`${nginx.url}/api/v1/chat/runs/${stream.runId}/events`, {
          headers: { authorization: `Bearer ${owner.token}`, 'last-event-id': String(after) },
        })
      const left = await follow(0)
      assert.deepEqual(await left.until('token'), head)
      left.hangUp()
      const resumed = await follow(2)
      assert.deepEqual(await resumed.until('token'), head.slice(2))
      gate.resolve()
      assert.deepEqual([...head, ...(await resumed.rest())], [...head, ...(await stream.rest())])
    })
  })
