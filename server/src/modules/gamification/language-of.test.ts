import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languageOf } from './language-of.ts'

test('the language of ours that is liked best is chosen, the first of equals', () => {
  const cases: [string | undefined, 'en' | 'id' | undefined][] = [
    [undefined, undefined],
    ['*', undefined],
    ['', undefined],
    ['fr', undefined],
    ['id', 'id'],
    ['ID-id', 'id'],
    ['fr, en-GB;q=0.5, id;q=0.7', 'id'],
    ['en, id', 'en'],
    ['id;q=0, en;q=0.1', 'en'],
    ['id; q=nonsense', undefined],
  ]
  for (const [header, language] of cases) assert.equal(languageOf(header), language, header)
})
