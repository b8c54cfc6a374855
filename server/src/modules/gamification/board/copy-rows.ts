import type { Readable } from 'node:stream'
import { WORDS } from './id-index.ts'

const HEADER_BYTES = 19
const END = -1

/** CopyRow reads the fields of one row of a binary COPY, in order. */
export type CopyRow = {
  /** uuid writes the 128 bits of a UUID into a word array at an index of ids; false, and nothing written, for null. */
  uuid(words: Uint32Array, index: number): boolean
  text(): string
  /** utf8 is a text as it is, valid until the next row. */
  utf8(): Buffer
  int8(): number
  int4(): number
  /** micros is a timestamptz in microseconds since 1970, UTC. */
  micros(): number
}

// PostgreSQL counts its timestamps from 2000-01-01.
const EPOCH_US = 946_684_800_000_000

/**
 * readCopyRows calls `onRow` for every row of `COPY … TO STDOUT (FORMAT binary)`. The format is described in
 * PostgreSQL's documentation of COPY: a header of 19 bytes, then per row a count of fields and, per field, its length
 * (-1 for null) and its bytes. It throws when the stream ends before its trailer.
 */
export async function readCopyRows(stream: Readable, onRow: (row: CopyRow) => void): Promise<void> {
  const reader = new Reader()
  let isAtStart = true
  let isComplete = false
  for await (const chunk of stream) {
    reader.add(chunk)
    if (isAtStart) {
      if (reader.left < HEADER_BYTES) continue
      reader.skip(HEADER_BYTES)
      isAtStart = false
    }
    while (!isComplete && reader.hasRow()) onRow(reader.row())
    if (reader.isAtEnd()) isComplete = true
  }
  if (!isComplete) throw new Error('the copy ended before its trailer')
}

class Reader implements CopyRow {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  get left(): number {
    return this.#bytes.length - this.#at
  }

  add(chunk: Buffer): void {
    this.#bytes = this.left === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk])
    this.#at = 0
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  isAtEnd(): boolean {
    return this.left >= 2 && this.#bytes.readInt16BE(this.#at) === END
  }

  // Whether a whole row is here.
  hasRow(): boolean {
    if (this.left < 2) return false
    const fields = this.#bytes.readInt16BE(this.#at)
    if (fields === END) return false
    let at = this.#at + 2
    for (let field = 0; field < fields; field++) {
      if (at + 4 > this.#bytes.length) return false
      at += 4 + Math.max(0, this.#bytes.readInt32BE(at))
    }
    return at <= this.#bytes.length
  }

  row(): CopyRow {
    this.#at += 2
    return this
  }

  uuid(words: Uint32Array, index: number): boolean {
    if (this.#length() === END) return false
    for (let at = index * WORDS; at < (index + 1) * WORDS; at++) {
      words[at] = this.#bytes.readUInt32BE(this.#at)
      this.#at += 4
    }
    return true
  }

  text(): string {
    const length = Math.max(0, this.#length())
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }

  utf8(): Buffer {
    const length = Math.max(0, this.#length())
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  int8(): number {
    this.#at += 12
    return this.#bytes.readInt32BE(this.#at - 8) * 2 ** 32 + this.#bytes.readUInt32BE(this.#at - 4)
  }

  int4(): number {
    this.#at += 8
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  micros(): number {
    return this.int8() + EPOCH_US
  }

  #length(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }
}
