import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readEventStream, StreamStalledError } from './event-stream.ts'
import type { ServerEvent } from './event-stream.ts'
import { isKnownEvent } from './known-events.ts'

const eventStream = { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }

async function collect(stream: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of stream) events.push(event)
  return events
}

describe('reading an event stream', () => {
  test('events come in order with id, type, message and data', async () => {
    const body = [
      'id: 1\ndata: {"type":"session_created","message":"Cash flow","data":"s1"}\n\n',
      ': still here\n\n',
      'id: 2\ndata: {"type":"token","data":{"text":"Halo 👋"}}\n\n',
      'id: 3\ndata: {"type":"error","message":"Try again.","data":{"code":"model_failed"}}\n\n',
    ].join('')
    const events = await collect(readEventStream(new Response(body, eventStream)))
    assert.deepEqual(events, [
      { id: '1', type: 'session_created', message: 'Cash flow', data: 's1' },
      { id: '2', type: 'token', data: { text: 'Halo 👋' } },
      { id: '3', type: 'error', message: 'Try again.', data: { code: 'model_failed' } },
    ])
  })

  test('a known event has typed data', async () => {
    const body = 'data: {"type":"token","data":{"text":"Halo"}}\n\ndata: {"type":"from_tomorrow","data":1}\n\n'
    const events = await collect(readEventStream(new Response(body, eventStream)))
    const texts = events.filter(isKnownEvent).map((event) => (event.type === 'token' ? event.data.text : event.type))
    assert.deepEqual(texts, ['Halo'])
  })

  test('the bare body of an answer is read like the answer', async () => {
    const { body } = new Response('data: {"type":"done"}\n\n')
    assert.ok(body)
    assert.deepEqual(await collect(readEventStream(body)), [{ id: undefined, type: 'done' }])
  })

  test('an event is handed over before the next one has come', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const events = readEventStream(new Response(readable, eventStream))
    const encoder = new TextEncoder()
    for (const text of ['one', 'two']) {
      const written = writer.write(encoder.encode(`data: {"type":"token","data":{"text":"${text}"}}\n\n`))
      assert.deepEqual((await events.next()).value, { id: undefined, type: 'token', data: { text } })
      await written
    }
    await writer.close()
    assert.equal((await events.next()).done, true)
  })

  test('leaving the loop closes the connection', async () => {
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: {"type":"token"}\n\n')),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const event of readEventStream(new Response(endless, eventStream))) {
      assert.equal(event.type, 'token')
      break
    }
    assert.equal(cancelled, true)
  })

  test('a connection that breaks rejects after the events before it', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: {"type":"token"}\n\ndata: {"ty')),
      pull: (controller) => controller.error(new Error('reset by peer')),
    })
    const events = readEventStream(new Response(broken, eventStream))
    assert.equal((await events.next()).value?.type, 'token')
    await assert.rejects(events.next(), /reset by peer/)
  })

  test('a silent stream is given up and closed', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    let cancelled = false
    const silent = new ReadableStream<Uint8Array>({
      cancel: () => {
        cancelled = true
      },
    })
    const next = readEventStream(new Response(silent, eventStream), { idleTimeoutMs: 45_000 }).next()
    const rejected = assert.rejects(next, StreamStalledError)
    context.mock.timers.tick(45_000)
    await rejected
    assert.equal(cancelled, true)
  })

  test('a refusal and a page that is no stream are said to be so', async () => {
    const refusal = new Response('{"code":"run_active"}', {
      status: 409,
      headers: { 'content-type': 'application/problem+json' },
    })
    await assert.rejects(readEventStream(refusal).next(), /got status 409 with application\/problem\+json/)
    const page = new Response('<html>', { headers: { 'content-type': 'text/html' } })
    await assert.rejects(readEventStream(page).next(), /got status 200 with text\/html/)
  })

  test('an event that is no event of ours is refused', async () => {
    await assert.rejects(readEventStream(new Response('data: [1]\n\n', eventStream)).next(), /expected an event/)
  })
})
