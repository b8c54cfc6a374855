import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { StartupRefusal } from '../startup-refusal.ts'
import { resolveDataDir } from './data-dir.ts'
import type { StoreLog } from './data-dir.ts'
import { newClient } from './database.ts'
import { openEmbedded } from './embedded/embedded-database.ts'
import { systemErrorCode } from './system-error.ts'

export { resolveDataDir } from './data-dir.ts'
export type { StoreLog } from './data-dir.ts'
export { readOrCreateSecret } from './secret-file.ts'

/** OpenedStore is a PostgreSQL that is ready for connections; `dataDir` is where the generated secrets lie. */
export type OpenedStore = {
  kind: 'embedded' | 'postgres'
  connection: pg.PoolConfig
  dataDir: string
  /** close is called after the pools are closed. It stops the embedded database unless somebody else still uses it. */
  close(): Promise<void>
}

const oldestMajor = 15

/**
 * openStore makes the PostgreSQL of this installation ready: the one at `databaseUrl`, or else the embedded one, which it
 * starts. A server opens it exclusively: a second server on one data folder is refused. Tools do not, and use the
 * database beside a running server, or start it for as long as they run. Several servers may share a `databaseUrl`.
 *
 * Throws StartupRefusal for everything that a person can act on.
 */
export async function openStore(options: {
  databaseUrl: string | undefined
  dataDir: string
  projectRoot: string
  exclusive: boolean
  log: StoreLog
}): Promise<OpenedStore> {
  const { databaseUrl } = options
  if (databaseUrl === undefined) return { kind: 'embedded', ...(await openEmbedded(options)) }
  const connection = { connectionString: databaseUrl }
  await refuseOldServer(connection, options.log)
  return { kind: 'postgres', connection, dataDir: await resolveDataDir(options), close: async () => undefined }
}

/** A database that starts along with this server (a compose file, a reboot) gets this long to come up. */
const patienceMs = 15_000

async function refuseOldServer(connection: pg.PoolConfig, log: StoreLog): Promise<void> {
  const deadline = Date.now() + patienceMs
  let wasTold = false
  for (;;) {
    try {
      return await checkVersion(connection)
    } catch (error) {
      if (error instanceof StartupRefusal) throw error
      const code = systemErrorCode(error)
      if (Date.now() > deadline || !(code && passing.has(code))) {
        throw new StartupRefusal(`The PostgreSQL at DATABASE_URL cannot be used: ${reasonOf(error)}`, { cause: error })
      }
      if (!wasTold) log.info(`Waiting for the PostgreSQL at DATABASE_URL (${code})`)
      wasTold = true
      await delay(250)
    }
  }
}

const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', '57P03', '53300'])

async function checkVersion(connection: pg.PoolConfig): Promise<void> {
  const client = newClient({ ...connection, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    const version = rows[0]?.server_version ?? 'unknown'
    if (Number.parseInt(version, 10) >= oldestMajor) return
    throw new StartupRefusal(
      `The PostgreSQL at DATABASE_URL is version ${version} and Tangga needs ${oldestMajor} or newer: ` +
        'upgrade it, or unset DATABASE_URL to use the embedded one.',
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Several addresses of one host that all refuse arrive as an AggregateError, whose own message is empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join('; ')
  return error instanceof Error ? error.message : String(error)
}
