import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
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
 * the system has given its number since. The server is always started with `-D <folder>`, so its command line tells. `folder` is
 * free of links.
 */
export async function isPostmasterOf(pid: number, folder: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false
  if (process.platform !== 'linux') return (await ps(pid, 'args')).includes(` -D ${folder}`)
  // It also works in that folder, which still tells after the folder was moved; but not every root may read this link.
  if ((await readlink(`/proc/${pid}/cwd`).catch(() => '')) === folder) return true
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  const at = words.indexOf('-D')
  return at > 0 && words[at + 1] === folder
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
