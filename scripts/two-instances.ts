import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type pg from 'pg'
import { loadSettings } from '../server/src/platform/config.ts'
import { openStore, readOrCreateSecret } from '../server/src/platform/db/open-store.ts'
import { projectRoot } from '../server/src/project-root.ts'

// `npm run two-instances`: two servers on one PostgreSQL, at PORT and the port after it, to see how instances go together.
// The PostgreSQL is the one at DATABASE_URL or else the embedded one, which runs for as long as they do. With REDIS_URL
// they share their limits. Both stop together: with Ctrl-C, or when one of them ends.

type Instance = { name: string; port: number }

async function main(): Promise<number> {
  const settings = loadSettings()
  const store = await openStore({
    databaseUrl: settings.databaseUrl,
    dataDir: settings.dataDir,
    projectRoot,
    exclusive: false,
    log: { info: note, warn: note, error: note },
  })
  try {
    const shared = {
      DATABASE_URL: connectionUrl(store.connection),
      SECRET_KEY: settings.secretKey ?? (await readOrCreateSecret(store.dataDir, 'secret-key')),
    }
    const { port } = settings
    const instances = [
      { name: 'one', port },
      { name: 'two', port: port === 0 ? 0 : port + 1 },
    ]
    return await runTogether(instances, shared)
  } finally {
    await store.close()
  }
}

/** runTogether runs the instances until all have ended, and answers 0 when that was asked for. */
async function runTogether(instances: Instance[], shared: Record<string, string>): Promise<number> {
  let wasAsked = false
  let failed = false
  const children = instances.map(({ port }) =>
    spawn(process.execPath, ['server/src/main.ts'], {
      cwd: projectRoot,
      env: { ...process.env, ...shared, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Without a process group of their own, Ctrl-C would reach them before it is passed on, and so twice.
      detached: process.platform !== 'win32',
    }),
  )
  const stop = () => {
    for (const child of children) child.kill('SIGTERM')
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      wasAsked = true
      stop()
    })
  await Promise.all(
    children.map((child, nth) => {
      const name = instances[nth]?.name ?? ''
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => line && process.stdout.write(`${name} | ${line}\n`))
      return new Promise<void>((resolve) => {
        child.on('close', (code) => {
          if (code !== 0 || !wasAsked) failed = true
          stop()
          resolve()
        })
      })
    }),
  )
  return failed ? 1 : 0
}

/** connectionUrl writes connection settings as one string; a folder of a socket goes into the query. */
function connectionUrl(connection: pg.PoolConfig): string {
  if (connection.connectionString) return connection.connectionString
  const url = new URL('postgres://localhost')
  url.username = encodeURIComponent(connection.user ?? '')
  url.password = encodeURIComponent(typeof connection.password === 'string' ? connection.password : '')
  url.port = String(connection.port ?? '')
  url.pathname = `/${connection.database ?? ''}`
  if (connection.host) url.searchParams.set('host', connection.host)
  return url.href
}

function note(line: unknown): void {
  process.stderr.write(`${String(line)}\n`)
}

process.exit(await main())
