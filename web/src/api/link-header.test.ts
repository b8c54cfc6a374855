import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextPage } from './link-header.ts'

test('the next page is found wherever it stands, without its host', () => {
  assert.equal(nextPage('</api/v1/x?cursor=a,b&limit=2>; rel="next"'), '/api/v1/x?cursor=a,b&limit=2')
  assert.equal(nextPage('<https://inner:8000/api/v1/x?cursor=a>; rel="next"'), '/api/v1/x?cursor=a')
  assert.equal(nextPage('</a>; rel="prev", </b?c=1>; rel=next'), '/b?c=1')
})

test('without a next page there is none', () => {
  assert.equal(nextPage(null), null)
  assert.equal(nextPage(''), null)
  assert.equal(nextPage('</a>; rel="prev"'), null)
})
