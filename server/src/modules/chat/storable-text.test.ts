import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTextPieces, storableJson, storableText } from './storable-text.ts'

// Texts full of what hurts: NULs, halves of characters, whole characters outside the basic plane.
const anyText = fc
  .array(fc.constantFrom('a', '\0', '\uD83C', '\uDF89', '🎉', 'é', '\n'), { maxLength: 30 })
  .map((parts) => parts.join(''))

describe('text that can be stored', () => {
  test('pieces joined are the whole text made storable, wherever it is cut', () => {
    fc.assert(
      fc.property(anyText, fc.array(fc.nat(30)), (text, cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const pieces = createTextPieces()
        const joined = edges
          .slice(1)
          .map((end, index) => pieces.take(text.slice(edges[index], Math.max(end, edges[index] ?? 0))))
        const whole = edges
          .slice(1)
          .map((end, index) => text.slice(edges[index], Math.max(end, edges[index] ?? 0)))
          .join('')
        assert.equal(joined.join('') + pieces.rest(), storableText(whole))
      }),
    )
  })

  test('no piece ends in half a character', () => {
    const pieces = createTextPieces()
    assert.equal(pieces.take('a\uD83C'), 'a')
    assert.equal(pieces.take('\uDF89b'), '🎉b')
    assert.equal(pieces.take('\uD83C'), '')
    assert.equal(pieces.rest(), '\uFFFD')
    assert.equal(pieces.rest(), '')
  })

  test('any value becomes JSON without NULs and lone halves', () => {
    assert.deepEqual(storableJson({ 'k\0': ['a\0b', '\uD800', 1, null, undefined, 10n, { deep: '\0' }] }), {
      k: ['ab', '\uFFFD', 1, null, null, '10', { deep: '' }],
    })
    assert.equal(storableJson(undefined), null)
    assert.equal(storableJson('x\0'), 'x')
  })
})
