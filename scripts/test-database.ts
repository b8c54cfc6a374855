import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { databaseFolderOf } from '../server/src/platform/db/data-dir.ts'
import { readPostmasterFile } from '../server/src/platform/db/embedded/postmaster-file.ts'
import { isAlive, isPostmasterOf } from '../server/src/platform/db/embedded/process-state.ts'
import { pgErrorCode } from '../server/src/platform/db/database.ts'
import { migrate } from '../server/src/platform/db/migrate.ts'
import { openStore } from '../server/src/platform/db/open-store.ts'

const folderPrefix = 'tangga-test-'
const templatePrefix = 'tangga_test_'

/**
 * TestDatabase is a PostgreSQL for one run of the tests: `url` leads to a database to connect to while making others, and
 * `template` names a migrated one that every test file copies. `close` removes what the run has made.
 */
export type TestDatabase = { url: string; template: string; close(): Promise<void> }

/**
 * startTestDatabase prepares the PostgreSQL at `externalUrl`, whose account must be allowed to make databases, or an embedded
 * one in a temporary folder where none is named. The embedded one keeps the durable settings that it is shipped with: what
 * the tests show about lost writes must hold for these, and copies of a small template are cheap all the same.
 */
export async function startTestDatabase(options: {
  externalUrl: string | undefined
  root: string
}): Promise<TestDatabase> {
  if (options.externalUrl) return makeTemplate(options.externalUrl)
  await removeLeftovers()
  const folder = await mkdtemp(join(tmpdir(), `${folderPrefix}${process.pid}-`))
  try {
    // As root, the database runs under another account, which must be able to pass through.
    await chmod(folder, 0o711)
    const store = await openStore({
      databaseUrl: undefined,
      dataDir: join(folder, 'data'),
      projectRoot: options.root,
      exclusive: true,
      log: { info: ignore, warn: report, error: report },
    })
    const close = async () => {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    }
    try {
      return { ...(await makeTemplate(connectionUrl(store.connection))), close }
    } catch (error) {
      await close()
      throw error
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function ignore(): void {}

function report(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** removeLeftovers ends the databases of runs that were killed, and removes their folders; the folder's name holds the run's process id. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(folderPrefix) ? Number.parseInt(name.slice(folderPrefix.length), 10) : Number.NaN
    if (Number.isNaN(pid) || (await isAlive(pid))) continue
    const folder = await realpath(join(tmpdir(), name))
    const database = databaseFolderOf(join(folder, 'data'))
    const postmaster = await readPostmasterFile(database).catch(() => undefined)
    if (postmaster && (await isPostmasterOf(postmaster.pid, database))) process.kill(postmaster.pid, 'SIGQUIT')
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

/** makeTemplate puts a migrated template database on the server at `url`. */
async function makeTemplate(url: string): Promise<TestDatabase> {
  const template = `${templatePrefix}${randomBytes(4).toString('hex')}`
  await withClient(url, (client) => client.query(`CREATE DATABASE ${template}`))
  await migrate({ connectionString: databaseUrl(url, template) })
  return {
    url,
    template,
    // Test files name their databases after the template and drop them; one that was killed could not.
    close: () =>
      withClient(url, async (client) => {
        const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
          template,
        ])
        for (const { datname } of rows) await dropDatabase(client, datname)
      }),
  }
}

// An autovacuum worker in the database may be ended only by a superuser, which the account need not be: it ends by itself.
async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  for (let triesLeft = 40; ; triesLeft--) {
    try {
      await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
      return
    } catch (error) {
      if (pgErrorCode(error) !== '42501' || triesLeft === 0) throw error
      await delay(250)
    }
  }
}

/**
 * connectionUrl writes connection settings as one string, since that is what fits into an environment variable. A folder of
 * a Unix socket goes into the query, where it overrides the host name.
 */
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

/** databaseUrl answers the connection string of another database on the same server. */
function databaseUrl(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
