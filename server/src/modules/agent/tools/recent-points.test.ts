import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInput, standingsOfTests } from '../engine-under-test.ts'
import { recentPointList, recentPoints } from './recent-points.ts'

const entry = (points: number, at: string) => ({
  type: 'sales_recorded',
  points,
  totalAfter: 1_000,
  reason: null,
  createdAt: new Date(at),
})

async function ask(ledger: ReturnType<typeof entry>[], now: string) {
  const standings = { ...standingsOfTests, recentPoints: async () => ledger }
  const tool = recentPoints({ standings, clock: { now: () => new Date(now) } })
  return recentPointList.parse(await tool.execute(runInput('').context, {}))
}

test('days and weeks are those of the business', async () => {
  // Jakarta is seven hours ahead: this is Monday, 23 November, at 3 in the morning.
  const result = await ask(
    [
      entry(1, '2026-11-22T19:00:00Z'),
      entry(-2, '2026-11-22T17:00:00Z'),
      entry(10, '2026-11-22T16:59:59Z'),
      entry(20, '2026-11-15T17:00:00Z'),
      entry(40, '2026-11-15T16:59:59Z'),
    ],
    '2026-11-22T20:00:00Z',
  )
  assert.equal(result.today, '2026-11-23')
  assert.deepEqual([result.points_today, result.points_this_week, result.points_last_week], [-1, -1, 30])
  assert.deepEqual(
    result.entries.map(({ day }) => day),
    ['2026-11-23', '2026-11-23', '2026-11-22', '2026-11-16', '2026-11-15'],
  )
})

test('an empty ledger adds up to nothing', async () => {
  const result = await ask([], '2026-11-29T12:00:00Z')
  assert.deepEqual([result.points_today, result.points_this_week, result.points_last_week], [0, 0, 0])
})

test('a sum that was not read to its end is not told', async () => {
  const busy = Array.from({ length: 500 }, (_, index) =>
    entry(1, index < 300 ? '2026-11-26T05:00:00Z' : '2026-11-24T05:00:00Z'),
  )
  const result = await ask(busy, '2026-11-26T06:00:00Z')
  assert.deepEqual([result.points_today, result.points_this_week, result.points_last_week], [300, null, null])
  assert.equal(result.entries.length, 10)
})
