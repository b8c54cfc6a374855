import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from './ids.ts'

test('ids are UUIDs of version 7 that rise strictly and begin with the time', () => {
  const began = Date.now()
  const ids = Array.from({ length: 20_000 }, newId)
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(ids, ids.toSorted())
  assert.equal(new Set(ids).size, ids.length)
  const at = Number.parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16)
  assert.ok(at >= began && at <= Date.now() + 1_000, `${at} is not about ${began}`)
})

test('the last part of an id cannot be guessed from another one', () => {
  const ends = Array.from({ length: 1_000 }, () => newId().slice(-12))
  assert.equal(new Set(ends).size, ends.length)
})
