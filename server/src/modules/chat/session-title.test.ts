import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sessionTitle } from './session-title.ts'

describe('the title of a session', () => {
  const cases: [what: string, message: string, title: string][] = [
    ['a short message stands as it is', 'How am I doing?', 'How am I doing?'],
    ['lines and spaces become one space', '  How\n\n am\tI  doing? ', 'How am I doing?'],
    [
      'a long message is cut between words',
      'I would like to know how many points are missing until I reach the next level',
      'I would like to know how many points are missing until I…',
    ],
    [
      'a word that ends at the limit stays whole',
      `${'a'.repeat(29)} ${'b'.repeat(29)} rest`,
      `${'a'.repeat(29)} ${'b'.repeat(29)}…`,
    ],
    ['punctuation before the cut goes', `${'word '.repeat(11)}and, then some more`, `${'word '.repeat(11)}and…`],
    ['one endless word is cut inside', 'x'.repeat(100), `${'x'.repeat(59)}…`],
    ['exactly 60 characters are not cut', '🎉'.repeat(60), '🎉'.repeat(60)],
    ['what cannot be seen leaves the stand-in', '\u200B\u202E', 'New conversation'],
  ]
  for (const [what, message, title] of cases) {
    test(what, () => assert.equal(sessionTitle(message), title))
  }

  test('is one line of 1 to 60 characters, whatever the message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (message) => {
        const title = sessionTitle(message)
        assert.ok(title.length > 0 && [...title].length <= 60)
        assert.doesNotMatch(title, /[\n\r\0]/)
      }),
    )
  })
})
