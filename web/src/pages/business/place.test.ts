import assert from 'node:assert/strict'
import { test } from 'node:test'
import { currencies, currencyFor, timeZones } from './place.ts'

test('an Indonesian time zone means rupiah, whatever language the device speaks', () => {
  assert.equal(currencyFor('Asia/Makassar', 'en-US'), 'IDR')
})

test('elsewhere the region of the locale tells, and a locale without one tells nothing', () => {
  assert.equal(currencyFor('Europe/Berlin', 'de-DE'), 'EUR')
  assert.equal(currencyFor('Asia/Singapore', 'zh-Hans-SG'), 'SGD')
  assert.equal(currencyFor('UTC', 'en'), undefined)
  assert.equal(currencyFor('UTC', 'en-AQ'), undefined)
})

test('a time zone or currency that the browser does not know stays choosable', () => {
  assert.ok(timeZones('Mars/Olympus').includes('Mars/Olympus'))
  assert.ok(timeZones('Asia/Jakarta').includes('UTC'))
  assert.ok(currencies('XTS', 'en').some(({ code }) => code === 'XTS'))
})
