import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'

/** hasRedis tells whether tests with Redis run here: where it is installed, and on a continuous-integration machine always. */
export const hasRedis =
  process.env['CI'] === 'true' || spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0

/** RedisServer is a real Redis, for tests alone, on a free loopback port that it keeps over restarts. */
export type RedisServer = {
  url: string
  /** kill ends it at once, as a crash would. */
  kill(): Promise<void>
  /** restart starts it anew, empty. */
  restart(): Promise<void>
  /** freeze stops it from answering without closing anything; `thaw` lets it go on. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/** becomes waits for a connection to be ready, or closed. A killed Redis may reset it, an error that `once` of node:events throws. */
export function becomes(redis: Redis, state: 'ready' | 'close'): Promise<void> {
  return new Promise((resolve) => void redis.once(state, resolve))
}

/** startRedis starts one; close it yourself. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tangga-redis-'))
  const port = await freePort()

  async function start() {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += String(text)
      if (said.includes('Ready to accept connections')) break
    }
    if (!said.includes('Ready to accept connections')) throw new Error(`Redis did not start: ${said}`)
    child.stdout.resume()
    return child
  }

  let child = await start()
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill()
      child = await start()
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async close() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the free port has no number')
  return address.port
}
