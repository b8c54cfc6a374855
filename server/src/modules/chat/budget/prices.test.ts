import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from '../../../platform/config.ts'
import { tariffOf } from './prices.ts'

test('a model costs what is said of it, else what is said of any other, else nothing is known', () => {
  const settings = loadSettings({ LLM_PRICES: 'a/b:7b=1.25/10, x=y=0/0.5,*=3/4', LLM_PRICE_CURRENCY: 'IDR' })
  const currency = 'IDR'
  assert.deepEqual(tariffOf(settings, 'a/b:7b'), { input: '1.25', output: '10', currency })
  assert.deepEqual(tariffOf(settings, 'x=y'), { input: '0', output: '0.5', currency })
  assert.deepEqual(tariffOf(settings, 'another'), { input: '3', output: '4', currency })
  assert.equal(tariffOf(settings, 'offline'), null)
  assert.equal(tariffOf(loadSettings({ LLM_PRICES: 'a=1/1' }), 'b'), null)
})

test('a price that cannot be read stops the start', () => {
  for (const prices of ['a', 'a=1', 'a=1/', 'a=-1/1', 'a=1/1e9', 'a=1.1234567/1', '=1/1'])
    assert.throws(() => loadSettings({ LLM_PRICES: prices }), /LLM_PRICES/, prices)
})
