import assert from 'node:assert/strict'
import { test } from 'node:test'
import { highlightedParts } from './highlighted.ts'

test('a text is cut at its highlights, counted in characters', () => {
  assert.deepEqual(highlightedParts('🍜 noodles sell', [{ start: 2, end: 9 }]), [
    { text: '🍜 ', marked: false },
    { text: 'noodles', marked: true },
    { text: ' sell', marked: false },
  ])
})

test('no text is lost or said twice, whatever the highlights', () => {
  for (const highlights of [
    [],
    [{ start: 0, end: 99 }],
    [
      { start: 3, end: 5 },
      { start: 4, end: 6 },
    ],
    [{ start: 50, end: 60 }],
  ])
    assert.equal(
      highlightedParts('Harga kopi 🎉', highlights)
        .map(({ text }) => text)
        .join(''),
      'Harga kopi 🎉',
    )
})
