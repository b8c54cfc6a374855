import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRunLog } from './run-log.ts'

const text = (delta: string) => ({ type: 'AgentStream', delta }) as const
const failed = { type: 'RunFailed', code: 'internal', message: 'Sorry.' } as const

describe('the log of a run', () => {
  test('counts its entries from 1 and is read from any place', () => {
    const log = createRunLog()
    for (const delta of ['a', 'b', 'c']) log.append(text(delta))
    assert.equal(log.lastSeq, 3)
    assert.deepEqual(
      log.read(0).map((entry) => entry.seq),
      [1, 2, 3],
    )
    assert.deepEqual(log.read(2), [{ seq: 3, event: text('c') }])
    assert.deepEqual(log.read(3), [])
    assert.deepEqual(log.read(9), [])
  })

  test('counts on from where the part that it does not hold ended', () => {
    const log = createRunLog(7)
    log.append(text('a'))
    assert.deepEqual(log.read(7), [{ seq: 8, event: text('a') }])
    assert.deepEqual(log.read(8), [])
    assert.equal(log.lastSeq, 8)
  })

  test('takes nothing after its terminal event', () => {
    const log = createRunLog()
    log.append(failed)
    assert.equal(log.ended, true)
    assert.throws(() => log.append(text('late')), /has ended/)
    assert.equal(log.lastSeq, 1)
  })

  test('calls back everyone who follows until they leave', () => {
    const log = createRunLog()
    const heard: string[] = []
    const leave = log.subscribe(() => heard.push('first'))
    log.subscribe(() => heard.push('second'))
    log.append(text('a'))
    leave()
    log.append(text('b'))
    assert.deepEqual(heard, ['first', 'second', 'second'])
  })
})
