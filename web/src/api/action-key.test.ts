import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActionKeys, randomKey } from './action-key.ts'

test('a retry of the same action keeps its key', () => {
  const keys = createActionKeys()
  const first = keys.keyFor({ type: 'sale', note: 'a' })
  assert.equal(keys.keyFor({ type: 'sale', note: 'a' }), first)
})

test('another action, or the same one after success, gets a new key', () => {
  const keys = createActionKeys()
  const first = keys.keyFor({ type: 'sale' })
  const other = keys.keyFor({ type: 'lesson' })
  assert.notEqual(other, first)
  keys.done()
  assert.notEqual(keys.keyFor({ type: 'lesson' }), other)
})

test('a key is a version 4 UUID', () => {
  for (let count = 0; count < 50; count++) {
    assert.match(randomKey(), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  }
})
