import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgress, describe } from './progress.ts'

function recorded(isTTY: boolean) {
  const written: string[] = []
  let at = 0
  const progress = createProgress({
    label: 'verify',
    total: 1_000,
    unit: 'businesses',
    output: { write: (text) => written.push(text), isTTY },
    now: () => at,
  })
  return { written, progress, wait: (ms: number) => void (at += ms) }
}

test('a terminal sees one bar that is redrawn, at most ten times a second, and cleared at the end', () => {
  const { written, progress, wait } = recorded(true)
  progress.advance(100)
  assert.deepEqual(written, [])
  wait(100)
  progress.advance(100)
  progress.advance(1)
  assert.equal(written.length, 1)
  assert.match(written[0] ?? '', /^\r.*█.*░.* verify: 20 %, 200 of 1,000 businesses/)
  progress.done()
  assert.equal(written.at(-1), '\r\u001B[K')
})

test('anything else sees a plain line every five seconds', () => {
  const { written, progress, wait } = recorded(false)
  for (let second = 0; second < 12; second++) {
    progress.advance(50)
    wait(1_000)
  }
  progress.done()
  assert.deepEqual(written, [
    'verify: 30 %, 300 of 1,000 businesses, 12 s left\n',
    'verify: 55 %, 550 of 1,000 businesses, 8 s left\n',
  ])
})

test('an estimate that was too low is not overshot', () => {
  const state = { label: 'backup', count: 15, total: 10, unit: 'rows', elapsedMs: 1_000 }
  assert.equal(describe(state), 'backup: 100 %, 15 of 15 rows')
  assert.equal(describe({ ...state, count: 0, total: 0 }), 'backup: 0 %, 0 of 0 rows')
})
