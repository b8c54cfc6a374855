import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { factKey } from './fact-key.ts'

describe('two facts are the same', () => {
  for (const [one, other] of [
    ['We close on Mondays', 'we close on mondays.'],
    ['We close  on\tMondays', ' We close on Mondays '],
    ['Ibu’s warung', "Ibu's warung"],
    ['“Soto” is our best dish', 'soto is our best dish'],
    ['Café on the corner', 'Cafe\u0301 on the corner'],
  ] as const)
    test(`${one} = ${other}`, () => assert.equal(factKey(one), factKey(other)))
})

describe('two facts are not the same', () => {
  for (const [one, other] of [
    ['We close on Mondays', 'We close on Tuesdays'],
    ['Rent is 1.5 million', 'Rent is 15 million'],
    ['Profit is -5', 'Profit is 5'],
    ['!!!', '???'],
    ['...', '…'],
  ] as const)
    test(`${one} ≠ ${other}`, () => assert.notEqual(factKey(one), factKey(other)))
})
