import assert from 'node:assert/strict'
import { test } from 'node:test'
import { humanised } from './activity-name.ts'

test('a machine name becomes words', () => {
  assert.equal(humanised('stock_count.done'), 'Stock count done')
  assert.equal(humanised('invoice-paid'), 'Invoice paid')
  assert.equal(humanised('x'), 'X')
})
