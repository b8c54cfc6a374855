import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * DatabaseCable is a TCP connection to a database that a test can cut, or hold, where everything stays open and nothing
 * comes.
 */
export type DatabaseCable = Awaited<ReturnType<typeof startDatabaseCable>>

// As much of a COPY as is let through while copies are held: more than a few rows, and less than some hundred.
const COPY_HELD_AFTER_BYTES = 4_096

/** startDatabaseCable makes a cable to the database of an address. */
export async function startDatabaseCable(target: URL) {
  const ends = new Set<Socket>()
  let state: 'whole' | 'cut' | 'held' = 'whole'
  let copies: { held: PromiseWithResolvers<void>; release: PromiseWithResolvers<void> } | undefined

  function connectFar(): Socket {
    // A database on a socket of the file system has its folder where others have a host.
    const folder = target.searchParams.get('host')
    return folder
      ? connect(`${folder}/.s.PGSQL.${target.port || 5432}`)
      : connect(Number(target.port || 5432), target.hostname)
  }

  /** holdCopy lets the beginning of a COPY through and the rest when it is released. */
  function holdCopy(near: Socket, far: Socket): void {
    let isCopy = false
    let sent = 0
    near.on('data', (bytes: Buffer) => (isCopy ||= bytes.includes('COPY (')))
    far.on('data', (bytes: Buffer) => {
      if (isCopy) sent += bytes.length
      if (!copies || sent <= COPY_HELD_AFTER_BYTES) return void near.write(bytes)
      near.write(bytes.subarray(0, COPY_HELD_AFTER_BYTES))
      far.pause()
      copies.held.resolve()
      void copies.release.promise.then(() => {
        near.write(bytes.subarray(COPY_HELD_AFTER_BYTES))
        far.resume()
      })
      sent = -Infinity
    })
  }

  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy()
      return
    }
    const far = connectFar()
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
    if (copies) holdCopy(near, far)
    else far.pipe(near)
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
    /**
     * holdCopies stops every COPY of connections made from now on after its first bytes; `held` resolves when one is.
     * `release` lets all of them go on.
     */
    holdCopies(): { held: Promise<void>; release: () => void } {
      const hold = { held: Promise.withResolvers<void>(), release: Promise.withResolvers<void>() }
      copies = hold
      return { held: hold.held.promise, release: hold.release.resolve }
    },
    async close(): Promise<void> {
      for (const end of ends) end.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
