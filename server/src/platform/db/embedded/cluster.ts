import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  chmod,
  chown,
  lchown,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { StartupRefusal } from '../../startup-refusal.ts'
import { exists, giveToFolderOwner, syncFolder } from '../data-dir.ts'
import { systemErrorCode } from '../system-error.ts'
import { runningAs } from './account.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { parsePostmasterFile, postmasterFilePath } from './postmaster-file.ts'
import { isPostmasterOf, isPostmasterOfSync } from './process-state.ts'

/** superuser is the role that initdb makes; the supervisor logs in as it, the application never does. */
export const superuser = 'postgres'

/** Cluster is one database folder together with what is needed to run it. */
export type Cluster = {
  folder: string
  socketFolder: string
  logFile: string
  account: Account | undefined
  binaries: Binaries
}

/** StartedServer is a server process that this process started. */
export type StartedServer = {
  pid: number
  hasExited(): boolean
  /** lastWords is why the server itself gave up since it was started, or undefined: it was killed, say. */
  lastWords(): Promise<string | undefined>
}

const run = promisify(execFile)

/** Written into postgresql.conf, where the owner of an installation may change them. */
const adjustable = {
  shared_buffers: `${sharedBuffersMb()}MB`,
  max_connections: '100',
  // After a checkpoint, the first change of each page is logged with the whole page: the rarer, the less to write.
  max_wal_size: '4GB',
  // A commit writes and waits for the disk with one call rather than two.
  wal_sync_method: 'open_datasync',
  // Worker processes for reading ahead cost memory and gain nothing while the data fits into it.
  io_method: 'sync',
  // Compiling a plan takes longer than the short statements of this server run.
  jit: 'off',
}

/**
 * sharedBuffersMb is an eighth of the memory that there is, from 128 to 1,024 MB, of which PostgreSQL takes what it uses.
 * Awards touch pages all over the tables; what does not fit is copied in and out with every one of them.
 */
function sharedBuffersMb(): number {
  const constrained = process.constrainedMemory() || Infinity
  return Math.round(Math.min(1024, Math.max(128, Math.min(totalmem(), constrained) / 8 / 2 ** 20)))
}

/** Given on the command line, which outranks every file: what the guarantees of the server rest on. */
const fixed = {
  port: '5432',
  listen_addresses: '',
  unix_socket_permissions: '0700',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  // Values of rows are personal data and have no place in a log: no statements, no details.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

/**
 * refuseOtherMajor throws a StartupRefusal for a database that another major version of PostgreSQL has made: the format
 * of its files differs, and no program to convert them is shipped.
 */
export async function refuseOtherMajor(cluster: Cluster): Promise<void> {
  const found = await readFile(join(cluster.folder, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  })
  const { major } = cluster.binaries
  if (found === undefined || found.trim() === major) return
  throw new StartupRefusal(
    `The database in ${cluster.folder} was made by PostgreSQL ${found.trim()} and this version of Tangga runs ${major}: ` +
      `run a PostgreSQL ${found.trim()} on that folder and set DATABASE_URL to it, or convert the folder with pg_upgrade.`,
  )
}

/**
 * initialise makes the database folder with initdb, in UTF-8, with SCRAM and the given password. It is made beside its
 * place and moved there when complete, so that an interrupted start leaves nothing half-made in use.
 *
 * Text sorts by code point, from PostgreSQL's own tables (builtin C.UTF-8): the same on every machine, and no update of
 * the system's C library can silently change the order that an index was built in.
 */
export async function initialise(cluster: Cluster, password: string): Promise<void> {
  const parent = dirname(cluster.folder)
  const draftPrefix = `${basename(cluster.folder)}.draft-`
  for (const name of await readdir(parent)) {
    if (name.startsWith(draftPrefix)) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 3 })
  }
  // The name is new each time: an initdb whose starter was killed may still be writing into the one of last time.
  const draft = await mkdtemp(join(parent, draftPrefix))
  const passwordFile = join(draft, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  const data = join(draft, 'data')
  await mkdir(data, { mode: 0o700 })
  if (cluster.account) {
    for (const path of [draft, passwordFile, data]) await chown(path, cluster.account.uid, cluster.account.gid)
  }
  const words = [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
    ...Object.entries(adjustable).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ]
  try {
    await run(cluster.binaries.initdb, words, { ...surroundings(cluster), timeout: 120_000 })
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw new StartupRefusal(`The database could not be made in ${cluster.folder}: ${initdbFailure(error)}`, {
      cause: error,
    })
  }
  await rename(data, cluster.folder)
  await rm(draft, { recursive: true, force: true })
  await syncFolder(parent)
}

/**
 * ensureOwnership sees to it that the database folder is the account's and private, as PostgreSQL demands. A folder that
 * was restored from a backup by root often is not.
 */
