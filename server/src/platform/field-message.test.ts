import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fieldMessage } from './field-message.ts'

const messageOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, { error: fieldMessage }).error?.issues[0]?.message

test('what is wrong with a value is said in words that a person can act on', () => {
  assert.equal(messageOf(z.string(), undefined), 'is missing')
  assert.equal(messageOf(z.string(), 5), 'must be a text')
  assert.equal(messageOf(z.object({}), []), 'must be a JSON object')
  assert.equal(messageOf(z.object({}), null), 'must be a JSON object')
  assert.equal(messageOf(z.coerce.number(), 'abc'), 'must be a number')
  assert.equal(messageOf(z.int(), 1.5), 'must be a whole number')
  assert.equal(messageOf(z.boolean(), 'yes'), 'must be true or false')
  assert.equal(messageOf(z.int().max(200), 201), 'must be at most 200')
  assert.equal(messageOf(z.int().min(1), 0), 'must be at least 1')
  assert.equal(messageOf(z.string().max(3), 'abcd'), 'must have at most 3 characters')
  assert.equal(messageOf(z.string().min(1), ''), 'must not be empty')
  assert.equal(messageOf(z.array(z.int()).max(1), [1, 2]), 'must have at most 1 entries')
  assert.equal(messageOf(z.enum(['owner', 'api_key']), 'x'), 'must be owner or api_key')
  assert.equal(messageOf(z.iso.datetime(), 'x'), 'must be a time such as 2026-11-22T08:00:00Z')
})

test("a schema's own words go first, and what is not known here is left to Zod", () => {
  assert.equal(messageOf(z.string('must be a name'), 5), 'must be a name')
  assert.equal(messageOf(z.string().regex(/^a$/), 'b'), 'Invalid string: must match pattern /^a$/')
})
