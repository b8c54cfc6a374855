import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withStableId, writeJournal } from './generate-migrations.ts'

const timesOf = (journal: ReturnType<typeof writeJournal>) =>
  journal.entries.map(({ idx, tag, when }) => [idx, tag, when])

describe('the journal of migrations', () => {
  test('a migration that was listed keeps its time, a new one gets a later one', () => {
    const first = writeJournal({ tags: ['0000_initial'], previous: undefined, now: 1000 })
    const second = writeJournal({ tags: ['0000_initial', '0001_functions'], previous: first, now: 2000 })
    assert.deepEqual(timesOf(second), [
      [0, '0000_initial', 1000],
      [1, '0001_functions', 2000],
    ])
    const third = writeJournal({ tags: ['0000_initial', '0001_functions'], previous: second, now: 3000 })
    assert.deepEqual(third, second)
  })

  test('times rise along the list, also when several are new at once', () => {
    const journal = writeJournal({ tags: ['0000_initial', '0001_a', '0002_b'], previous: undefined, now: 1000 })
    assert.deepEqual(timesOf(journal), [
      [0, '0000_initial', 1000],
      [1, '0001_a', 1001],
      [2, '0002_b', 1002],
    ])
  })
})

test('snapshots of equal schemas are equal whatever id they came with', () => {
  const tables = { 'public.users': { columns: {} } }
  const one = withStableId(JSON.stringify({ id: 'a', tables }))
  assert.equal(one, withStableId(JSON.stringify({ id: 'b', tables })))
  assert.notEqual(one, withStableId(JSON.stringify({ id: 'a', tables: {} })))
  assert.match(JSON.parse(one).id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
})
