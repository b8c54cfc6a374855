import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unusedSchemas } from './unused-schemas.ts'

test('schemas that paths refer to are used, also through each other and in circles; the others are not', () => {
  const to = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  const schemas = {
    Level: { properties: { next: to('Rung') } },
    Rung: { anyOf: [to('Level'), { type: 'null' }] },
    LevelInput: { properties: { next: to('Rung') } },
    Problem: {},
    Alone: { properties: { self: to('Alone') } },
  }
  const paths = { '/levels': { get: { responses: { 200: { schema: { items: to('Level') } }, 404: to('Problem') } } } }
  assert.deepEqual(unusedSchemas({ paths, schemas }), ['LevelInput', 'Alone'])
})
