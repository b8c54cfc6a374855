import { chown, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupRefusal } from '../../startup-refusal.ts'
import { shortHash } from '../data-dir.ts'
import { systemErrorCode } from '../system-error.ts'
import type { Account } from './account.ts'

const socketName = '.s.PGSQL.5432'

/** socketPathLimit is the longest path of a Unix-domain socket in bytes, the closing zero not counted. */
export const socketPathLimit = process.platform === 'darwin' ? 103 : 107

/** socketFitsIn tells whether the server's socket can stand in a folder. */
export function socketFitsIn(folder: string): boolean {
  return Buffer.byteLength(join(folder, socketName)) <= socketPathLimit
}

/**
 * socketFolder answers with the folder for the server's socket: the database folder itself where the path is short
 * enough, else a private one below /run or /tmp that is named by the database folder's hash. A folder of that name that
 * belongs to somebody else, or is open to others, is never used: they could listen in our stead.
 */
export async function socketFolder(options: {
  databaseFolder: string
  account: Account | undefined
  bases?: string[]
}): Promise<string> {
  if (socketFitsIn(options.databaseFolder)) return options.databaseFolder
  const bases = options.bases ?? ['/run', '/tmp']
  for (const base of bases) {
    const folder = join(base, `tangga-${shortHash(options.databaseFolder)}`)
    if (await makePrivate(folder, options.account)) return folder
  }
  throw new StartupRefusal(
    `The path of ${options.databaseFolder} is too long for the database's socket and no private folder could be made ` +
      `below ${bases.join(' or ')}: set DATA_DIR to a shorter path.`,
  )
}

async function makePrivate(folder: string, account: Account | undefined): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    if (account) await chown(folder, account.uid, account.gid)
    return true
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST') return isPrivate(folder, account)
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOENT' || code === 'EPERM') return false
    throw error
  }
}

async function isPrivate(folder: string, account: Account | undefined): Promise<boolean> {
  const found = await lstat(folder)
  if (!found.isDirectory() || (found.mode & 0o077) !== 0) return false
  const isOurs = found.uid === process.getuid?.()
  // A start that was killed between the two steps of making the folder has left it to root.
  if (isOurs && account) await chown(folder, account.uid, account.gid)
  return isOurs || found.uid === account?.uid
}
