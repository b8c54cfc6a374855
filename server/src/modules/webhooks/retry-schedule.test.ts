import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextAttemptAt, RETRY_FOR_MS } from './retry-schedule.ts'

const START = new Date('2026-11-22T08:00:00.000Z')
const retryUntil = new Date(START.getTime() + RETRY_FOR_MS)

/** timetable is when each attempt is made, in seconds after the first, when all of them fail. */
function timetable(random: number): number[] {
  const at = [0]
  let now = START
  for (let attempts = 1; ; attempts++) {
    const next = nextAttemptAt({ attempts, now, retryUntil, random })
    if (next === null) return at
    at.push((next.getTime() - START.getTime()) / 1000)
    now = next
  }
}

test('a delivery that keeps failing is tried for a day, at growing intervals, and then no more', () => {
  assert.deepEqual(timetable(0.5), [0, 5, 35, 155, 755, 2_555, 6_155, 13_355, 27_755, 56_555, 85_355, 86_400])
})

test('the pauses vary by a fifth either way, and the end stays where it is', () => {
  assert.deepEqual(timetable(0).slice(0, 4), [0, 4, 28, 124])
  assert.deepEqual(timetable(1).slice(0, 4), [0, 6, 42, 186])
  for (const random of [0, 0.25, 0.75, 1]) assert.equal(timetable(random).at(-1), 86_400)
})

test('what is tried after its time is over gets no further attempt', () => {
  assert.equal(nextAttemptAt({ attempts: 1, now: retryUntil, retryUntil, random: 0.5 }), null)
})
