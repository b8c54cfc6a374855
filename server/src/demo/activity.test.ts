import assert from 'node:assert/strict'
import test from 'node:test'
import { drawCareer } from './activity.ts'
import { createRandom } from './random.ts'

const worth: Record<string, number> = {
  daily_check_in: 5,
  customer_contacted: 5,
  sales_recorded: 10,
  expenses_recorded: 10,
  stock_counted: 10,
  promotion_posted: 10,
  lesson_completed: 20,
  instalment_paid: 30,
  course_completed: 50,
}
const DAY_MS = 86_400_000

test('a career earns exactly what it aims at, in order of time, after signing up and before today', () => {
  const random = createRandom(7)
  for (const now of [new Date('2026-11-22T00:20:00Z'), new Date('2026-03-01T23:59:00Z')])
    for (const utcOffsetHours of [-5, 0, 5.5, 9])
      for (const points of [0, 5, 40, 990, 3120]) {
        const career = drawCareer(random, { points, now, utcOffsetHours, eager: points > 900 })
        const earned = career.activities.reduce((sum, { type }) => sum + (worth[type] ?? Number.NaN), 0)
        assert.equal(earned, points)
        const times = career.activities.map(({ at }) => at.getTime())
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        )
        const localDay = (ms: number) => Math.floor((ms + utcOffsetHours * 3_600_000) / DAY_MS)
        assert.ok(times.every((ms) => localDay(ms) < localDay(now.getTime())))
        assert.ok(times.every((ms) => ms > career.signedUpAt.getTime() + 180_000))
      }
})

test('the same seed tells the same story', () => {
  const now = new Date('2026-11-22T08:00:00Z')
  const draw = () => drawCareer(createRandom(1), { points: 500, now, utcOffsetHours: 7, eager: true })
  assert.deepEqual(draw(), draw())
})
