import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markOptionalBodies } from './optional-bodies.ts'

test('a body that may be null may be left out, and no other', () => {
  const bodyOf = (schema: object) => ({ required: true, content: { 'application/json': { schema } } })
  const paths = {
    '/a': { post: { requestBody: bodyOf({ anyOf: [{ type: 'object' }, { type: 'null' }] }) } },
    '/b': { get: {}, post: { requestBody: bodyOf({ anyOf: [{ type: 'object' }, { type: 'array' }] }) } },
    '/c': { put: { requestBody: bodyOf({ $ref: '#/components/schemas/C' }) } },
  }
  markOptionalBodies(paths)
  assert.deepEqual(
    [paths['/a'].post, paths['/b'].post, paths['/c'].put].map(({ requestBody }) => requestBody.required),
    [false, true, true],
  )
})
