import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ladderView } from './ladder-view.ts'

const levels = [0, 100, 200, 300, 400, 500, 600].map((required_points) => ({ required_points }))

test('the climber stands between the level reached and the next one', () => {
  const view = ladderView(levels, 150)
  assert.equal(view.current?.required_points, 100)
  assert.equal(view.next?.required_points, 200)
  assert.equal(view.progress, 0.5)
  assert.equal(view.height, 1.5)
})

test('a level counts from exactly its points on', () => {
  assert.equal(ladderView(levels, 199).current?.required_points, 100)
  assert.equal(ladderView(levels, 200).current?.required_points, 200)
})

test('the window keeps one rung below and ends at the top', () => {
  const shown = (total: number) => ladderView(levels, total).rungs.map(({ level }) => level.required_points)
  assert.deepEqual(shown(0), [0, 100, 200, 300, 400])
  assert.deepEqual(shown(250), [100, 200, 300, 400, 500])
  assert.deepEqual(shown(10_000), [200, 300, 400, 500, 600])
})

test('exactly one rung is the current one, reached ones lie below it', () => {
  for (let total = 0; total <= 700; total += 25) {
    const states = ladderView(levels, total).rungs.map(({ state }) => state)
    assert.equal(states.filter((state) => state === 'current').length, 1)
    assert.ok(states.join(' ').match(/^(reached )*current( ahead)*$/), states.join(' '))
  }
})

test('on the top rung there is no next level and the climber stands on it', () => {
  const view = ladderView(levels, 700)
  assert.equal(view.next, undefined)
  assert.equal(view.progress, 1)
  assert.equal(view.height, 4)
})

test('before the first level the climber stands below it', () => {
  const view = ladderView([{ required_points: 50 }], 25)
  assert.equal(view.current, undefined)
  assert.equal(view.height, -0.25)
})

test('a ladder without levels is empty', () => {
  assert.deepEqual(ladderView([], 10).rungs, [])
})
