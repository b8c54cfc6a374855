import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createOpenStreams } from './open-streams.ts'

describe('places for open streams', () => {
  test('are limited for each owner, and free again once released, however often that is said', () => {
    const streams = createOpenStreams(2)
    const release = streams.reserve('a')
    streams.reserve('a')
    assert.throws(() => streams.reserve('a'), { status: 429 })
    streams.reserve('b')
    release()
    release()
    streams.reserve('a')
    assert.throws(() => streams.reserve('a'), { status: 429 })
  })

  test('are without limit at 0', () => {
    const streams = createOpenStreams(0)
    for (let i = 0; i < 1_000; i++) streams.reserve('a')
  })
})
