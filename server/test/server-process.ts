import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { projectRoot } from '../src/project-root.ts'
import { testPassword } from './harness.ts'

/** ServerProcess is the real server in a process of its own, on an embedded database, that a test may kill. */
export type ServerProcess = Awaited<ReturnType<typeof startServerProcess>>

/** freePort is a loopback port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the port of a listening server is unknown')
  return address.port
}

/** startServerProcess starts `node server/src/main.ts` and resolves when it says that it is ready. */
export async function startServerProcess({ dataDir, port }: { dataDir: string; port: number }) {
  const child = spawn(process.execPath, [`${projectRoot}/server/src/main.ts`], {
    cwd: projectRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: dataDir,
      PORT: String(port),
      ADMIN_EMAIL: 'admin@example.org',
      ADMIN_PASSWORD: testPassword,
      LOG_LEVEL: 'silent',
      API_LIMIT_PER_MINUTE: '0',
    },
  })
  const ended = once(child, 'close')
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('is ready at')) resolve()
    })
    child.once('close', (code, signal) => reject(new Error(`the server ended (${code ?? signal}) and said: ${said}`)))
  })
  return {
    /** end sends the signal and resolves when the process is gone. */
    async end(signal: NodeJS.Signals): Promise<void> {
      child.kill(signal)
      await ended
    },
  }
}
