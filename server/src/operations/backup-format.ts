import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'

// A backup is this line, one zstd stream of frames, and a line with the SHA-256 of everything before it. A frame is a
// letter, its length in 4 bytes (big-endian), and so many bytes:
//   H  the header, JSON, once
//   T  a table begins: JSON {name, columns}
//   D  rows of it, in PostgreSQL's text format for COPY, which every version of it reads
//   E  it ends: JSON {rows, sha256} over all of its D
//   Z  the backup ends: JSON {tables, rows}

/** FORMAT is the version of the format; a reader refuses any other. */
export const FORMAT = 1

/** PREAMBLE is the first line of every backup. */
export const PREAMBLE = Buffer.from(`TANGGA BACKUP ${FORMAT}\n`)

/** TRAILER_BYTES is the length of the last line: `SHA-256 `, 64 hexadecimal digits and a line break before and after. */
export const TRAILER_BYTES = 1 + 8 + 64 + 1

/** MOST_FRAME_BYTES bounds a frame, so that no damaged length makes a reader take all memory. */
export const MOST_FRAME_BYTES = 64 * 1024 * 1024

/** trailerOf is the last line for a checksum. */
export function trailerOf(sha256: string): Buffer {
  return Buffer.from(`\nSHA-256 ${sha256}\n`)
}

/** backupHeader says what a backup holds, and of what. */
export const backupHeader = z.object({
  format: z.literal(FORMAT),
  tangga: z.string(),
  created_at: z.iso.datetime(),
  /** The last migration of the schema, by its time in the journal. */
  migration: z.number(),
  postgres: z.string(),
  /** The generated secret key; null where the installation had SECRET_KEY set. */
  secret_key: z.string().nullable(),
  /** Tells whether two installations have the same secret key without telling the key; null where it had none yet. */
  secret_mark: z.string().nullable(),
  /** Where each counter of an identity or serial column stands. */
  counters: z.array(z.object({ table: z.string(), column: z.string(), value: z.string(), is_called: z.boolean() })),
})
export type BackupHeader = z.output<typeof backupHeader>

/** tableFrame names a table and the columns whose values follow, in their order. */
export const tableFrame = z.object({ name: z.string(), columns: z.array(z.string()) })
export type TableFrame = z.output<typeof tableFrame>

/** tableEnd counts a table's rows and seals them. */
export const tableEnd = z.object({ rows: z.number(), sha256: z.string() })

/** backupEnd counts everything. */
export const backupEnd = z.object({ tables: z.number(), rows: z.number() })

/** frame makes the bytes of a frame. */
export function frame(kind: 'H' | 'T' | 'D' | 'E' | 'Z', content: Buffer | object): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
  const head = Buffer.alloc(5)
  head.write(kind, 0, 'latin1')
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** RowSeal counts and seals the rows of one table as they pass; a row ends in the only bare line break that it has. */
export class RowSeal {
  readonly #hash: Hash = createHash('sha256')
  rows = 0

  /** add takes the next bytes and answers how many rows ended in them. */
  add(bytes: Buffer): number {
    this.#hash.update(bytes)
    let ended = 0
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) ended++
    this.rows += ended
    return ended
  }

  /** end is what the table's E frame says. */
  end(): z.output<typeof tableEnd> {
    return { rows: this.rows, sha256: this.#hash.digest('hex') }
  }
}
