import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '../../platform/errors.ts'
import { createWorkQueue } from './work-queue.ts'

test('no more pieces run at once than are allowed, and the waiting ones run in order', async () => {
  const queue = createWorkQueue({ running: 2, waiting: 10 })
  const ends: (() => void)[] = []
  const begun: number[] = []
  const pieces = [0, 1, 2, 3].map((piece) =>
    queue(() => {
      begun.push(piece)
      return new Promise<void>((resolve) => ends.push(resolve))
    }),
  )
  assert.deepEqual(begun, [0, 1])
  ends[1]?.()
  await pieces[1]
  assert.deepEqual(begun, [0, 1, 2])
  ends[0]?.()
  await pieces[0]
  assert.deepEqual(begun, [0, 1, 2, 3])
  ends[2]?.()
  ends[3]?.()
  await Promise.all(pieces)
})

test('what would wait beyond the bound is refused with 503, and a failed piece gives its place back', async () => {
  const queue = createWorkQueue({ running: 1, waiting: 1 })
  const { promise, reject } = Promise.withResolvers<void>()
  const running = queue(() => promise)
  const waiting = queue(async () => 'done')
  await assert.rejects(
    queue(async () => {}),
    (error) => error instanceof Problem && error.status === 503 && error.code === 'busy',
  )
  reject(new Error('broken'))
  await assert.rejects(running, /broken/)
  assert.equal(await waiting, 'done')
  assert.equal(await queue(async () => 'again'), 'again')
})
