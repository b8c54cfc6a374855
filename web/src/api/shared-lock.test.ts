import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { storageLock, type KeyValue } from './shared-lock.ts'

function memory(): KeyValue {
  const values = new Map<string, string>()
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  }
}

/** A clock that moves only by being waited for; waiters wake in the order of their times. */
function slowMotion() {
  let now = 1_000
  const waiters: { at: number; wake: () => void }[] = []
  let running = false
  const run = async () => {
    running = true
    while (waiters.length > 0) {
      // Let everybody who is awake finish what they are doing.
      for (let turn = 0; turn < 5; turn++) await nextTurn()
      waiters.sort((a, b) => a.at - b.at)
      const next = waiters.shift()
      if (next) {
        now = Math.max(now, next.at)
        next.wake()
      }
    }
    running = false
  }
  return {
    now: () => now,
    wait: (ms: number) =>
      new Promise<void>((wake) => {
        waiters.push({ at: now + ms, wake })
        if (!running) void run()
      }),
  }
}

const never = () => () => {}

function randoms(seed: number) {
  let state = seed
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
}

test('work under the storage lock never overlaps, and everybody gets a turn', async () => {
  const storage = memory()
  const clock = slowMotion()
  let inside = 0
  const done: number[] = []
  await Promise.all(
    [1, 2, 3, 4, 5].map((tab) =>
      storageLock({ name: 'lock', storage, ...clock, random: randoms(tab), onLeave: never })(async () => {
        assert.equal(++inside, 1)
        await clock.wait(300)
        inside--
        done.push(tab)
      }),
    ),
  )
  assert.deepEqual(done.toSorted(), [1, 2, 3, 4, 5])
})

test('the lock is free again when the work fails', async () => {
  const storage = memory()
  const clock = slowMotion()
  const lock = storageLock({ name: 'lock', storage, ...clock, random: randoms(7), onLeave: never })
  await assert.rejects(
    lock(() => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(storage.getItem('lock'), null)
  assert.equal(await lock(async () => 'next'), 'next')
})

test('the mark of a tab that died is waited out, not for ever', async () => {
  const storage = memory()
  const clock = slowMotion()
  storage.setItem('lock', `dead ${clock.now() + 15_000}`)
  const began = clock.now()
  assert.equal(
    await storageLock({ name: 'lock', storage, ...clock, random: randoms(9), onLeave: never })(async () => 'mine'),
    'mine',
  )
  assert.ok(clock.now() - began >= 15_000 && clock.now() - began < 16_000)
})

test('nonsense in storage does not block', async () => {
  const storage = memory()
  storage.setItem('lock', 'nonsense')
  assert.equal(
    await storageLock({ name: 'lock', storage, ...slowMotion(), random: randoms(3), onLeave: never })(async () => 1),
    1,
  )
})

test('a page that is left while it holds the lock, or waits for it, leaves no mark', async () => {
  const storage = memory()
  const clock = slowMotion()
  let leave = () => {}
  const onLeave = (release: () => void) => {
    leave = release
    return () => {}
  }
  const holding = Promise.withResolvers<void>()
  void storageLock({ name: 'lock', storage, ...clock, random: randoms(5), onLeave })(() => {
    holding.resolve()
    return new Promise(() => {})
  })
  await holding.promise
  leave()
  assert.equal(storage.getItem('lock'), null)
})
