import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { StartupRefusal } from '../startup-refusal.ts'
import { makeTemporaryPlace } from './embedded/testing/temporary-place.ts'
import type { TemporaryPlace } from './embedded/testing/temporary-place.ts'
import { openStore } from './open-store.ts'

/** postgresOfVersion speaks as much of PostgreSQL's wire protocol (version 3) as it takes to ask for the version. */
async function postgresOfVersion(version: string) {
  const message = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(type), length, body])
  }
  const ready = message('Z', Buffer.from('I'))
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
  const int32 = (value: number) => Buffer.from([0, 0, value >> 8, value & 255])
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), ready]))
      socket.on('data', (query) => {
        if (query.toString('latin1', 0, 1) !== 'Q') return
        const column = [Buffer.from('server_version\0'), int32(0), int16(0), int32(25), int16(0), int32(0), int16(0)]
        socket.write(
          Buffer.concat([
            message('T', Buffer.concat([int16(1), ...column])),
            message('D', Buffer.concat([int16(1), int32(version.length), Buffer.from(version)])),
            message('C', Buffer.from('SHOW\0')),
            ready,
          ]),
        )
      })
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `postgres://someone:a-password@127.0.0.1:${port}/tangga`, close: () => server.close() }
}

describe('a store at DATABASE_URL', () => {
  let place: TemporaryPlace
  before(async () => (place = await makeTemporaryPlace()))
  after(() => place.remove())

  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const open = (databaseUrl: string) =>
    openStore({ databaseUrl, dataDir: place.dataDir, projectRoot: place.root, exclusive: true, log })

  it('is used by several servers, and nothing is made in the data folder', async () => {
    const database = await postgresOfVersion('15.8 (Debian 15.8-0+deb12u1)')
    const stores = await Promise.all([open(database.url), open(database.url)])
    for (const store of stores) {
      assert.equal(store.kind, 'postgres')
      assert.deepEqual(store.connection, { connectionString: database.url })
      assert.equal(store.dataDir, place.dataDir)
      await store.close()
    }
    assert.deepEqual(await readdir(place.root), [])
    database.close()
  })

  it('older than 15 is refused with one line that names both versions and the way out', async () => {
    const database = await postgresOfVersion('14.9')
    await assert.rejects(open(database.url), (error) => {
      assert.ok(error instanceof StartupRefusal)
      assert.match(
        error.message,
        /^The PostgreSQL at DATABASE_URL is version 14\.9 and Tangga needs 15 or newer[^\n]*$/,
      )
      return true
    })
    database.close()
  })

  it('that turns the login away is refused at once, without the password in the line', async () => {
    const embedded = await place.open()
    const url = `postgres://tangga:wrong-password@localhost/tangga?host=${encodeURIComponent(String(embedded.connection.host))}`
    await assert.rejects(open(url), (error) => {
      assert.ok(error instanceof StartupRefusal)
      assert.match(error.message, /cannot be used: password authentication failed/)
      assert.doesNotMatch(error.message, /wrong-password/)
      return true
    })
    await embedded.close()
  })
})
