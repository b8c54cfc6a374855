import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Intent, recognise } from './intents.ts'
import { languageAskedFor } from './language.ts'

// evaluation.test.ts asks hundreds of questions; these are the rules behind them, one by one.
const understood: [rule: string, message: string, language: 'en' | 'id', intents: Intent[]][] = [
  ['a typing error', 'Show my achievments', 'en', ['achievements']],
  ['two letters swapped', 'what is my levle', 'en', ['level']],
  ['letters repeated with feeling', 'Halooooo', 'id', ['greeting']],
  ['short forms', 'brp poin sy skrg', 'id', ['points']],
  ['an ending', 'Berapa poinku?', 'id', ['points']],
  ['a prefix and an ending', 'cara menaikkan harga', 'id', ['pricing']],
  ['mixed language', 'next level gue butuh berapa points lagi?', 'id', ['next_level']],
  ['two questions', 'How many points do I have, and what is my rank?', 'en', ['points', 'rank']],
  ['two questions without a verb', 'my rank and my points please', 'en', ['rank', 'points']],
  ['a courtesy before a question', 'hello, how am I doing?', 'en', ['progress']],
  ['a topic before the question what to do', 'my stock goes bad, what should I do?', 'en', ['stock']],
  ['“what if”, which tells level and rank too', 'what if I get 50 points, what is my rank?', 'en', ['what_if']],
  ['words of the game in another game', 'what was the score of the match?', 'en', []],
  ['a word that is one letter away from a known one', 'where can I print this', 'en', []],
  ['something else', 'What is the capital of France?', 'en', []],
  ['something else', 'Siapa presiden pertama?', 'id', []],
]

describe('the offline advisor understands', () => {
  for (const [rule, message, language, intents] of understood) {
    test(`${rule}: ${message}`, () => {
      const heard = recognise(message, language === 'en' ? 'id' : 'en')
      assert.deepEqual(heard.intents, intents)
      assert.equal(heard.language, language)
    })
  }

  for (const [message, fact] of [
    ['Remember that we close on Mondays', 'we close on Mondays'],
    ['please remember: rent is due on the 5th', 'rent is due on the 5th'],
    ["Don't forget that Budi cooks", 'Budi cooks'],
    ['Tolong ingat bahwa kami libur hari Jumat', 'kami libur hari Jumat'],
    ['catat ya, sewa naik bulan depan', 'sewa naik bulan depan'],
    ['Hi, we have news. Please remember that we open at seven now', 'we open at seven now'],
    ['remember', ''],
  ] as const) {
    test(`“${message}” as a fact in the person's own words`, () => {
      const { intents, fact: heard } = recognise(message, 'en')
      assert.deepEqual(intents, ['remember'])
      assert.equal(heard, fact)
    })
  }

  test('a number of points as an addition or as a total', () => {
    assert.deepEqual(recognise('what if I earn 1,500 more points', 'en'), {
      language: 'en',
      intents: ['what_if'],
      points: 1_500,
    })
    assert.deepEqual(recognise('kalau poin saya jadi dua ribu, level apa?', 'id'), {
      language: 'id',
      intents: ['what_if'],
      points: 2_000,
      isTotal: true,
    })
  })
})

describe('the language of an answer', () => {
  test('is the person’s own where the message could be either', () => {
    assert.equal(recognise('level', 'id').language, 'id')
    assert.equal(recognise('level', 'en').language, 'en')
    assert.equal(recognise('please show pencapaian saya', 'id').language, 'id')
  })

  for (const [message, wish] of [
    ['Please answer in Indonesian', 'id'],
    ['bisa pakai bahasa Inggris?', 'en'],
    ['stop speaking English, pakai bahasa Indonesia', 'id'],
    ['jangan pakai bahasa Inggris', 'id'],
    ['English please', 'en'],
    ['can you speak Javanese?', 'other'],
    ['where is Indonesia', undefined],
    ['I sell to English tourists', undefined],
    ['translate this to English', undefined],
  ] as const) {
    test(`is asked for, or not, by “${message}”`, () => assert.equal(recognise(message, 'en').wish, wish))
  }

  test('is changed beside what else is asked', () => {
    const { language, intents } = recognise('How many points do I have? Please answer in Indonesian', 'en')
    assert.deepEqual([language, intents], ['id', ['change_language', 'points']])
  })

  test('is the one that was asked for last', () => {
    assert.equal(languageAskedFor(['hello', 'bahasa Indonesia dong', 'berapa poin saya?']), 'id')
    assert.equal(languageAskedFor(['bahasa Indonesia dong', 'in English please', 'can you speak Javanese?']), 'en')
    assert.equal(languageAskedFor(['hello']), undefined)
  })
})

test('any message at all is read, quickly and without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (message) => {
      assert.ok(recognise(message, 'id').intents.length <= 3)
    }),
  )
  const words = fc.constantFrom(
    ...'poin what if 5 and remember bahasa xqzt menaikkan , ? constructor __proto__ toString'.split(' '),
  )
  fc.assert(fc.property(fc.array(words, { maxLength: 200 }), (message) => void recognise(message.join(' '), 'en')))
  // The longest that is read, of words that nothing is near to: the slowest there is.
  const slow = Array.from({ length: 120 }, (_, at) => `pqrst${at}uvwxyz`).join(' ')
  const begin = performance.now()
  recognise(slow, 'en')
  assert.ok(performance.now() - begin < 100)
})
