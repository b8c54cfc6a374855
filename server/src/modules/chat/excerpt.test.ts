import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { excerptOf, type Highlight, highlightsOf } from './excerpt.ts'
import { wordsAsked, wordsOf } from './words-of.ts'

const marked = (text: string, highlights: Highlight[]) =>
  highlights.map(({ start, end }) => [...text].slice(start, end).join(''))

describe('an excerpt', () => {
  test('shows where the words stand together, and marks them', () => {
    const far = 'Something about coffee first. '.repeat(20)
    const { text, highlights } = excerptOf(`${far}The price of coffee beans rose. ${'And so on. '.repeat(40)}`, [
      'coff',
      'price',
    ])
    assert.match(text, /^….*The price of coffee beans rose\..*…$/)
    assert.ok(text.length <= 240, text)
    assert.ok(marked(text, highlights).includes('price'))
    assert.ok(marked(text, highlights).includes('coffee'))
  })

  test('counts places in characters, also behind an emoji', () => {
    const { text, highlights } = excerptOf('🎉👩‍🍳 Harga kopi', ['kopi'])
    assert.equal(text, '🎉👩‍🍳 Harga kopi')
    assert.deepEqual(highlights, [{ start: 11, end: 15 }])
  })

  test('is one line without the marks of Markdown, and keeps what looks like HTML as the text it is', () => {
    const { text } = excerptOf('## Plan\n\n- **Buy** `stock`\n> <b onclick="x">now</b>', ['stock'])
    assert.equal(text, 'Plan Buy stock <b onclick="x">now</b>')
  })

  test('of a text that has none of the words is its beginning', () => {
    const { text, highlights } = excerptOf('word '.repeat(100), ['other'])
    assert.match(text, /^word word .*…$/)
    assert.deepEqual(highlights, [])
  })

  test('is found deep inside a long text', () => {
    const { text, highlights } = excerptOf(`${'😀 x\n'.repeat(5_000)}needle${' y'.repeat(5_000)}`, ['need'])
    assert.deepEqual(marked(text, highlights), ['needle'])
  })

  test('of any text is short, cuts no character, and marks only words that begin as asked', () => {
    const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('kopi', 'Kopinya', ' ', '\n', '**', '🎉'))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 400 }), (pieces) => {
        const { text, highlights } = excerptOf(pieces.join(''), ['kopi'])
        assert.ok(text.length <= 300)
        assert.ok(text.isWellFormed() || !pieces.join('').isWellFormed())
        for (const word of marked(text, highlights)) assert.match(word, /^kopi/i)
        assert.deepEqual(highlightsOf(text, ['kopi']), highlights)
      }),
    )
  })
})

describe('the words of a text', () => {
  test('are its letters and digits, with their places', () => {
    assert.deepEqual(wordsOf('“Kopi–susu”, Rp15.000!'), [
      { text: 'Kopi', start: 1, end: 5 },
      { text: 'susu', start: 6, end: 10 },
      { text: 'Rp', start: 13, end: 15 },
      { text: '15', start: 15, end: 17 },
      { text: '000', start: 18, end: 21 },
    ])
  })

  test('asked for count once each, twelve at most, and hold nothing that PostgreSQL would read as more than a word', () => {
    assert.deepEqual(wordsAsked("Kopi KOPI 'x':* & !(a|b)\\"), ['kopi', 'x', 'a', 'b'])
    assert.equal(wordsAsked('abcdefghijklmnopqrstuvwxyz'.split('').join(' ')).length, 12)
    assert.deepEqual(wordsAsked('!?… 🎉'), [])
  })
})
