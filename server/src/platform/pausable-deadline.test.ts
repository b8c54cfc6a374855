import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { createPausableDeadline } from './pausable-deadline.ts'

test('a deadline counts running time alone, however pauses overlap, and ends once or not at all', (t) => {
  let now = 0
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(performance, 'now', () => now)
  const pass = (ms: number) => {
    now += ms
    t.mock.timers.tick(ms)
  }
  const reached = mock.fn()
  const deadline = createPausableDeadline(100, reached)
  pass(60)
  deadline.pause()
  deadline.pause()
  pass(1_000)
  deadline.resume()
  pass(1_000)
  assert.equal(reached.mock.callCount(), 0)
  deadline.resume()
  pass(39)
  assert.equal(reached.mock.callCount(), 0)
  pass(1)
  assert.equal(reached.mock.callCount(), 1)
  pass(1_000)
  assert.equal(reached.mock.callCount(), 1)

  const given = createPausableDeadline(100, reached)
  given.pause()
  given.clear()
  given.resume()
  pass(1_000)
  assert.equal(reached.mock.callCount(), 1)
})
