import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readCursor, tagOf, writeCursor } from './feed-cursor.ts'

const place = fc.tuple(fc.maxSafeNat(), fc.nat(32_767)).map(([sequence, position]) => ({ sequence, position }))
const places = fc.uniqueArray(fc.tuple(fc.uuid(), place), {
  minLength: 1,
  maxLength: 20,
  selector: ([id]) => tagOf(id),
})

describe('the id of an event of the live feed', () => {
  test('says again what it was made of', () => {
    fc.assert(
      fc.property(places, (made) => {
        const id = writeCursor(made)
        assert.match(id, /^[A-Za-z0-9_-]+$/)
        assert.deepEqual(readCursor(id), new Map(made.map(([business, at]) => [tagOf(business), at])))
      }),
    )
  })

  test('is short', () => {
    const business = (n: number) => `0199e8a0-0000-7000-8000-${String(n).padStart(12, '0')}`
    const at = { sequence: 100_000, position: 12 }
    assert.ok(writeCursor([[business(1), at]]).length <= 15)
    const twenty = Array.from({ length: 20 }, (_, n) => [business(n), at] as const)
    assert.ok(writeCursor(twenty.map(([id, where]) => [id, where])).length < 300)
  })

  test('is refused when it is anything else, and never misread', () => {
    for (const bad of ['', '0', '1', 'AQ', 'AQ==', 'Ag', '../../etc/passwd', '\0', 'x'.repeat(2_000), 'AQAAAAAAAQEB '])
      assert.equal(readCursor(bad), undefined, bad)
    const anything = fc.oneof(
      fc.string(),
      fc.uint8Array().map((bytes) => Buffer.from([1, ...bytes]).toString('base64url')),
    )
    fc.assert(
      fc.property(anything, (text) => {
        const read = readCursor(text)
        if (!read) return
        const again = writeCursor([...read].map(([tag, at]) => [`0199e8a0-0000-7000-8000-${tag}`, at]))
        assert.deepEqual(readCursor(again), read)
      }),
    )
  })

  test('is refused when it is cut short or goes on', () => {
    fc.assert(
      fc.property(places, fc.nat(), (made, cut) => {
        const bytes = Buffer.from(writeCursor(made), 'base64url')
        const short = bytes.subarray(0, cut % bytes.length).toString('base64url')
        // Cut between two businesses it is a cursor of the first ones.
        const read = readCursor(short)
        if (read) assert.ok(read.size < made.length)
        assert.equal(readCursor(Buffer.concat([bytes, Buffer.from([0])]).toString('base64url')), undefined)
      }),
    )
  })
})
