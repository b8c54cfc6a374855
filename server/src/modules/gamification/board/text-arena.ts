const HEADER_BYTES = 2
const LONGEST_BYTES = 0xffff

/**
 * TextArena keeps many short texts as UTF-8 in one buffer: no object, no pointer, 2 bytes of overhead each. A text is
 * named by its offset, which stays valid until `compacted`. Texts are never freed one by one; `wasted` counts what was
 * let go of, and whoever holds the offsets makes a compacted copy when that is worth it.
 */
export class TextArena {
  #bytes = Buffer.allocUnsafe(1 << 16)
  #used = 0
  wasted = 0

  /** size is how many bytes are in use, wasted ones included. */
  get size(): number {
    return this.#used
  }

  /** put adds a text (at most 65,535 bytes) and answers its offset. */
  put(text: string): number {
    this.#reserve(HEADER_BYTES + text.length * 3)
    const offset = this.#used
    const length = this.#bytes.write(text, offset + HEADER_BYTES, LONGEST_BYTES)
    this.#bytes.writeUInt16LE(length, offset)
    this.#used += HEADER_BYTES + length
    return offset
  }

  /** putJoined adds two texts in UTF-8, parted by a NUL, and answers the offset of the whole. */
  putJoined(first: Buffer, second: Buffer): number {
    const length = first.length + 1 + second.length
    if (length > LONGEST_BYTES) return this.put(`${first.toString()}\0${second.toString()}`)
    this.#reserve(HEADER_BYTES + length)
    const offset = this.#used
    const start = offset + HEADER_BYTES
    this.#bytes.writeUInt16LE(length, offset)
    this.#bytes.set(first, start)
    this.#bytes[start + first.length] = 0
    this.#bytes.set(second, start + first.length + 1)
    this.#used += HEADER_BYTES + length
    return offset
  }

  /** get reads the text at an offset. */
  get(offset: number): string {
    const start = offset + HEADER_BYTES
    return this.#bytes.toString('utf8', start, start + this.#bytes.readUInt16LE(offset))
  }

  /** equals tells whether the text at an offset is this one. */
  equals(offset: number, text: string): boolean {
    return this.get(offset) === text
  }

  /** release notes that the text at an offset is needed no more. */
  release(offset: number): void {
    this.wasted += HEADER_BYTES + this.#bytes.readUInt16LE(offset)
  }

  /** compacted copies the texts at these offsets into a fresh arena and writes their new offsets in place. */
  compacted(offsets: Float64Array, count: number): TextArena {
    const fresh = new TextArena()
    for (let index = 0; index < count; index++) {
      const offset = offsets[index] ?? 0
      const bytes = HEADER_BYTES + this.#bytes.readUInt16LE(offset)
      fresh.#reserve(bytes)
      this.#bytes.copy(fresh.#bytes, fresh.#used, offset, offset + bytes)
      offsets[index] = fresh.#used
      fresh.#used += bytes
    }
    return fresh
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(Math.ceil(this.#bytes.length * 1.5), this.#used + bytes))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
