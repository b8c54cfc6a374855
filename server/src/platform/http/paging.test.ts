import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { Problem } from '../errors.ts'
import { createLog } from '../logger.ts'
import { decodeCursor, encodeCursor, idOfCursor, pageOf, pageQuery, sendPage } from './paging.ts'
import { createHttp } from './server.ts'

const key = z.object({ at: z.string(), id: z.int() })

test('a cursor reads back as what it was made of, and stands in an address as it is', () => {
  fc.assert(
    fc.property(fc.record({ at: fc.string(), id: fc.integer() }, { noNullPrototype: true }), (value) => {
      const cursor = encodeCursor(value)
      assert.match(cursor, /^[\w-]+$/)
      assert.deepEqual(decodeCursor(key, cursor), value)
    }),
  )
  assert.equal(decodeCursor(key, undefined), undefined)
})

test('what is no cursor of the list is invalid, whatever it is', () => {
  const refused = (cursor: string) =>
    assert.throws(
      () => decodeCursor(key, cursor),
      (error) => error instanceof Problem && error.status === 422 && error.errors?.[0]?.path === 'cursor',
    )
  for (const cursor of ['', 'x', '🍳', encodeCursor({}), encodeCursor({ at: 'x' }), encodeCursor({ at: 1, id: 1 })])
    refused(cursor)
  fc.assert(fc.property(fc.string(), refused))
})

test('the cursor of a list in the order of its ids is an id', () => {
  const id = '0199a0b0-0000-7000-8000-000000000001'
  assert.equal(idOfCursor(encodeCursor({ id })), id)
  assert.equal(idOfCursor(undefined), undefined)
  for (const other of ['x', "' OR 1 = 1", ''])
    assert.throws(() => idOfCursor(encodeCursor({ id: other })), { status: 422 })
})

test('a page has up to 200 items, 50 unless asked otherwise', () => {
  assert.deepEqual(pageQuery.parse({}), { limit: 50 })
  assert.equal(pageQuery.parse({ limit: '200' }).limit, 200)
  for (const limit of ['0', '201', '-1', '1.5', 'abc', '', ['1', '2']])
    assert.ok(!pageQuery.safeParse({ limit }).success)
  assert.ok(!pageQuery.safeParse({ cursor: 'x'.repeat(501) }).success)
})

test('a list read one row longer than the page tells whether there is more', () => {
  const keyOf = (id: number) => ({ id })
  assert.deepEqual(pageOf([3, 2, 1], 2, keyOf), { items: [3, 2], next: { id: 2 } })
  assert.deepEqual(pageOf([3, 2], 2, keyOf), { items: [3, 2], next: null })
  assert.deepEqual(pageOf([], 2, keyOf), { items: [], next: null })
})

test('the next address is this one with the cursor, and there is none at the end', async () => {
  const log = createLog({ level: 'silent' })
  const app = await createHttp({ log, trustProxy: undefined, corsOrigins: [], https: false })
  const querystring = pageQuery.extend({ q: z.string().optional(), last: z.string().optional() })
  app.get('/list', { schema: { querystring } }, (request, reply) =>
    sendPage(request, reply, { items: [1], next: request.query.last ? null : { id: 1 } }),
  )
  const { headers } = await app.inject('/list/?q=a%26b&limit=1&cursor=old')
  const [, address] = /^<([^>]+)>; rel="next"$/.exec(String(headers['link'])) ?? []
  const next = new URL(address ?? '', 'http://x')
  assert.equal(next.pathname, '/list/')
  assert.deepEqual(
    [...next.searchParams],
    [
      ['q', 'a&b'],
      ['limit', '1'],
      ['cursor', encodeCursor({ id: 1 })],
    ],
  )
  assert.equal((await app.inject('/list?last=1')).headers['link'], undefined)
  await app.close()
})
