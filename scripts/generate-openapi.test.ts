import assert from 'node:assert/strict'
import { test } from 'node:test'
import { danglingReferences } from './generate-openapi.ts'

test('references that lead nowhere are found, each once', () => {
  const document = {
    paths: { '/a/{id}': { get: {} } },
    components: {
      schemas: {
        Level: { properties: { next: { $ref: '#/components/schemas/Level' } } },
        Lost: { anyOf: [{ $ref: '#/components/schemas/Shared#/$defs/x' }, { $ref: '#/components/schemas/toString' }] },
        Again: { items: { $ref: '#/components/schemas/Shared#/$defs/x' } },
        Path: { $ref: '#/paths/~1a~1{id}/get' },
        Outside: { $ref: 'https://example.org/schema.json' },
      },
    },
  }
  assert.deepEqual(danglingReferences(document), [
    '#/components/schemas/Shared#/$defs/x',
    '#/components/schemas/toString',
    'https://example.org/schema.json',
  ])
})
