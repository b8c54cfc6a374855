import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fingerprint } from './fingerprint.ts'

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, shuffled(inner)]),
  )
}

test('the order of members makes no difference, at any depth', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(fingerprint(shuffled(value)), fingerprint(value))
    }),
  )
})

test('values that differ have different fingerprints', () => {
  const values = [
    null,
    0,
    '',
    false,
    [],
    {},
    [null],
    [[]],
    { a: null },
    { a: [] },
    ['a'],
    { 0: 'a' },
    '{}',
    [1, 2],
    [2, 1],
  ]
  assert.equal(new Set(values.map(fingerprint)).size, values.length)
})

test('a member that is absent and one that is undefined are the same', () => {
  assert.equal(fingerprint({ a: 1, b: undefined }), fingerprint({ a: 1 }))
})
