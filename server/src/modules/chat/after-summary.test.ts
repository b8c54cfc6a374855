import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { afterSummary, type HistoryRow } from './after-summary.ts'

const rows = (...ids: string[]): HistoryRow[] => ids.map((id) => ({ id, role: 'user', content: `said ${id}` }))
const stored = (until: string) => ({ text: 'before', until })
const ids = (answer: ReturnType<typeof afterSummary>) => answer.rows.map(({ id }) => id)

describe('what a summary leaves of a conversation', () => {
  test('is all of it without one', () => {
    const answer = afterSummary({ rows: rows('a', 'b'), stored: undefined })
    assert.deepEqual([ids(answer), answer.summary], [['a', 'b'], undefined])
  })

  test('is what follows its last message', () => {
    const answer = afterSummary({ rows: rows('a', 'b', 'c'), stored: stored('b') })
    assert.deepEqual([ids(answer), answer.summary], [['c'], 'before'])
  })

  test('is all that was read, when its last message is older than that', () => {
    const answer = afterSummary({ rows: rows('c', 'd'), stored: stored('b') })
    assert.deepEqual([ids(answer), answer.summary], [['c', 'd'], 'before'])
  })
})
