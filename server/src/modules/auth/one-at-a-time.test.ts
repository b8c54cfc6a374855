import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOneAtATime } from './one-at-a-time.ts'

test('work of one key runs in order, one after the other, also after a failure; other keys do not wait', async () => {
  const oneAtATime = createOneAtATime()
  const first = Promise.withResolvers<void>()
  const order: string[] = []
  const a = oneAtATime('a', async () => {
    order.push('a1 begins')
    await first.promise
  })
  const next = oneAtATime('a', async () => void order.push('a2'))
  const last = oneAtATime('a', async () => void order.push('a3'))
  await oneAtATime('b', async () => void order.push('b'))
  first.reject(new Error('broken'))
  await assert.rejects(a, /broken/)
  await Promise.all([next, last])
  assert.deepEqual(order, ['a1 begins', 'b', 'a2', 'a3'])
})
