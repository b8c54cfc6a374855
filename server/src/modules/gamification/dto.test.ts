import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventInput } from './dto.ts'

const withMetadata = (metadata: unknown) => eventInput.safeParse({ type: 'sale', idempotency_key: 'k', metadata })

test('metadata of an event is any small JSON object', () => {
  const metadata = { amount: 12.5, items: [{ sku: 'a', tags: ['x', null, true] }] }
  assert.deepEqual(withMetadata(metadata).data?.metadata, metadata)
  assert.equal(withMetadata(['a', 'list']).success, false)
  assert.equal(withMetadata({ note: 'x'.repeat(20_000) }).success, false)
  assert.equal(withMetadata({ note: 'a\0b' }).success, false)
})

test('metadata nested by the thousand is refused, not a crash', () => {
  const nested: unknown = JSON.parse(`${'['.repeat(7_000)}${']'.repeat(7_000)}`)
  const refused = withMetadata({ nested })
  assert.deepEqual(
    refused.error?.issues.map(({ path, message }) => [path, message]),
    [[['metadata'], 'must be nested at most 20 levels deep']],
  )
})
