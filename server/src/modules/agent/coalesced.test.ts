import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { coalesced } from './coalesced.ts'

test('pieces that come together are joined, the first is not held up, and nothing is lost or reordered', async () => {
  const gathered = coalesced(20)
  const pieces = gathered.pieces()
  gathered.push('a')
  assert.deepEqual(await pieces.next(), { done: false, value: 'a' })
  gathered.push('b')
  const next = pieces.next()
  gathered.push('c')
  assert.deepEqual(await next, { done: false, value: 'bc' })
  gathered.end()
  assert.deepEqual(await pieces.next(), { done: true, value: undefined })
})

test('the end does not wait for the window, and an error comes after what was pushed before it', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const gathered = coalesced(60_000)
    const pieces = gathered.pieces()
    gathered.push('a')
    await pieces.next()
    gathered.push('b')
    const last = pieces.next()
    await Promise.resolve()
    gathered.end({ reason: new Error('cut') })
    assert.deepEqual(await last, { done: false, value: 'b' })
    await assert.rejects(pieces.next(), /cut/)
  } finally {
    mock.timers.reset()
  }
})

test('an end without a piece is an end', async () => {
  const gathered = coalesced(20)
  const next = gathered.pieces().next()
  gathered.end()
  assert.deepEqual(await next, { done: true, value: undefined })
})
