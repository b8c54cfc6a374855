import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartDays } from './chart-days.ts'

test('a chart has every day of its period once, oldest first, also over the end of a month', () => {
  const values = [
    { day: '2026-03-01', value: 5 },
    { day: '2026-02-27', value: 3 },
  ]
  assert.deepEqual(chartDays({ from: '2026-02-27', to: '2026-03-02' }, values), [
    { day: '2026-02-27', value: 3 },
    { day: '2026-02-28', value: 0 },
    { day: '2026-03-01', value: 5 },
    { day: '2026-03-02', value: 0 },
  ])
  assert.deepEqual(chartDays({ from: '2026-01-01', to: '2026-01-01' }, []), [{ day: '2026-01-01', value: 0 }])
})
