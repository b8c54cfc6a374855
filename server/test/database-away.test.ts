import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { createTestDatabase, startTestServer } from './harness.ts'

/** startCable is a TCP connection to a server that can be cut, or held, where everything stays open and nothing comes. */
async function startCable(target: URL) {
  const ends = new Set<Socket>()
  let state: 'whole' | 'cut' | 'held' = 'whole'
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy()
      return
    }
    // A database on a socket of the file system has its folder where others have a host.
    const folder = target.searchParams.get('host')
    const far = folder
      ? connect(`${folder}/.s.PGSQL.${target.port || 5432}`)
      : connect(Number(target.port || 5432), target.hostname)
    for (const end of [near, far]) {
      ends.add(end)
      end.on('error', () => {})
      end.on('close', () => {
        ends.delete(end)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
    if (state === 'held') near.pause()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  const url = new URL(target)
  url.searchParams.delete('host')
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  return {
    url: url.href,
    set(next: typeof state): void {
      state = next
      for (const end of ends) {
        if (state === 'cut') end.destroy()
        else if (state === 'held') {
          end.unpipe()
          end.pause()
        }
      }
      // What was held has lost its thread, so it begins anew.
      if (state === 'whole') for (const end of ends) end.destroy()
    },
    async close(): Promise<void> {
      for (const end of ends) end.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test('with the database away, calls are told to try again, probes tell so, and all is well when it is back', async () => {
  const database = await createTestDatabase()
  const cable = await startCable(new URL(database.url))
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