export async function ensureOwnership(cluster: Cluster): Promise<void> {
  const { uid, gid } = cluster.account ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const found = await stat(cluster.folder)
  if (found.uid !== uid) {
    if (!cluster.account) {
      throw new StartupRefusal(
        `The database in ${cluster.folder} belongs to another account: start Tangga as that account, ` +
          'or set DATA_DIR to a folder of your own.',
      )
    }
    // The folder itself comes last, so that an interrupted change is taken up again.
    for (const name of await readdir(cluster.folder, { recursive: true })) {
      await lchown(join(cluster.folder, name), uid, gid)
    }
    await chown(cluster.folder, uid, gid)
  }
  if ((found.mode & 0o077) !== 0) await chmod(cluster.folder, 0o700)
}

/**
 * startServer starts PostgreSQL in a process group of its own (Ctrl-C in a terminal goes to the whole group of the
 * Tangga server and would stop the database before the drain) with nothing of this process's environment, which holds
 * secrets. It answers at once; the caller waits until the server answers or has exited.
 */
export async function startServer(cluster: Cluster): Promise<StartedServer> {
  await rotateLog(cluster.logFile)
  const log = await open(cluster.logFile, 'a', 0o600)
  try {
    await giveToFolderOwner(cluster.logFile)
    const offset = (await log.stat()).size
    const settings = { ...fixed, unix_socket_directories: `"${cluster.socketFolder.replaceAll('"', '""')}"` }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(cluster.binaries.postgres, ['-D', cluster.folder, ...flags], {
      ...surroundings(cluster),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    const pid = await pidOf(child)
    child.unref()
    return {
      pid,
      hasExited: () => child.exitCode !== null || child.signalCode !== null,
      lastWords: async () => {
        const written = (await readFile(cluster.logFile)).subarray(offset).toString('utf8')
        return reasonIn(written)
      },
    }
  } finally {
    await log.close()
  }
}

/**
 * stopServer stops the server of this folder: first in its fast way (open transactions are rolled back, everything is
 * written out), and after `fastMs` in its immediate way, which loses nothing either but makes the next start replay the
 * log. False: the server is still there.
 */
export async function stopServer(cluster: Cluster, pid: number, fastMs = 5_000): Promise<boolean> {
  for (const [signal, limitMs] of [
    ['SIGINT', fastMs],
    ['SIGQUIT', 3_000],
  ] as const) {
    if (!(await isPostmasterOf(pid, cluster.folder))) return true
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (systemErrorCode(error) !== 'ESRCH') throw error
    }
    const deadline = Date.now() + limitMs
    while (Date.now() < deadline && (await isPostmasterOf(pid, cluster.folder))) await delay(5)
  }
  return !(await isPostmasterOf(pid, cluster.folder))
}

/**
 * interruptServer asks the server of this folder to stop in its fast way and does not wait: for the `exit` event of the
 * process, which leaves no time for more.
 */
export function interruptServer(cluster: Cluster): void {
  try {
    const file = parsePostmasterFile(readFileSync(postmasterFilePath(cluster.folder), 'utf8'))
    if (file && isPostmasterOfSync(file.pid, cluster.folder)) process.kill(file.pid, 'SIGINT')
  } catch (error) {
    // No file: no server. No process: it has ended just now.
    const code = systemErrorCode(error)
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
  }
}

/** hasDatabase tells whether a database was made here before. */
export async function hasDatabase(cluster: Cluster): Promise<boolean> {
  return exists(join(cluster.folder, 'PG_VERSION'))
}

function surroundings(cluster: Cluster) {
  // The working folder of root may be closed to the account; initdb and postgres only need one that is not.
  return { ...runningAs(cluster.account), cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } }
}

/** reasonIn finds the first fatal line of a log that is not about a single connection that came too early or was cut. */
export function reasonIn(log: string): string | undefined {
  return /(?:FATAL|PANIC|^postgres):\s+(?!\s|the database system is|terminating connection)(.*)/m.exec(log)?.[1]
}

async function pidOf(child: ChildProcess): Promise<number> {
  if (child.pid !== undefined) return child.pid
  return new Promise((_resolve, reject) => {
    child.once('error', (cause) =>
      reject(new StartupRefusal(`PostgreSQL could not be run: ${cause.message}`, { cause })),
    )
  })
}

async function rotateLog(logFile: string): Promise<void> {
  const found = await stat(logFile).catch(() => undefined)
  if (found && found.size > 10_000_000) await rename(logFile, `${logFile}.1`)
}

function initdbFailure(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  if (/could not look up effective user ID/.test(stderr)) {
    return `the user id ${process.getuid?.()} has no name on this machine: add it to /etc/passwd, or set DATABASE_URL.`
  }
  const line = stderr.split('\n').find((each) => /(error|fatal):/i.test(each)) ?? stderr.trim().split('\n')[0]
  return line || String(error)
}
