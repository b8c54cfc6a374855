import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dateFormat, dateText } from './date-format.ts'

test('a date is written by the locale, the time zone and the options that are asked for, whatever was asked before', () => {
  const at = new Date('2026-11-22T20:00:00Z')
  const written = () =>
    ['UTC', 'Asia/Jakarta'].map((timeZone) => [
      dateFormat('sv-SE', { timeZone }).format(at),
      dateFormat('en-GB', { timeZone, weekday: 'long' }).format(at),
    ])
  const expected = [
    ['2026-11-22', 'Sunday'],
    ['2026-11-23', 'Monday'],
  ]
  assert.deepEqual(written(), expected)
  assert.deepEqual(written(), expected)
})

test('a time zone that does not exist is refused each time', () => {
  for (let times = 0; times < 2; times++) assert.throws(() => dateFormat('en-GB', { timeZone: 'Nowhere' }), RangeError)
})

test('the text of a date is that of its moment, also right before and after midnight', () => {
  const format = dateFormat('sv-SE', { timeZone: 'Asia/Kathmandu' })
  // Midnight there, five and three quarter hours before it is in Greenwich.
  const midnight = Date.parse('2026-11-22T18:15:00Z')
  for (const ms of [-60_000, -1, 0, 1, 59_999, -1, 86_400_000]) {
    const moment = new Date(midnight + ms)
    assert.equal(dateText(format, moment), format.format(moment))
  }
})
