import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { StartupRefusal } from '../startup-refusal.ts'
import { readOrCreateSecret } from './secret-file.ts'

let root: string
before(async () => (root = await mkdtemp(join(tmpdir(), 'tangga-secret-'))))
after(() => rm(root, { recursive: true }))

it('a secret is made once, private, and the same for all who ask at once', async () => {
  const dataDir = join(root, 'new', 'data')
  const secrets = await Promise.all([1, 2, 3, 4, 5].map(() => readOrCreateSecret(dataDir, 'secret-key')))
  assert.equal(new Set(secrets).size, 1)
  assert.match(secrets[0] ?? '', /^[\w-]{43}$/)
  assert.equal(await readOrCreateSecret(dataDir, 'secret-key'), secrets[0])
  assert.equal((await stat(join(dataDir, 'secret-key'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(dataDir), ['secret-key'], 'no draft is left')
})

it('a secret that others may read is closed to them', async () => {
  await writeFile(join(root, 'restored'), 'from-a-backup\n')
  await chmod(join(root, 'restored'), 0o644)
  assert.equal(await readOrCreateSecret(root, 'restored'), 'from-a-backup')
  assert.equal((await stat(join(root, 'restored'))).mode & 0o777, 0o600)
})

it('an empty secret is refused, never used', async () => {
  await writeFile(join(root, 'empty'), '\n')
  await assert.rejects(readOrCreateSecret(root, 'empty'), StartupRefusal)
})
