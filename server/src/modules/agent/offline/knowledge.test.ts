import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tipsFor } from './advice.ts'
import { categoryKind, KNOWLEDGE, stageKind } from './knowledge.ts'
import { TOPICS } from './patterns.ts'

test('the knowledge holds no figures, which could be false', () => {
  assert.doesNotMatch(JSON.stringify(KNOWLEDGE), /\d|percent|persen|%/)
})

test('both languages know the same things', () => {
  const shape = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
      : ''
  assert.deepEqual(shape(KNOWLEDGE.id), shape(KNOWLEDGE.en))
})

test('stages and categories are read in both languages', () => {
  for (const [text, kind] of [
    ['Idea', 'idea'],
    ['masih rencana', 'idea'],
    ['Just starting', 'starting'],
    ['Baru mulai', 'starting'],
    ['Operational', 'running'],
    ['Sedang berkembang', 'growing'],
    ['Established', 'mature'],
    ['Mapan', 'mature'],
    ['🌱', 'running'],
  ] as const)
    assert.equal(stageKind(text), kind, text)
  for (const [text, kind] of [
    ['Food & Beverage', 'food'],
    ['Makanan & minuman', 'food'],
    ['Shop & Retail', 'retail'],
    ['Fashion & Textiles', 'fashion'],
    ['Kerajinan', 'crafts'],
    ['Pertanian & perikanan', 'farming'],
    ['Beauty & Health', 'beauty'],
    ['Repair & Services', 'repair'],
    ['Jasa laundry', 'repair'],
    ['Online & Digital', 'digital'],
    ['Education', 'education'],
    ['something else', undefined],
  ] as const)
    assert.equal(categoryKind(text), kind, text)
})

test('tips fit the stage, the kind of business and the question, and there are always some', () => {
  for (const topic of TOPICS)
    for (const language of ['en', 'id'] as const) {
      const { lines } = tipsFor({ topic, message: '', language, business: undefined })
      assert.ok(lines.length >= 3 && lines.length <= 5, `${topic} in ${language}`)
    }
  const { lines } = tipsFor({
    topic: 'pricing',
    message: 'they always ask for a discount',
    language: 'en',
    business: { stage: 'Just starting', category: 'Food' },
  })
  assert.match(lines[0] ?? '', /^Instead of a discount/)
  assert.match(lines[3] ?? '', /^While you are starting: /)
  assert.match(lines[4] ?? '', /^For food and drink: /)
})
