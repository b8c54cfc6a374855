import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { budgetDay } from './budget-day.ts'

describe('a day of budgets', () => {
  test('ends at midnight of its zone', () => {
    const at = new Date('2026-11-22T18:30:00Z')
    assert.deepEqual(budgetDay(at, 'UTC'), { day: '2026-11-22', endsAt: new Date('2026-11-23T00:00:00Z') })
    assert.deepEqual(budgetDay(at, 'Asia/Jakarta'), { day: '2026-11-23', endsAt: new Date('2026-11-23T17:00:00Z') })
    assert.deepEqual(budgetDay(at, 'Asia/Kathmandu'), { day: '2026-11-23', endsAt: new Date('2026-11-23T18:15:00Z') })
  })

  test('has 23 or 25 hours where the clock is changed, and may begin at one', () => {
    assert.deepEqual(
      budgetDay(new Date('2026-03-29T00:00:00Z'), 'Europe/Berlin').endsAt,
      new Date('2026-03-29T22:00:00Z'),
    )
    assert.deepEqual(
      budgetDay(new Date('2026-10-24T22:00:00Z'), 'Europe/Berlin').endsAt,
      new Date('2026-10-25T23:00:00Z'),
    )
    assert.deepEqual(
      budgetDay(new Date('2026-09-05T12:00:00Z'), 'America/Santiago').endsAt,
      new Date('2026-09-06T04:00:00Z'),
    )
  })

  test('is the same until its end, and the next from then on', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Asia/Jakarta',
      'America/New_York',
      'Pacific/Kiritimati',
      'Australia/Lord_Howe',
    )
    const instants = fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, zones, (at, zone) => {
        const { day, endsAt } = budgetDay(at, zone)
        assert.ok(endsAt > at)
        assert.equal(budgetDay(new Date(endsAt.getTime() - 1), zone).day, day)
        assert.ok(budgetDay(endsAt, zone).day > day)
      }),
    )
  })
})
