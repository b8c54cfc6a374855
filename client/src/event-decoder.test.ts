import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createEventDecoder } from './event-decoder.ts'
import type { RawEvent } from './event-decoder.ts'

function decodeAll(text: string, cuts: number[] = []): RawEvent[] {
  const bytes = new TextEncoder().encode(text)
  const decode = createEventDecoder()
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).flatMap((end, index) => decode(bytes.subarray(edges[index], end)))
}

describe('the decoder of event streams', () => {
  test('an event is one id line and one data line', () => {
    assert.deepEqual(decodeAll('id: 1\ndata: {"a":1}\n\nid: 2\ndata: {"a":2}\n\n'), [
      { id: '1', data: '{"a":1}' },
      { id: '2', data: '{"a":2}' },
    ])
  })

  test('comments, unknown fields and empty events yield nothing', () => {
    assert.deepEqual(decodeAll(': keep-alive\n\nretry: 10\nevent: x\nfoo\n\nid: 7\n\n'), [])
  })

  test('an id stands until the next one', () => {
    assert.deepEqual(decodeAll('id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n'), [
      { id: '1', data: 'a' },
      { id: '1', data: 'b' },
      { id: '', data: 'c' },
    ])
  })

  test('several data lines are joined, and only one leading space is taken off', () => {
    assert.deepEqual(decodeAll('data:a\ndata:  b\ndata\n\n'), [{ id: undefined, data: 'a\n b\n' }])
  })

  test('CR, LF and CR LF all end a line', () => {
    const expected = [
      { id: '1', data: 'a' },
      { id: '1', data: 'b' },
    ]
    for (const end of ['\n', '\r\n', '\r']) {
      const text = ['id: 1', 'data: a', '', 'data: b', '', ': the last line end decides', ''].join(end)
      assert.deepEqual(decodeAll(text), expected)
    }
  })

  test('a byte order mark is dropped, an unfinished event too', () => {
    assert.deepEqual(decodeAll('\uFEFFdata: a\n\ndata: half'), [{ id: undefined, data: 'a' }])
  })

  test('it makes no difference where the bytes are split', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
      fc.nat().map((id) => `id: ${id}`),
      fc.constantFrom('', ': comment', 'data', 'data: Bahasa é 🎉 日本'),
    )
    const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 20 }).map((lines) =>
      lines
        .map(([text, end]) => text + end)
        .join('')
        .concat('\n\n'),
    )
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (text, cuts) => {
        const length = new TextEncoder().encode(text).length
        assert.deepEqual(
          decodeAll(
            text,
            cuts.map((cut) => Math.min(cut, length)),
          ),
          decodeAll(text),
        )
      }),
    )
  })
})
