import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { StartupRefusal } from '../../startup-refusal.ts'
import { giveToFolderOwner } from '../data-dir.ts'
import { systemErrorCode } from '../system-error.ts'

/**
 * withStartLock runs `work` while no other process works on the database of the same data folder, so that one at a time
 * runs initdb or starts the server.
 *
 * The lock is the kernel's on the file, and ends with the process however that dies: there is no stale lock to judge.
 * Node offers file locks only through SQLite, so the file is an SQLite database, which stays empty for ever.
 */
export async function withStartLock<Result>(
  options: { path: string; waitMs?: number; signal?: AbortSignal },
  work: () => Promise<Result>,
): Promise<Result> {
  await makeLockFile(options.path)
  const lock = new DatabaseSync(options.path)
  try {
    const deadline = Date.now() + (options.waitMs ?? 60_000)
    while (!tryLock(lock)) {
      if (Date.now() > deadline) {
        throw new StartupRefusal(`Another process is starting the database of ${options.path}: wait until it is done.`)
      }
      await delay(20, undefined, { signal: options.signal })
    }
    return await work()
  } finally {
    lock.close()
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    const sqliteBusy = 5
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false
    throw error
  }
}

async function makeLockFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'a', 0o600)
    await file.close()
    await giveToFolderOwner(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error
    throw new StartupRefusal(`The file ${path} belongs to another account: use the account that runs the server.`)
  }
}
