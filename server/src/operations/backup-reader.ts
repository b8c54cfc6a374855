import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { z } from 'zod'
import { systemErrorCode } from '../platform/db/system-error.ts'
import { StartupRefusal } from '../platform/startup-refusal.ts'
import {
  backupEnd,
  type BackupHeader,
  backupHeader,
  MOST_FRAME_BYTES,
  PREAMBLE,
  RowSeal,
  type TableFrame,
  tableEnd,
  tableFrame,
  TRAILER_BYTES,
  trailerOf,
} from './backup-format.ts'

const READ_BYTES = 1 << 20

/** BackupPart is what a reader meets, in this order: the header, and for each table its name, its rows and its end. */
export type BackupPart =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: TableFrame }
  | { kind: 'rows'; bytes: Buffer; rows: number }
  | { kind: 'table_end'; rows: number }
  | { kind: 'end'; tables: number; rows: number }

/** BackupContents is what a whole and sound backup holds. */
export type BackupContents = { header: BackupHeader; tables: TableFrame[]; rows: number }

/** withBackup opens a backup for reading; a file that is none is refused. */
export async function withBackup<T>(path: string, work: (backup: BackupFile) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new StartupRefusal(`${path} cannot be read (${systemErrorCode(error) ?? 'unknown'}).`, { cause: error })
  })
  try {
    return await work(new BackupFile(file, path))
  } finally {
    await file.close()
  }
}

/** BackupFile is an open backup. Everything that it finds wrong is a StartupRefusal that names the file. */
export class BackupFile {
  readonly #file: FileHandle
  readonly #path: string

  constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /** check reads the whole file, holds it against all of its checksums and counts, and answers what it holds. */
  async check(onBytes: (count: number) => void): Promise<BackupContents> {
    const end = await this.#checkTrailer()
    let header: BackupHeader | undefined
    const tables: TableFrame[] = []
    let rows = 0
    for await (const part of this.#partsUntil(end, onBytes)) {
      if (part.kind === 'header') header = part.header
      if (part.kind === 'table') tables.push(part.table)
      if (part.kind === 'end') rows = part.rows
    }
    if (!header) throw this.#damaged('it has no header')
    return { header, tables, rows }
  }

  /** parts reads a file again that has been checked; what changed in it meanwhile is noticed at the latest at the end. */
  async *parts(): AsyncGenerator<BackupPart> {
    yield* this.#partsUntil((await this.size()) - TRAILER_BYTES, () => {})
  }

  /** size is the length of the file in bytes. */
  async size(): Promise<number> {
    return (await this.#file.stat()).size
  }

  async #checkTrailer(): Promise<number> {
    const size = await this.size()
    const preamble = Buffer.alloc(PREAMBLE.length)
    await this.#file.read(preamble, 0, preamble.length, 0)
    if (!preamble.equals(PREAMBLE)) {
      throw /^TANGGA BACKUP \d+\n/.test(preamble.toString('latin1'))
        ? new StartupRefusal(`${this.#path} is a backup of another format: restore it with the Tangga that made it.`)
        : new StartupRefusal(`${this.#path} is not a backup of Tangga, or is damaged at its beginning.`)
    }
    const end = size - TRAILER_BYTES
    if (end < PREAMBLE.length) throw this.#damaged('it is cut off')
    const hash = createHash('sha256')
    for await (const chunk of this.#bytes(0, end)) hash.update(chunk)
    const trailer = Buffer.alloc(TRAILER_BYTES)
    await this.#file.read(trailer, 0, TRAILER_BYTES, end)
    if (!trailer.equals(trailerOf(hash.digest('hex')))) throw this.#damaged('its checksum does not hold')
    return end
  }

  async *#bytes(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const length = Math.min(READ_BYTES, end - at)
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, at)
      if (bytesRead === 0) throw this.#damaged('it became shorter while it was read')
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  async *#partsUntil(end: number, onBytes: (count: number) => void): AsyncGenerator<BackupPart> {
    try {
      yield* readParts(this.#inflated(end, onBytes))
    } catch (error) {
      if (error instanceof Malformed) throw this.#damaged(error.message)
      if (String(systemErrorCode(error)).startsWith('ZSTD')) throw this.#damaged('it cannot be unpacked')
      throw error
    }
  }

  async *#inflated(end: number, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
    const packed = this.#bytes(PREAMBLE.length, end)
    const unpacked = createZstdDecompress()
    // A failure on either side comes out of `unpacked`, which is what is waited for.
    const feeding = pipeline(async function* () {
      for await (const chunk of packed) {
        onBytes(chunk.length)
        yield chunk
      }
    }, unpacked).catch(() => undefined)
    try {
      for await (const chunk of unpacked) yield z.instanceof(Buffer).parse(chunk)
    } finally {
      unpacked.destroy()
      await feeding
    }
  }

  #damaged(reason: string): StartupRefusal {
    return new StartupRefusal(`${this.#path} is damaged, so nothing was restored: ${reason}.`)
  }
}

class Malformed extends Error {}

/** readParts takes frames apart and holds them against their order, checksums and counts. */
async function* readParts(chunks: AsyncIterable<Buffer>): AsyncGenerator<BackupPart> {
  let seal: RowSeal | undefined
  let hasHeader = false
  let isOver = false
  let tables = 0
  let rows = 0
  for await (const { kind, content } of readFrames(chunks)) {
    if (isOver || (kind === 'H') === hasHeader) throw new Malformed('its parts are out of order')
    if (kind === 'H') {
      hasHeader = true
      yield { kind: 'header', header: parsed(backupHeader, content) }
    } else if (kind === 'T' && !seal) {
      seal = new RowSeal()
      yield { kind: 'table', table: parsed(tableFrame, content) }
    } else if (kind === 'D' && seal) {
      yield { kind: 'rows', bytes: content, rows: seal.add(content) }
    } else if (kind === 'E' && seal) {
      const said = parsed(tableEnd, content)
      const found = seal.end()
      if (said.rows !== found.rows || said.sha256 !== found.sha256) throw new Malformed('a table is not what it was')
      seal = undefined
      tables++
      rows += found.rows
      yield { kind: 'table_end', rows: found.rows }
    } else if (kind === 'Z' && !seal) {
      const said = parsed(backupEnd, content)
      if (said.tables !== tables || said.rows !== rows) throw new Malformed('tables or rows are missing')
      isOver = true
      yield { kind: 'end', tables, rows }
    } else {
      throw new Malformed('its parts are out of order')
    }
  }
  if (!isOver) throw new Malformed('it is cut off')
}

async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<{ kind: string; content: Buffer }> {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    let at = 0
    while (held.length - at >= 5) {
      const length = held.readUInt32BE(at + 1)
      if (length > MOST_FRAME_BYTES) throw new Malformed('a part has an impossible length')
      if (held.length - at - 5 < length) break
      yield { kind: held.toString('latin1', at, at + 1), content: held.subarray(at + 5, at + 5 + length) }
      at += 5 + length
    }
    held = held.subarray(at)
  }
  if (held.length > 0) throw new Malformed('it is cut off')
}

function parsed<T>(schema: z.ZodType<T>, content: Buffer): T {
  try {
    return schema.parse(JSON.parse(content.toString('utf8')))
  } catch (cause) {
    throw new Malformed('a part of it says nothing that is known', { cause })
  }
}
