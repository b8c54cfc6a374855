import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInput, standingsOfTests } from '../engine-under-test.ts'
import { imaginedStanding, whatIf } from './what-if.ts'

const tool = whatIf(standingsOfTests)

test('what more points would bring: the level, the rank and the achievements', async () => {
  const result = imaginedStanding.parse(await tool.execute(runInput('').context, { points: 100 }))
  assert.deepEqual(result, {
    points_added: 100,
    total_points: 240,
    level: { name: 'Sapling', required_points: 200 },
    is_new_level: true,
    next_level: null,
    rank: 2,
    rank_now: 3,
    ranked_businesses: 12,
    points_to_next_rank: 5,
    new_achievements: [{ title: 'Two hundred', required_points: 200 }],
    new_achievements_count: 1,
  })
})

test('only a whole number of points from 1 is imagined', () => {
  for (const points of ['0', '-5', '1.5', '"many"', '1e30', 'null'])
    assert.equal(tool.parse(`{"points":${points}}`).ok, false, points)
  assert.deepEqual(tool.parse('{"points":5,"business_id":"another"}'), { ok: true, args: { points: 5 } })
})
