import { randomFillSync } from 'node:crypto'

const bytes = new Uint8Array(16)
// Random bytes are asked for some hundred ids at a time: a call costs more than all the rest of an id.
const pool = new Uint8Array(8_192)
let drawn = pool.length
let lastMs = 0
let counter = 0

/**
 * newId makes a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then a 12-bit counter that keeps ids of one
 * millisecond in order, then random bits. Ids of one process rise strictly.
 */
export function newId(): string {
  if (drawn === pool.length) {
    randomFillSync(pool)
    drawn = 0
  }
  bytes.set(pool.subarray(drawn, (drawn += bytes.length)))
  let ms = Date.now()
  if (ms > lastMs) {
    lastMs = ms
    counter = ((bytes[6] ?? 0) << 8) & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  ms = lastMs
  bytes[0] = ms / 2 ** 40
  bytes[1] = ms / 2 ** 32
  bytes[2] = ms / 2 ** 24
  bytes[3] = ms / 2 ** 16
  bytes[4] = ms / 2 ** 8
  bytes[5] = ms
  bytes[6] = 0x70 | (counter >> 8)
  bytes[7] = counter
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = Buffer.from(bytes.buffer).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
