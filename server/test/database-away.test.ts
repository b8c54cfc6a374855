import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDatabaseCable } from './database-cable.ts'
import { createTestDatabase, startTestServer } from './harness.ts'

test('with the database away, calls are told to try again, probes tell so, and all is well when it is back', async () => {
  const database = await createTestDatabase()
  const cable = await startDatabaseCable(new URL(database.url))
  const server = await startTestServer({ databaseUrl: cable.url })
  const probe = async (path: string) => {
    const response = await fetch(`${server.url}${path}`)
    await response.text()
    return response.status
  }
  try {
    const { token, email } = await server.owner()
    assert.equal(await probe('/ready'), 200)

    cable.set('cut')
    const body = { email, password: 'a-long-enough-password' }
    for (const answer of [
      await server.api('GET', '/auth/me', { token }),
      await server.api('GET', '/business/profile', { token }),
      await server.api('POST', '/auth/login', { body }),
      await server.api('POST', '/gamification/events', { token, body: { type: 'sale', idempotency_key: 'x' } }),
      await server.api('POST', '/chat/completion', { token, body: { content: 'hello' } }),
    ]) {
      assert.equal(answer.status, 503, answer.text)
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal(answer.json.code, 'database_unavailable')
      assert.ok(Number(answer.headers.get('retry-after')) >= 1)
    }
    assert.equal(await probe('/ready'), 503)
    assert.equal(await probe('/health'), 200)
    cable.set('whole')
    assert.equal(await probe('/ready'), 200)
    assert.equal((await server.api('GET', '/auth/me', { token })).status, 200)

    cable.set('held')
    const asked = Date.now()
    assert.equal(await probe('/ready'), 503, 'a database that stands still is away, too')
    assert.ok(Date.now() - asked < 4_000)
    assert.equal(await probe('/health'), 200)
    cable.set('whole')
    assert.equal((await server.api('GET', '/auth/me', { token })).status, 200)
  } finally {
    await server.close()
    await cable.close()
    await database.drop()
  }
})
