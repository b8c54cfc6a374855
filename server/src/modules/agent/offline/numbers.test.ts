import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberIn } from './numbers.ts'

test('numbers are read in digits and in words of both languages', () => {
  for (const [text, number] of [
    ['what if i had 500 more', 500],
    ['1,000', 1_000],
    ['1.000', 1_000],
    ['12.345.678', 12_345_678],
    ['2k', 2_000],
    ['2 ribu', 2_000],
    ['2rb', 2_000],
    ['seratus poin', 100],
    ['dua ratus lima puluh', 250],
    ['dua puluh lima', 25],
    ['lima belas', 15],
    ['a hundred points', 100],
    ['two hundred and fifty points', 250],
    ['five thousand two hundred', 5_200],
    ['tiga ribu lima ratus', 3_500],
    ['500 points by week 2', 500],
    ['ten 10', 10],
    ['no number', undefined],
    ['1.5 points', undefined],
    ['9999999999999999999', undefined],
  ] as const) {
    assert.equal(numberIn(text.split(' ')), number, text)
  }
})
