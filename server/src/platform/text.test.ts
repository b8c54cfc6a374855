import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { z } from 'zod'
import { cleanLine, cleanText, idSchema, instantSchema, multiLine, oneLine } from './text.ts'

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success
const messageOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues[0]?.message

const invisible = ['', ' ', '\t\n', '\0', '\u0085', '\u00a0', '\u200b\u200c\u200e\u200f', '\u2028\u2029', '\ufeff']
const turning = ['\u202a\u202e', '\u2066\u2069', '\u061c', '\u180e', '\u{e0001}', '\ufff9', '\u200d', '\u2060']

test('what cannot be seen, turns text around or breaks a line becomes one space', () => {
  for (const text of [...invisible, ...turning]) assert.equal(cleanLine(text), '', JSON.stringify(text))
  assert.equal(cleanLine(' a\0b\u202ec\u200bd\r\ne\u2028f '), 'a b c d e f')
  assert.equal(cleanLine('a\u200db'), 'a b')
})

test('emoji that are made of several keep their joiners', () => {
  for (const emoji of ['👩‍🍳', '👩🏽‍🍳', '🏳️‍🌈', '❤️‍🔥', '👨‍👩‍👧‍👦', '🧔🏿‍♂️']) assert.equal(cleanLine(`a${emoji}b`), `a${emoji}b`)
  assert.equal(cleanLine('👩\u200d'), '👩')
  assert.equal(cleanLine('\u200d👩'), '👩')
})

test('a cleaned text is well formed, without NUL, and stays the same when it is cleaned again', () => {
  const anything = fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(anything, (text) => {
      for (const clean of [cleanLine, cleanText]) {
        const cleaned = clean(text)
        assert.ok(cleaned.isWellFormed() && !cleaned.includes('\0'))
        assert.equal(clean(cleaned), cleaned)
      }
    }),
  )
})

test('the length of a text is taken in characters, after cleaning', () => {
  const name = oneLine(1, 200)
  for (const good of ['x', '🍳'.repeat(200), `  ${'x'.repeat(200)}\n`]) assert.ok(accepts(name, good))
  for (const bad of ['x'.repeat(201), '🍳'.repeat(201), ...invisible, ...turning]) assert.ok(!accepts(name, bad))
  assert.equal(messageOf(name, ''), 'must not be empty')
  assert.equal(messageOf(name, 'x'.repeat(201)), 'must have at most 200 characters')
  assert.equal(messageOf(name, 'x'.repeat(1_000_000)), 'must have at most 200 characters')
  assert.equal(messageOf(oneLine(3, 5), 'ab'), 'must have at least 3 characters')
  assert.equal(oneLine(0, 5).parse(' \u200b '), '')
})

test('a long text keeps its lines and loses what no database takes', () => {
  const reason = multiLine(1, 5000)
  assert.equal(reason.parse('a\0b\r\n\tc\ud800'), 'ab\r\n\tc\ufffd')
  assert.ok(accepts(reason, '🍳'.repeat(5000)))
  for (const bad of ['x'.repeat(5001), '🍳'.repeat(5001), ...invisible, ...turning]) assert.ok(!accepts(reason, bad))
  assert.equal(messageOf(reason, 'x'.repeat(1_000_000)), 'must have at most 5000 characters')
  assert.ok(accepts(multiLine(0, 5), ''))
})

test('an id is a UUID', () => {
  assert.ok(accepts(idSchema, '01900000-0000-7000-8000-000000000101'))
  for (const bad of ['', 'x', '\0', '01900000000070008000000000000101', 5, null]) assert.ok(!accepts(idSchema, bad))
})

test('an instant that comes in is one that the database takes', () => {
  for (const good of ['2026-11-22T08:00:00Z', '2026-11-22T15:00:00.123456+07:00', '0001-01-01T00:00:00Z'])
    assert.ok(accepts(instantSchema, good), good)
  const years = ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59']
  for (const bad of years) assert.equal(messageOf(instantSchema, bad), 'must lie in the years 1 to 9999')
  for (const bad of ['', 'x', '2026-11-22', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-11-22T08:00:00', 5])
    assert.equal(messageOf(instantSchema, bad), 'must be a time such as 2026-11-22T08:00:00Z')
})
