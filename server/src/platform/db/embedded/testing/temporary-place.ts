import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { databaseFolderOf } from '../../data-dir.ts'
import { parsePasswd, runningAs } from '../account.ts'
import type { Account } from '../account.ts'
import { openEmbedded } from '../embedded-database.ts'
import type { EmbeddedDatabase, EmbeddedOptions } from '../embedded-database.ts'
import { readPostmasterFile } from '../postmaster-file.ts'
import { isPostmasterOf } from '../process-state.ts'

// For tests: a temporary folder that stands for an installation.

/** TemporaryPlace is the folder, and a way to open the database in it that keeps what was logged. */
export type TemporaryPlace = {
  root: string
  dataDir: string
  movedTo: string
  log: string[]
  open(options?: Partial<EmbeddedOptions>): Promise<EmbeddedDatabase>
  /** postmaster is the process of the database server, or undefined while none runs. */
  postmaster(dataDir?: string): Promise<number | undefined>
  remove(): Promise<void>
}

/** makeTemporaryPlace makes it reachable for every account; `remove` closes and kills what is left over in it. */
export async function makeTemporaryPlace(): Promise<TemporaryPlace> {
  const root = await mkdtemp(join(tmpdir(), 'tangga-store-'))
  await chmod(root, 0o755)
  const log: string[] = []
  const record = (line: string) => void log.push(line)
  const dataDir = join(root, 'data')
  const movedTo = join(root, 'moved')
  const used = new Set([dataDir])
  const opened: EmbeddedDatabase[] = []
  const postmaster = async (at = dataDir) => {
    const file = await readPostmasterFile(databaseFolderOf(at))
    return file && (await isPostmasterOf(file.pid, databaseFolderOf(at))) ? file.pid : undefined
  }
  return {
    root,
    dataDir,
    movedTo,
    log,
    postmaster,
    open: async (options) => {
      const database = await openEmbedded({
        dataDir,
        projectRoot: root,
        movedTo,
        exclusive: true,
        log: { info: record, warn: record, error: record },
        ...options,
      })
      used.add(database.dataDir)
      opened.push(database)
      return database
    },
    remove: async () => {
      await Promise.all(opened.map((database) => database.close()))
      for (const at of used) {
        const pid = await postmaster(at).catch(() => undefined)
        if (pid === undefined) continue
        process.kill(pid, 'SIGQUIT')
        await eventually(async () => (await isPostmasterOf(pid, databaseFolderOf(at))) === false)
      }
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** eventually asks again until the answer is neither undefined nor false, and gives up after `limitMs`. */
export async function eventually<Found>(
  ask: () => Promise<Found | undefined | false>,
  limitMs = 15_000,
): Promise<Found> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`Not so after ${limitMs} ms: ${ask.toString()}`)
    await delay(10)
  }
}

/** isRoot tells whether these tests can try other accounts. */
export const isRoot = process.getuid?.() === 0

/** accountsAtHand are the unprivileged accounts among postgres and nobody that this machine has. */
export const accountsAtHand: Account[] = parsePasswd(readFileSync('/etc/passwd', 'utf8')).filter(
  ({ name, uid }) => uid !== 0 && (name === 'postgres' || name === 'nobody'),
)

/** mayRunHere tells whether an account can run this project's programs; below /root, say, none but root can. */
export function mayRunHere(account: Account): boolean {
  try {
    const look = `import(${JSON.stringify(import.meta.resolve('../account.ts'))})`
    execFileSync(process.execPath, ['-e', look], { ...runningAs(account), cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
