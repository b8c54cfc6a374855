import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boardRows } from './board-rows.ts'

const entry = (rank: number, is_current_user = false) => ({ rank, is_current_user })
const kinds = (entries: { rank: number; is_current_user: boolean }[]) =>
  boardRows(entries).map((row) => (row.kind === 'gap' ? '…' : row.entry.rank))

test('an own row from further down stands behind a gap', () => {
  assert.deepEqual(kinds([entry(1), entry(2), entry(40, true)]), [1, 2, '…', 40])
})

test('an own row within the top has no gap, also right after a tie', () => {
  assert.deepEqual(kinds([entry(1), entry(2), entry(3, true)]), [1, 2, 3])
  assert.deepEqual(kinds([entry(1), entry(2), entry(2), entry(4, true)]), [1, 2, 2, 4])
  assert.deepEqual(kinds([entry(1, true)]), [1])
})

test('an own row that is tied with the end of the top has no gap', () => {
  assert.deepEqual(kinds([entry(1), entry(2), entry(2, true)]), [1, 2, 2])
})
