import { createHash } from 'node:crypto'
import { access, chmod, chown, constants, mkdir, open, readdir, realpath, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { StartupRefusal } from '../startup-refusal.ts'
import { databaseAccount } from './embedded/account.ts'
import type { Account } from './embedded/account.ts'
import { systemErrorCode } from './system-error.ts'

/** StoreLog is what opening the store reports to: one sentence a call. Any pino logger is one. */
export type StoreLog = { info(message: string): void; warn(message: string): void; error(message: string): void }

/** DataDirRequest is what the place of the data is decided from; `movedTo` and `accountNames` are for tests. */
export type DataDirRequest = {
  /** DATA_DIR as set. A relative one counts from the project, so that server and tools agree wherever they start. */
  dataDir: string
  projectRoot: string
  /** With a database of its own choice, an installation needs the folder only for its secrets. */
  databaseUrl?: string | undefined
  log: StoreLog
  movedTo?: string
  accountNames?: string[]
}

const databaseName = 'database'

/** databaseFolderOf is the folder inside the data folder that PostgreSQL calls its data directory. */
export function databaseFolderOf(dataDir: string): string {
  return join(dataDir, databaseName)
}

/**
 * resolveDataDir answers with the absolute folder that holds the embedded database and the generated secrets. That is
 * DATA_DIR, unless this process is root and the unprivileged account of the database cannot reach it (below /root, say):
 * then it is a folder of its own below /var/lib/tangga, and one line says so. A folder once used stays the one used, also
 * when permissions change later. Nothing is created.
 */
export async function resolveDataDir(request: DataDirRequest): Promise<string> {
  const wanted = resolve(request.projectRoot, request.dataDir)
  const databaseFolder = databaseFolderOf(wanted)
  const moved = movedFolder(request, wanted)
  if (process.getuid?.() !== 0) return wanted
  if (request.databaseUrl !== undefined) return (await exists(moved)) ? moved : wanted
  const account = await databaseAccount({ databaseFolder, names: request.accountNames })
  if (!account) return wanted
  const reachable = await canReachDataDir(wanted, account)
  if (await exists(databaseFolder)) {
    if (reachable) return wanted
    throw new StartupRefusal(
      `The account ${account.name}, which must run the database, cannot reach ${databaseFolder}: ` +
        `let it search the folders above (chmod o+x) or move the data and set DATA_DIR.`,
    )
  }
  if (reachable && !(await exists(moved))) return wanted
  request.log.info(`The database account ${account.name} cannot reach ${wanted}, so the data is kept in ${moved}`)
  return moved
}

/**
 * ensureDataDir makes the data folder where it is missing: 0700, and 0711 as root, where the database's account must
 * pass through it. The folders inside are private in both cases.
 */
export async function ensureDataDir(dataDir: string): Promise<void> {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700
  try {
    await makeFolders(dataDir, mode)
    const found = await stat(dataDir)
    if (mode === 0o711 && (found.mode & 0o001) === 0 && (await isOursToOpen(dataDir, found))) await chmod(dataDir, mode)
    await access(dataDir, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new StartupRefusal(
      `The data folder ${dataDir} cannot be used (${systemErrorCode(error) ?? 'unknown'}): ` +
        'set DATA_DIR to a folder that this account may create and write.',
      { cause: error },
    )
  }
}

/**
 * giveToFolderOwner makes a file that root wrote belong to the owner of its folder, so that a single start as root does
 * not lock the usual account of the installation out.
 */
export async function giveToFolderOwner(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const folder = await stat(dirname(path))
  if (folder.uid !== 0) await chown(path, folder.uid, folder.gid)
}

/** syncFolder makes the names in a folder (a file made, a folder renamed) survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** exists tells whether something is at a path, a dangling link not counted. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** shortHash names a path in 16 hexadecimal digits. */
export function shortHash(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16)
}

function movedFolder(request: DataDirRequest, wanted: string): string {
  const isDefault = wanted === resolve(request.projectRoot, 'data')
  return join(request.movedTo ?? '/var/lib/tangga', shortHash(isDefault ? resolve(request.projectRoot) : wanted))
}

async function canReachDataDir(dataDir: string, account: Account): Promise<boolean> {
  if (!(await canSearchUpwards(dirname(dataDir), account))) return false
  const found = await stat(dataDir).catch(() => undefined)
  return found === undefined || maySearch(found, account) || isOursToOpen(dataDir, found)
}

/** Folders that are missing count as reachable: they are made with the mode that they need. */
async function canSearchUpwards(folder: string, account: Account): Promise<boolean> {
  let existing = folder
  while (!(await exists(existing))) existing = dirname(existing)
  for (let at = await realpath(existing); ; at = dirname(at)) {
    if (!maySearch(await stat(at), account)) return false
    if (at === dirname(at)) return true
  }
}

function maySearch(folder: Stats, account: Account): boolean {
  if (folder.uid === account.uid) return (folder.mode & 0o100) !== 0
  if (folder.gid === account.gid) return (folder.mode & 0o010) !== 0
  return (folder.mode & 0o001) !== 0
}

/** A folder of root's with nothing in it but our data may be opened for passage; /root, given as DATA_DIR, may not. */
async function isOursToOpen(folder: string, found: Stats): Promise<boolean> {
  if (found.uid !== 0) return false
  const entries = await readdir(folder)
  return entries.length === 0 || entries.includes(databaseName)
}

async function makeFolders(folder: string, mode: number): Promise<void> {
  if (await exists(folder)) return
  await makeFolders(dirname(folder), mode)
  try {
    await mkdir(folder)
    // A separate step, because mkdir's own mode is cut down by the umask.
    await chmod(folder, mode)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}
