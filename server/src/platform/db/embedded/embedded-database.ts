import { realpath, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { StartupRefusal } from '../../startup-refusal.ts'
import { databaseFolderOf, ensureDataDir, resolveDataDir } from '../data-dir.ts'
import type { DataDirRequest } from '../data-dir.ts'
import { readOrCreateSecret, readSecret } from '../secret-file.ts'
import { databaseAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { ensureOwnership, hasDatabase, initialise, interruptServer, refuseOtherMajor, stopServer } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { isPostmasterOf } from './process-state.ts'
import { reachServer } from './reach-server.ts'
import type { Reached } from './reach-server.ts'
import { isAlone, joinUsers, leaveUsers, takeOwnership } from './server-lock.ts'
import type { Session } from './session.ts'
import { socketFolder } from './socket-folder.ts'
import { withStartLock } from './start-lock.ts'

/** EmbeddedDatabase is the running database; `close` stops it unless somebody else still uses it. */
export type EmbeddedDatabase = { dataDir: string; connection: pg.PoolConfig; close(): Promise<void> }

/** EmbeddedOptions: a server is `exclusive`, the only one of its data folder; a command-line tool is not. */
export type EmbeddedOptions = DataDirRequest & {
  exclusive: boolean
  /** For tests: where the PostgreSQL package lies, and below which folders a private socket folder may be made. */
  packageDir?: string
  socketBases?: string[]
}

const application = { role: 'tangga', database: 'tangga' }

/**
 * openEmbedded opens the database of a data folder, and makes, starts or takes over what is needed for that. While an
 * exclusive one is open, a server that dies underneath is started again; the connection settings stay valid throughout.
 * Throws StartupRefusal with a line for the person who starts Tangga.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const place = await resolveDataDir(options)
  await ensureDataDir(place)
  const dataDir = await realpath(place)
  const folder = databaseFolderOf(dataDir)
  const account = await databaseAccount({ databaseFolder: folder, names: options.accountNames })
  const binaries = await withStartLock({ path: lockPath(dataDir) }, () =>
    findBinaries({ account, dataDir, log: options.log, packageDir: options.packageDir }),
  )
  const cluster: Cluster = {
    folder,
    socketFolder: await socketFolder({ databaseFolder: folder, account, bases: options.socketBases }),
    logFile: join(dataDir, 'database.log'),
    account,
    binaries,
  }
  const closing = new AbortController()
  let reached = await joinDatabase({ cluster, dataDir, options, signal: closing.signal, isFirst: true })
  // A server that was adopted may listen elsewhere than one started now would; the pool keeps asking there.
  const lasting = { ...cluster, socketFolder: reached.socketFolder }

  const watching = options.exclusive ? watch() : undefined
  // A server that ends without closing (a refused port, an uncaught error) still takes its database along.
  const stopAtExit = () => interruptServer(lasting)
  if (options.exclusive) process.once('exit', stopAtExit)
  let closed: Promise<void> | undefined
  return {
    dataDir,
    connection: {
      host: reached.socketFolder,
      port: 5432,
      user: application.role,
      password: await readOrCreateSecret(dataDir, passwordName),
      database: application.database,
      ssl: false,
    },
    close: () => (closed ??= close()),
  }

  async function watch(): Promise<void> {
    for (;;) {
      await Promise.race([reached.session.ended, whenAborted(closing.signal)])
      if (closing.signal.aborted) return
      options.log.warn('The embedded database has gone away; bringing it back')
      const begun = Date.now()
      const back = await rejoin()
      if (!back) return
      reached = back
      options.log.info(`The embedded database is back after ${Date.now() - begun} ms`)
    }
  }

  async function rejoin(): Promise<Reached | undefined> {
    while (!closing.signal.aborted) {
      try {
        return await joinDatabase({ cluster: lasting, dataDir, options, signal: closing.signal, isFirst: false })
      } catch (error) {
        if (closing.signal.aborted) return undefined
        options.log.error(error instanceof Error ? error.message : String(error))
        await delay(1_000, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  async function close(): Promise<void> {
    closing.abort()
    await watching
    try {
      await leaveUsers(reached.session)
      if (await isAlone(reached.session)) await stopCompletely(lasting)
    } catch (error) {
      // The session is gone: the server has just died, or dies. As the owner, see to it that none is left behind.
      options.log.warn(`The database ended before it was stopped: ${String(error)}`)
      if (options.exclusive) await stopCompletely(lasting)
    } finally {
      process.off('exit', stopAtExit)
      await endSession(reached.session)
    }
  }
}

const passwordName = 'database-password'

function lockPath(dataDir: string): string {
  return join(dataDir, 'start.lock')
}

type Joining = {
  cluster: Cluster
  dataDir: string
  options: EmbeddedOptions
  signal: AbortSignal
  /** At its first start a server replaces an orphan that nobody uses, which may run older programs and settings. */
  isFirst: boolean
}

async function joinDatabase(joining: Joining): Promise<Reached> {
  const { cluster, dataDir, options, signal } = joining
  return withStartLock({ path: lockPath(dataDir), signal }, async () => {
    await refuseOtherMajor(cluster)
    const password = await passwordFor(cluster, dataDir)
    if (!(await hasDatabase(cluster))) await initialise(cluster, password)
    await ensureOwnership(cluster)
    await socketFolder({ databaseFolder: cluster.folder, account: cluster.account, bases: options.socketBases })
    const deadline = Date.now() + 10_000
    for (;;) {
      const reached = await reachServer(cluster, { password, log: options.log, signal })
      try {
        if (await takePlace(reached, joining)) {
          await ensureApplicationDatabase(reached.session, password)
          return reached
        }
      } catch (error) {
        await endSession(reached.session)
        const mayPass = !(error instanceof StartupRefusal) && !signal.aborted && Date.now() < deadline
        if (!mayPass) {
          if (reached.wasStarted) await stopCompletely(cluster)
          throw error
        }
        // Somebody who was the last user has stopped the server between our two questions.
      }
    }
  })
}

/** takePlace registers this process with the database; false: the server that ran has been stopped, start another. */
async function takePlace(reached: Reached, { cluster, dataDir, options, signal, isFirst }: Joining): Promise<boolean> {
  if (!options.exclusive) {
    await joinUsers(reached.session)
    return true
  }
  if (!(await takeOwnership(reached.session, signal))) {
    throw new StartupRefusal(
      `Another Tangga server is already running on the data folder ${dataDir}: ` +
        'stop it first, or give this one a DATA_DIR of its own.',
    )
  }
  const isOrphan = isFirst && !reached.wasStarted && (await runningPid(cluster)) !== undefined
  if (isOrphan && (await isAlone(reached.session))) {
    options.log.info('Found the database of a server that was killed; starting it anew')
    await stopCompletely(cluster)
    await endSession(reached.session)
    return false
  }
  await joinUsers(reached.session)
  return true
}

async function passwordFor(cluster: Cluster, dataDir: string): Promise<string> {
  if (!(await hasDatabase(cluster))) return readOrCreateSecret(dataDir, passwordName)
  const path = join(dataDir, passwordName)
  const password = await readSecret(path)
  if (password !== undefined) return password
  throw new StartupRefusal(
    `The file ${path}, the password of the database beside it, is missing: restore it from a backup.`,
  )
}

/**
 * ensureApplicationDatabase makes the role and the database that the application uses. The role is no superuser: the
 * application can do no more here than on a PostgreSQL that somebody else runs.
 */
async function ensureApplicationDatabase({ client }: Session, password: string): Promise<void> {
  const { role, database } = application
  const roles = await client.query('select from pg_roles where rolname = $1', [role])
  if (roles.rowCount === 0) {
    await client.query(`create role ${role} login createdb password ${client.escapeLiteral(password)}`)
  }
  const databases = await client.query('select from pg_database where datname = $1', [database])
  if (databases.rowCount === 0) await client.query(`create database ${database} owner ${role}`)
}

async function stopCompletely(cluster: Cluster): Promise<void> {
  const pid = await runningPid(cluster)
  if (pid === undefined) return
  if (!(await stopServer(cluster, pid))) {
    throw new StartupRefusal(`The database process ${pid} of ${cluster.folder} does not stop: kill it.`)
  }
  // A private socket folder has served; one that still holds something is left alone.
  if (cluster.socketFolder !== cluster.folder) await rmdir(cluster.socketFolder).catch(() => undefined)
}

/** runningPid is the server process of this folder, unless none runs or it is out of sight, in another container. */
async function runningPid(cluster: Cluster): Promise<number | undefined> {
  const file = await readPostmasterFile(cluster.folder)
  return file && (await isPostmasterOf(file.pid, cluster.folder)) ? file.pid : undefined
}

async function endSession(session: Session): Promise<void> {
  await session.client.end().catch(() => undefined)
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
