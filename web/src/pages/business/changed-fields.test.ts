import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedFields } from './changed-fields.ts'

test('only what differs is kept', () => {
  const before = { name: 'A', goal: null, address: { city: 'Bandung', country: null } }
  assert.deepEqual(changedFields({ name: 'A', goal: null, address: { city: 'Bandung', country: null } }, before), {})
  assert.deepEqual(changedFields({ name: 'B', goal: 'Grow', address: null }, before), {
    name: 'B',
    goal: 'Grow',
    address: null,
  })
  assert.deepEqual(changedFields({ name: undefined, goal: 'x' }, { name: null }), { goal: 'x' })
})
