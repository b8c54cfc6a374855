import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldName, problemOf } from './problem.ts'

test('a refusal keeps its sentence, its code and its messages by field', async () => {
  const problem = await problemOf(
    Response.json(
      {
        status: 422,
        detail: 'Not valid.',
        code: 'invalid',
        errors: [{ path: 'address.city', message: 'is too long' }],
      },
      { status: 422 },
    ),
  )
  assert.equal(problem.detail, 'Not valid.')
  assert.equal(problem.code, 'invalid')
  assert.equal(problem.fields.get('address.city'), 'is too long')
})

test('an answer that is not JSON, as a proxy gives, is a problem too', async () => {
  const problem = await problemOf(new Response('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway' }))
  assert.equal(problem.status, 502)
  assert.equal(problem.code, 'unknown')
})

test('field paths are read in any form', () => {
  assert.equal(fieldName('/address/city'), 'address.city')
  assert.equal(fieldName('body.address.city'), 'address.city')
  assert.equal(fieldName('points'), 'points')
  assert.equal(fieldName('body'), '')
})
