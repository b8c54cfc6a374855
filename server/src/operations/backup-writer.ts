import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { syncFolder } from '../platform/db/data-dir.ts'
import { systemErrorCode } from '../platform/db/system-error.ts'
import { StartupRefusal } from '../platform/startup-refusal.ts'
import { PREAMBLE, trailerOf } from './backup-format.ts'

/**
 * writeBackup writes frames into a file that appears complete or not at all: they go to FILE.partial (0600), which is
 * flushed to the disk and only then takes the name. A file that exists is never replaced. Answers the size in bytes.
 */
export async function writeBackup(path: string, frames: AsyncIterable<Buffer>): Promise<number> {
  const target = resolve(path)
  const partial = `${target}.partial`
  await refuseExisting(target)
  // What a killed backup has left; removed rather than overwritten, since it may have other permissions.
  await rm(partial, { force: true })
  const file = await open(partial, 'wx', 0o600).catch(refuseToWrite(partial))
  try {
    const bytes = await writeAll(file, frames).catch(refuseToWrite(partial))
    await refuseExisting(target)
    await rename(partial, target)
    await syncFolder(dirname(target))
    return bytes
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, frames: AsyncIterable<Buffer>): Promise<number> {
  const checksum = createHash('sha256')
  let bytes = 0
  async function write(chunk: Buffer): Promise<void> {
    await file.writeFile(chunk)
    bytes += chunk.length
  }
  async function writePart(chunk: Buffer): Promise<void> {
    checksum.update(chunk)
    await write(chunk)
  }
  await writePart(PREAMBLE)
  const packed = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  await pipeline(Readable.from(frames), packed, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) await writePart(chunk)
  })
  await write(trailerOf(checksum.digest('hex')))
  await file.sync()
  return bytes
}

async function refuseExisting(path: string): Promise<void> {
  const found = await open(path, 'r').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw new StartupRefusal(`${path} cannot be used (${systemErrorCode(error) ?? 'unknown'}).`, { cause: error })
  })
  await found?.close()
  if (found) throw new StartupRefusal(`${path} exists already: name another file.`)
}

const fileTrouble = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EIO',
])

function refuseToWrite(path: string) {
  return (error: unknown): never => {
    const code = systemErrorCode(error)
    if (code && fileTrouble.has(code))
      throw new StartupRefusal(`${path} cannot be written (${code}).`, { cause: error })
    throw error
  }
}
