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

type ServerProcessOptions = { dataDir: string; port: number; env?: Record<string, string> }

/** startServerProcess starts `node server/src/main.ts` and resolves when it says that it is ready. */
export async function startServerProcess(options: ServerProcessOptions) {
  const { child, ended, output } = launch(options)
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', () => {
      if (output.said.includes('is ready at')) resolve()
    })
    void ended.then(({ code, signal }) =>
      reject(new Error(`the server ended (${code ?? signal}) and said: ${output.said}`)),
    )
  })
  return {
    url: `http://127.0.0.1:${options.port}`,
    /** output is what the process has said to people and logged so far. */
    output,
    /** ended resolves with how the process ended. */
    ended,
    send: (signal: NodeJS.Signals): void => void child.kill(signal),
    /** end sends the signal and resolves when the process is gone. */
    async end(signal: NodeJS.Signals): Promise<void> {
      child.kill(signal)
      await ended
    },
  }
}

/** refusedStart starts a server that is expected to refuse, and answers how it ended and what it said. */
export async function refusedStart(options: ServerProcessOptions): Promise<{ code: number | null; said: string }> {
  const { child, ended, output } = launch(options)
  const tooLate = setTimeout(() => child.kill('SIGKILL'), 30_000)
  const { code } = await ended
  clearTimeout(tooLate)
  return { code, said: output.said }
}

function launch({ dataDir, port, env }: ServerProcessOptions) {
  const child = spawn(process.execPath, [`${projectRoot}/server/src/main.ts`], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: dataDir,
      PORT: String(port),
      ADMIN_EMAIL: 'admin@example.org',
      ADMIN_PASSWORD: testPassword,
      LOG_LEVEL: 'silent',
      API_LIMIT_PER_MINUTE: '0',
      ...env,
    },
  })
  const output = { said: '', logged: '' }
  child.stderr.on('data', (chunk: Buffer) => (output.said += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => (output.logged += chunk.toString()))
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return { child, ended, output }
}
