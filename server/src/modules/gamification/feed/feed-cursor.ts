/** FeedPlace is the first place in a business's outbox that a reader has not seen: a sequence, and a position in it. */
export type FeedPlace = { sequence: number; position: number }

/** FeedCursor is how far a reader has come in each business of a feed, by the tags of their ids. */
export type FeedCursor = Map<string, FeedPlace>

const VERSION = 1
const TAG_BYTES = 6
const LONGEST_ID = 1_000

/** tagOf is the part of a business's id that a cursor names it by: its last 48 bits, which are random. */
export const tagOf = (businessId: string) => businessId.slice(-2 * TAG_BYTES).toLowerCase()

/**
 * writeCursor makes the id of an event: base64url of a version byte and, for each business, its tag and its place as two
 * LEB128 numbers. About 12 characters for one business, below 300 for the most that an owner may have.
 */
export function writeCursor(places: Iterable<[businessId: string, place: FeedPlace]>): string {
  const bytes: number[] = [VERSION]
  for (const [businessId, { sequence, position }] of places) {
    bytes.push(...Buffer.from(tagOf(businessId), 'hex'))
    writeNumber(bytes, sequence)
    writeNumber(bytes, position)
  }
  return Buffer.from(bytes).toString('base64url')
}

/** readCursor reads the id of an event, or answers undefined when it is none. */
export function readCursor(id: string): FeedCursor | undefined {
  if (id.length > LONGEST_ID || !/^[A-Za-z0-9_-]+$/.test(id)) return undefined
  const bytes = Buffer.from(id, 'base64url')
  if (bytes[0] !== VERSION || bytes.toString('base64url') !== id) return undefined
  const cursor: FeedCursor = new Map()
  let at = 1
  while (at < bytes.length) {
    const tag = bytes.toString('hex', at, at + TAG_BYTES)
    const sequence = readNumber(bytes, at + TAG_BYTES)
    const position = sequence && readNumber(bytes, sequence.end)
    if (!position || cursor.has(tag)) return undefined
    cursor.set(tag, { sequence: sequence.value, position: position.value })
    at = position.end
  }
  return cursor.size > 0 ? cursor : undefined
}

// LEB128: seven bits a byte, the lowest first; the eighth says that more follow. Numbers reach beyond 32 bits.
function writeNumber(bytes: number[], value: number): void {
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
}

function readNumber(bytes: Buffer, start: number): { value: number; end: number } | undefined {
  let value = 0
  let factor = 1
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * factor
    if (value > Number.MAX_SAFE_INTEGER) return undefined
    if (byte < 0x80) return { value, end: at + 1 }
    factor *= 0x80
  }
  return undefined
}
