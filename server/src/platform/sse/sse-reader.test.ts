import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readServerSentEvents, type ServerSentEvent } from './sse-reader.ts'

const generous = { maxEventCharacters: 1_000, maxBytes: 10_000 }

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string, options: { size?: number; limits?: typeof generous } = {}) {
  const bytes = new TextEncoder().encode(text)
  const events: ServerSentEvent[] = []
  const { size = bytes.length, limits = generous } = options
  for await (const batch of readServerSentEvents(pieces(bytes, size), limits)) events.push(...batch)
  return events
}

const stream =
  ': hello\n\nid: 1\ndata: {"a":"🌱é"}\n\nid: 2\r\ndata:two\r\ndata: lines\r\n\r\nevent: x\rdata: 3\r\rdata: cut off'

test('an event stream means the same in whatever pieces it comes', async () => {
  const expected = [
    { id: '1', data: '{"a":"🌱é"}' },
    { id: '2', data: 'two\nlines' },
    { id: '2', data: '3' },
  ]
  for (let size = 1; size <= stream.length; size++) assert.deepEqual(await read(stream, { size }), expected, `${size}`)
})

test('events that come together are handed on together', async () => {
  const batches: ServerSentEvent[][] = []
  const bytes = new TextEncoder().encode('data: 1\n\ndata: 2\n\n')
  for await (const batch of readServerSentEvents(pieces(bytes, bytes.length), generous)) batches.push(batch)
  assert.deepEqual(
    batches.map((batch) => batch.map(({ data }) => data)),
    [['1', '2']],
  )
})

test('an event or a stream that grows too long is refused', async () => {
  const limits = { maxEventCharacters: 50, maxBytes: 200 }
  await assert.rejects(read(`data: ${'x'.repeat(60)}`, { limits, size: 10 }), /an event is longer than 50/)
  await assert.rejects(read('data: 1234567\n'.repeat(9), { limits, size: 10 }), /an event is longer than 50/)
  await assert.rejects(read(': comment\n\n'.repeat(40), { limits, size: 10 }), /stream is longer than 200/)
  assert.equal((await read('data: 1234567\n\n'.repeat(9), { limits, size: 10 })).length, 9)
})
