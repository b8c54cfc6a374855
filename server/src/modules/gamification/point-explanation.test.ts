import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainPoints, type PointFacts } from './point-explanation.ts'

const facts: PointFacts = {
  type: 'sales_recorded',
  points: 10,
  totalAfter: 1_030,
  source: 'owner',
  day: '2026-11-22',
  reason: null,
  rule: { version: 2, points: 10, dailyCap: null, cooldownSeconds: null },
  earnedBefore: null,
  reverses: null,
}

const sentences: { name: string; given: Partial<PointFacts>; en: string; id: string }[] = [
  {
    name: 'a rule without limits',
    given: {},
    en: '10 points for sales_recorded on 22 November 2026, because version 2 of its rule gave 10 points; the total rose from 1,020 to 1,030.',
    id: '10 poin untuk sales_recorded pada 22 November 2026, karena versi 2 aturannya memberi 10 poin; total naik dari 1.020 menjadi 1.030.',
  },
  {
    name: 'a cap that left room',
    given: { rule: { version: 1, points: 10, dailyCap: 30, cooldownSeconds: null }, earnedBefore: 20 },
    en: '10 points for sales_recorded on 22 November 2026, because version 1 of its rule gave 10 points, at most 30 a day, of which 20 had been earned before; the total rose from 1,020 to 1,030.',
    id: '10 poin untuk sales_recorded pada 22 November 2026, karena versi 1 aturannya memberi 10 poin, paling banyak 30 sehari, dan 20 sudah diperoleh sebelumnya; total naik dari 1.020 menjadi 1.030.',
  },
  {
    name: 'a cap that cut, and a cooldown',
    given: {
      points: 1,
      reason: 'daily_cap',
      rule: { version: 1, points: 10, dailyCap: 30, cooldownSeconds: 3_600 },
      earnedBefore: 29,
    },
    en: '1 point for sales_recorded on 22 November 2026, because version 1 of its rule gave 10 points, at most once in an hour and at most 30 a day, of which 29 had been earned before, so that only 1 could be added; the total rose from 1,029 to 1,030.',
    id: '1 poin untuk sales_recorded pada 22 November 2026, karena versi 1 aturannya memberi 10 poin, paling banyak sekali dalam 1 jam dan paling banyak 30 sehari, dan 29 sudah diperoleh sebelumnya, sehingga tersisa 1; total naik dari 1.029 menjadi 1.030.',
  },
  {
    name: 'a cooldown that is no round number',
    given: { rule: { version: 1, points: 10, dailyCap: null, cooldownSeconds: 90 } },
    en: '10 points for sales_recorded on 22 November 2026, because version 1 of its rule gave 10 points, at most once in 90 seconds; the total rose from 1,020 to 1,030.',
    id: '10 poin untuk sales_recorded pada 22 November 2026, karena versi 1 aturannya memberi 10 poin, paling banyak sekali dalam 90 detik; total naik dari 1.020 menjadi 1.030.',
  },
  {
    name: 'points given by hand',
    given: { type: 'adjustment', source: 'admin', rule: null, points: 1, reason: 'Won the\n  fair' },
    en: 'An admin gave 1 point: “Won the fair”; the total rose from 1,029 to 1,030.',
    id: 'Admin memberi 1 poin: “Won the fair”; total naik dari 1.029 menjadi 1.030.',
  },
  {
    name: 'points taken by hand',
    given: { type: 'adjustment', source: 'admin', rule: null, points: -500, reason: 'Entered twice' },
    en: 'An admin took 500 points: “Entered twice”; the total fell from 1,530 to 1,030.',
    id: 'Admin mengurangi 500 poin: “Entered twice”; total turun dari 1.530 menjadi 1.030.',
  },
  {
    name: 'a reversal',
    given: { points: -10, rule: null, reverses: { type: 'sales_recorded', points: 10, day: '2026-11-20' } },
    en: 'This takes back the 10 points for sales_recorded on 20 November 2026; the total fell from 1,040 to 1,030.',
    id: 'Ini menarik kembali 10 poin untuk sales_recorded pada 20 November 2026; total turun dari 1.040 menjadi 1.030.',
  },
  {
    name: 'a version that is not kept',
    given: { rule: null },
    en: '10 points for sales_recorded on 22 November 2026, because its rule gave them, in a version that is not kept; the total rose from 1,020 to 1,030.',
    id: '10 poin untuk sales_recorded pada 22 November 2026, karena aturannya memberikannya, dalam versi yang tidak disimpan; total naik dari 1.020 menjadi 1.030.',
  },
]

for (const { name, given, en, id } of sentences) {
  test(`${name} is explained in English and Indonesian`, () => {
    assert.equal(explainPoints({ ...facts, ...given }, 'en'), en)
    assert.equal(explainPoints({ ...facts, ...given }, 'id'), id)
  })
}
