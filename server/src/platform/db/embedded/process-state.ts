import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * isAlive tells whether a process runs. A zombie counts as dead: it holds no memory and no file, only an entry that its
 * parent (often a container's first process, which reaps nobody) has not collected.
 */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: there is such a process, of another account.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return !/^[ZX]/.test(await stateOf(pid))
}

/**
 * isPostmasterOf tells whether a process is the PostgreSQL server of this database folder, rather than a stranger to whom
 * the system has given its number since. The server is always started with `-D <folder>`, so its command line tells.
 * `folder` is free of links.
 */
export async function isPostmasterOf(pid: number, folder: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false
  return isPostmasterOfSync(pid, folder)
}

/** isPostmasterOfSync is isPostmasterOf without the look at zombies, for the last moment of a process. */
export function isPostmasterOfSync(pid: number, folder: string): boolean {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).includes(` -D ${folder}`)
    }
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const at = words.indexOf('-D')
    if (at > 0 && words[at + 1] === folder) return true
    // It also works in that folder, which still tells after the folder was moved; but not every root may read this link.
    return readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch {
    // There is no such process, or it belongs to somebody whose processes are not shown: not the database's account.
    return false
  }
}

async function stateOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return ps(pid, 'stat')
  // "123 (name) S …": the name may itself hold spaces and parentheses, so the state is what follows the last one.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X')
  return text.slice(text.lastIndexOf(')') + 2)
}

async function ps(pid: number, column: string): Promise<string> {
  return run('ps', ['-o', `${column}=`, '-p', String(pid)]).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
}
