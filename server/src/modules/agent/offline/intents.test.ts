import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Intent, recognise } from './intents.ts'

const understood: [message: string, language: 'en' | 'id', intents: Intent[]][] = [
  ['Hello!', 'en', ['greeting']],
  ['Halooo', 'id', ['greeting']],
  ['Selamat pagi', 'id', ['greeting']],
  ['what can you do?', 'en', ['help']],
  ['kamu bisa apa?', 'id', ['help']],
  ['Thank you so much', 'en', ['thanks']],
  ['makasih ya', 'id', ['thanks']],
  ['How many points do I have?', 'en', ['points']],
  ['hello, how am I doing?', 'en', ['progress']],
  ['Berapa poinku?', 'id', ['points']],
  ['what is my levle', 'en', ['level']],
  ['How far is the next level?', 'en', ['next_level']],
  ['kapan saya naik level?', 'id', ['next_level']],
  ['Show my achievments', 'en', ['achievements']],
  ['Which achievements have I unlocked?', 'en', ['unlocked_achievements']],
  ['pencapaian apa yang sudah saya dapat?', 'id', ['unlocked_achievements']],
  ['What is my next achievement?', 'en', ['next_achievement']],
  ['pencapaian berikutnya apa?', 'id', ['next_achievement']],
  ['Am I high on the leaderbord?', 'en', ['rank']],
  ['Peringkat saya berapa?', 'id', ['rank']],
  ['How do I earn points?', 'en', ['earn']],
  ['Bagaimana cara mendapatkan poin?', 'id', ['earn']],
  ['What should I do next?', 'en', ['advice']],
  ['Apa yang harus saya lakukan selanjutnya?', 'id', ['advice']],
  ['What do you remember?', 'en', ['recall']],
  ['Apa yang kamu ingat tentang usaha saya?', 'id', ['recall']],
  ['my points and my rank please', 'en', ['points', 'rank']],
  ['How many points do I have, and what is my rank?', 'en', ['points', 'rank']],
  ['What is the capital of France?', 'en', []],
  ['Siapa presiden pertama?', 'id', []],
]

describe('the offline advisor understands', () => {
  for (const [message, language, intents] of understood) {
    test(message, () => assert.deepEqual(recognise(message, 'en'), { language, intents }))
  }

  for (const [message, fact] of [
    ['Remember that we close on Mondays', 'we close on Mondays'],
    ['please remember: rent is due on the 5th', 'rent is due on the 5th'],
    ["Don't forget that Budi cooks", 'Budi cooks'],
    ['Tolong ingat bahwa kami libur hari Jumat', 'kami libur hari Jumat'],
    ['catat ya, sewa naik bulan depan', 'sewa naik bulan depan'],
    ['remember', ''],
  ] as const) {
    test(`“${message}” as a fact in the person's own words`, () => {
      const { intents, fact: heard } = recognise(message, 'en')
      assert.deepEqual(intents, ['remember'])
      assert.equal(heard, fact)
    })
  }
})

test('a message that could be either language is taken in the language of the person', () => {
  assert.equal(recognise('level', 'id').language, 'id')
  assert.equal(recognise('level', 'en').language, 'en')
})

test('any message at all is read, quickly and without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (message) => {
      assert.ok(recognise(message, 'id').intents.length <= 3)
    }),
  )
  recognise('remember '.repeat(1_000), 'en')
  recognise('poin '.repeat(2_000), 'en')
})
