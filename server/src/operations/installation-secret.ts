import { hkdfSync } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDataDir, giveToFolderOwner, syncFolder } from '../platform/db/data-dir.ts'
import { readSecret } from '../platform/db/secret-file.ts'

/** InstallationSecret is the secret key that an installation uses; `isGenerated` tells that it lies in a file of its data folder. */
export type InstallationSecret = { key: string; isGenerated: boolean }

const fileName = 'secret-key'
const pathIn = (dataDir: string) => join(dataDir, fileName)

/** secretOf finds the secret of an installation, or undefined where none has been made yet. */
export async function secretOf(place: {
  secretKey: string | undefined
  dataDir: string
}): Promise<InstallationSecret | undefined> {
  if (place.secretKey !== undefined) return { key: place.secretKey, isGenerated: false }
  const key = await readSecret(pathIn(place.dataDir))
  return key === undefined ? undefined : { key, isGenerated: true }
}

/** secretMark tells secrets apart without telling them: 16 bytes by HKDF-SHA-256, of no use for anything else. */
export function secretMark(key: string): string {
  return Buffer.from(hkdfSync('sha256', key, 'tangga', 'backup mark', 16)).toString('hex')
}

/** keepSecret stores a generated secret in a data folder that has none; the answer takes it away again. */
export async function keepSecret(dataDir: string, key: string): Promise<() => Promise<void>> {
  await ensureDataDir(dataDir)
  const path = pathIn(dataDir)
  const draft = `${path}.restored`
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${key}\n`)
    await file.sync()
    await giveToFolderOwner(draft)
    await link(draft, path)
  } finally {
    await file.close()
    await rm(draft, { force: true })
  }
  await syncFolder(dataDir)
  return () => rm(path, { force: true })
}
