import assert from 'node:assert/strict'
import { test } from 'node:test'
import { en } from './en.ts'
import { id } from './id.ts'
import { languageOf } from './language.ts'

test('the first wished language that the app speaks is taken', () => {
  assert.equal(languageOf(['id-ID', 'en']), 'id')
  assert.equal(languageOf([null, undefined, 'fr', 'in_ID']), 'id')
  assert.equal(languageOf(['de', 'en-GB', 'id']), 'en')
  assert.equal(languageOf(['fr']), 'en')
})

type Texts = { [key: string]: string | Texts }

function flattened(texts: Texts, path = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, value]): [string, string][] =>
      typeof value === 'string' ? [[path + key, value]] : [...flattened(value, `${path}${key}.`)],
    ),
  )
}

test('each text has the same values to fill in in both languages', () => {
  const fillIns = (text = '') => [...text.matchAll(/\{\{(\w+)/g)].map((match) => match[1]).toSorted()
  const indonesian = flattened(id)
  for (const [key, text] of flattened(en)) {
    // Indonesian has one plural form only.
    const other =
      indonesian.get(key) ?? (key.endsWith('_one') ? indonesian.get(key.replace(/_one$/, '_other')) : undefined)
    assert.notEqual(other, undefined, key)
    assert.deepEqual(fillIns(other), fillIns(text), key)
  }
})

test('no Indonesian text is empty or left in English by mistake', () => {
  const alike = new Set([
    'app.name',
    'app.admin',
    'auth.email',
    'progress.level',
    'admin.title',
    'admin.levels',
    'admin.level',
    'admin.email',
    'admin.roleAdmin',
    'progress.rankValue',
    'keys.model',
    'admin.languageModel',
  ])
  const english = flattened(en)
  for (const [key, text] of flattened(id)) {
    assert.notEqual(text.trim(), '', key)
    if (!alike.has(key)) assert.notEqual(text, english.get(key), key)
  }
})
