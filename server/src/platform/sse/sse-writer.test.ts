import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { openSse, type SseOptions, type SseWriter } from './sse-writer.ts'

describe('a stream of server-sent events', () => {
  let app: FastifyInstance
  let options: SseOptions
  let opened: PromiseWithResolvers<{ writer: SseWriter; raw: ServerResponse }>
  const responses: IncomingMessage[] = []

  before(async () => {
    app = Fastify()
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-from-a-hook', 'kept')
    })
    app.get('/', async (_request, reply) => {
      opened.resolve({ writer: openSse(reply, options), raw: reply.raw })
      return reply
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
  })
  after(() => app.close())
  afterEach(() => {
    for (const response of responses.splice(0)) response.destroy()
  })

  async function open(streamOptions: SseOptions = {}) {
    options = streamOptions
    opened = Promise.withResolvers()
    const { port } = app.server.address() as AddressInfo
    const [response]: IncomingMessage[] = await once(get({ host: '127.0.0.1', port }), 'response')
    assert.ok(response)
    response.setEncoding('utf8')
    responses.push(response)
    return { response, ...(await opened.promise) }
  }

  async function textOf(response: IncomingMessage): Promise<string> {
    let text = ''
    for await (const part of response) text += part
    return text
  }

  test('is one id line and one data line an event, under headers that forbid caching and buffering', async () => {
    const { writer, response } = await open({ headers: { 'x-run-id': 'r1' } })
    assert.equal(writer.send(1, { text: 'two\nlines 🎉' }), true)
    assert.equal(writer.send(2, 'plain'), true)
    writer.end()
    assert.equal(await textOf(response), 'id: 1\ndata: {"text":"two\\nlines 🎉"}\n\nid: 2\ndata: "plain"\n\n')
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8')
    assert.equal(response.headers['cache-control'], 'no-cache, no-transform')
    assert.equal(response.headers['x-accel-buffering'], 'no')
    assert.equal(response.headers['x-run-id'], 'r1')
    assert.equal(response.headers['x-from-a-hook'], 'kept')
  })

  test('answers its headers before the first event', async () => {
    const { writer, response } = await open()
    assert.equal(response.statusCode, 200)
    writer.end()
    assert.equal(await textOf(response), '')
  })

  test('is kept alive by comments while nothing is sent', async () => {
    const { writer, response } = await open({ keepAliveMs: 5 })
    const [first] = await once(response, 'data')
    const [second] = await once(response, 'data')
    assert.deepEqual([first, second], [': still here\n\n', ': still here\n\n'])
    writer.end()
  })

  test('takes nothing once it is over', async () => {
    const { writer, response, raw } = await open()
    let closes = 0
    writer.onClose(() => closes++)
    response.destroy()
    await once(raw, 'close')
    assert.equal(writer.closed, true)
    assert.equal(writer.send(1, 'late'), false)
    await writer.drained()
    writer.end()
    writer.onClose(() => closes++)
    assert.equal(closes, 2)
  })

  test('drops a reader whose backlog grows over the limit, and holds no more than that for it', async () => {
    const reasons: string[] = []
    const { writer, response, raw } = await open({
      backlogLimitBytes: 100_000,
      onDrop: (reason) => reasons.push(reason),
    })
    response.pause()
    const event = 'x'.repeat(50_000)
    let most = 0
    for (let id = 1; writer.send(id, event); id++) most = Math.max(most, raw.writableLength)
    assert.deepEqual(reasons, ['backlog'])
    assert.equal(writer.closed, true)
    assert.ok(most <= 100_000 + event.length + 100, `${most} bytes were held`)
    await assert.rejects(textOf(response), /aborted/)
  })

  test('one event above the limit is no backlog', async () => {
    const { writer, response } = await open({ backlogLimitBytes: 1_000 })
    assert.equal(writer.send(1, 'x'.repeat(500_000)), true)
    const text = textOf(response)
    await writer.drained()
    assert.equal(writer.send(2, 'y'), true)
    writer.end()
    assert.match(await text, /id: 2\ndata: "y"\n\n$/)
  })

  test('drops a reader who leaves a full buffer standing', async () => {
    const dropped = Promise.withResolvers<string>()
    const { writer, response, raw } = await open({ stallLimitMs: 20, backlogLimitBytes: 1e9, onDrop: dropped.resolve })
    response.pause()
    while (!raw.writableNeedDrain || raw.writableLength < 20_000_000) writer.send(1, 'x'.repeat(1_000_000))
    assert.equal(await dropped.promise, 'stalled')
    assert.equal(writer.closed, true)
  })

  test('drops a reader who does not take the end', async () => {
    const dropped = Promise.withResolvers<string>()
    const { writer, response, raw } = await open({ stallLimitMs: 20, backlogLimitBytes: 1e9, onDrop: dropped.resolve })
    response.pause()
    while (raw.writableLength < 20_000_000) writer.send(1, 'x'.repeat(1_000_000))
    writer.end()
    assert.equal(await dropped.promise, 'stalled')
  })

  test('waits for room without leaking listeners, and no longer than the reader is there', async () => {
    const { writer, response, raw } = await open({ backlogLimitBytes: 1e9 })
    const listeners = () => raw.eventNames().map((name) => [name, raw.listenerCount(name)])
    const before = listeners()
    response.resume()
    for (let id = 1; id <= 300; id++) {
      writer.send(id, 'x'.repeat(40_000))
      await writer.drained()
    }
    assert.deepEqual(listeners(), before)
    response.pause()
    while (raw.writableLength < 20_000_000) writer.send(1, 'x'.repeat(1_000_000))
    const waiting = Array.from({ length: 100 }, () => writer.drained())
    assert.deepEqual(listeners(), before)
    response.destroy()
    await Promise.all(waiting)
    assert.equal(writer.closed, true)
  })
})
