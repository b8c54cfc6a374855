import { randomBytes } from 'node:crypto'
import { chmod, link, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupRefusal } from '../startup-refusal.ts'
import { ensureDataDir, giveToFolderOwner, syncFolder } from './data-dir.ts'
import { systemErrorCode } from './system-error.ts'

/**
 * readOrCreateSecret answers with the secret stored as `name` in the data folder; at first use it makes one of 256 random
 * bits (43 characters of base64url). The file is 0600 and appears complete or not at all: processes that start together
 * all get the one that was there first.
 */
export async function readOrCreateSecret(dataDir: string, name: string): Promise<string> {
  const path = join(dataDir, name)
  const stored = await readSecret(path)
  if (stored !== undefined) return stored
  await ensureDataDir(dataDir)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(32).toString('base64url')}\n`)
    await file.sync()
    await giveToFolderOwner(draft)
    // A link, unlike a rename, never replaces the secret of somebody who was faster.
    await link(draft, path).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error
    })
  } finally {
    await file.close()
    await rm(draft, { force: true })
  }
  await syncFolder(dataDir)
  const created = await readSecret(path)
  if (created === undefined) throw new Error(`The secret ${path} vanished while it was made.`)
  return created
}

/** readSecret answers with a stored secret, or undefined when there is none. Permissions wider than 0600 are narrowed. */
export async function readSecret(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    if (text === '')
      throw new StartupRefusal(`The secret file ${path} is empty: restore it from a backup or delete it.`)
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) await chmod(path, 0o600)
    return text
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES' || code === 'EPERM') {
      throw new StartupRefusal(`The secret file ${path} belongs to another account: use the account that made it.`)
    }
    throw error
  }
}
