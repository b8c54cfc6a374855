import { createApp } from './app.ts'
import { type DemoLogin, seedDemo } from './demo/index.ts'
import { readMcpConfig } from './modules/agent/index.ts'
import { systemClock } from './platform/clock.ts'
import { loadSettings, type Settings } from './platform/config.ts'
import { openPool } from './platform/db/database.ts'
import { migrate } from './platform/db/migrate.ts'
import { type OpenedStore, openStore, readOrCreateSecret } from './platform/db/open-store.ts'
import { createLog, type Log } from './platform/logger.ts'
import { projectRoot } from './project-root.ts'
import { StartupRefusal } from './platform/startup-refusal.ts'
import { version } from './version.ts'

/** A drain that takes longer than this is cut, so that whoever asked the process to stop need not kill it. */
const LONGEST_DRAIN_MS = 9_000

/** runServer is the whole life of the process: open the store, serve until a signal, close the store, whatever happened. */
export async function runServer(settings: Settings): Promise<void> {
  const log = createLog({ level: settings.logLevel })
  const stopped = stopSignal(log)
  const { databaseUrl, dataDir } = settings
  const store = await openStore({ databaseUrl, dataDir, projectRoot, exclusive: true, log })
  try {
    await migrate(store.connection)
    await serve({ settings, store, stopped, log })
  } finally {
    await store.close()
  }
}

type Serving = { settings: Settings; store: OpenedStore; stopped: Promise<NodeJS.Signals>; log: Log }

/** serve connects, listens, waits for a signal, and drains. */
async function serve({ settings, store, stopped, log }: Serving): Promise<void> {
  const { pool, db } = openPool(store.connection, (error) => log.warn({ err: error }, 'a database connection was lost'))
  try {
    const secretKey = settings.secretKey ?? (await readOrCreateSecret(store.dataDir, 'secret-key'))
    const mcp = await readMcpConfig({ path: settings.mcpConfig, dataDir: store.dataDir })
    const app = await createApp({ settings, store: { pool, db }, databaseKind: store.kind, secretKey, log, mcp })
    try {
      const firstAdmin = await app.auth.ensureFirstAdmin()
      // At once, since passwords are kept nowhere: should the port be taken, they would be lost.
      if (firstAdmin?.generatedPassword)
        tell([login('First admin', { email: firstAdmin.email, password: firstAdmin.generatedPassword })])
      const demo = settings.demoData ? await seedDemo({ settings, db, app, clock: systemClock, log }) : undefined
      if (demo) tell([login('Demo owner', demo.owner), login('Demo admin', demo.admin)])
      await app.start()
      const address = await app.http
        .listen({ host: settings.host, port: settings.port })
        .catch(refuseToListen(settings))
      tell(greeting({ settings, address, advisor: app.advisor }))
      log.info({ signal: await stopped }, 'stopping')
    } finally {
      await app.close()
    }
  } finally {
    await pool.end()
  }
}

/** stopSignal resolves with the first signal to stop; from then on the process has a deadline, whatever it is doing. */
function stopSignal(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let deadline: NodeJS.Timeout | undefined
    // A second signal changes nothing: the first one is already being answered, within its deadline.
    for (const name of ['SIGTERM', 'SIGINT'] as const)
      process.on(name, () => {
        deadline ??= setTimeout(() => {
          log.error('the drain took too long and is cut')
          process.exit(1)
        }, LONGEST_DRAIN_MS).unref()
        resolve(name)
      })
  })
}

function refuseToListen({ host, port }: Settings) {
  return (error: NodeJS.ErrnoException): never => {
    if (error.code === 'EADDRINUSE')
      throw new StartupRefusal(`Port ${port} on ${host} is in use. Stop what uses it, or set PORT to another one.`)
    if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')
      throw new StartupRefusal(`Tangga cannot listen on ${host}:${port} (${error.code}). Set HOST and PORT.`)
    throw error
  }
}

type Greeting = { settings: Settings; address: string; advisor: string }

function greeting({ settings, address, advisor }: Greeting): string[] {
  return [
    `Tangga ${version} is ready at ${settings.publicUrl ?? address}`,
    advisor === 'offline'
      ? 'The built-in offline advisor answers; set LLM_BASE_URL and LLM_MODEL_NAME to use a model.'
      : `The advisor answers with ${advisor}.`,
  ]
}

const login = (who: string, { email, password }: DemoLogin) => `${who}: ${email}, password ${password} (shown only now)`

// For the person at the terminal; standard output holds log lines only.
function tell(lines: string[]): void {
  process.stderr.write(`\n${lines.map((line) => `  ${line}\n`).join('')}\n`)
}

/** exitOnRefusal runs a program and ends the process: 0 when it went well, 1 with one line when it was refused. */
export async function exitOnRefusal(program: () => Promise<void>): Promise<void> {
  try {
    await program()
    process.exit(0)
  } catch (error) {
    if (!(error instanceof StartupRefusal)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

if (import.meta.main) await exitOnRefusal(() => runServer(loadSettings()))
