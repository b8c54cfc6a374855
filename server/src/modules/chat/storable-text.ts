const NUL = /\0/g
const LONE_SURROGATE = /\p{Surrogate}/gu

/** storableText makes a text that PostgreSQL takes: without NUL, and with lone halves of characters replaced. */
export function storableText(text: string): string {
  return text.replace(NUL, '').replace(LONE_SURROGATE, '\uFFFD')
}

/**
 * createTextPieces makes storable the pieces of a text that is cut anywhere. `take` answers the piece that may be sent
 * on, which can be empty: the first half of a character waits for its second, and `rest` gives what still waits at the
 * end. All answers joined are `storableText` of all pieces joined, so what is streamed is what is stored.
 */
export function createTextPieces(): { take(piece: string): string; rest(): string } {
  let held = ''
  return {
    take(piece) {
      // A NUL between two halves must not part them, so it goes before they are looked at.
      const text = held + piece.replace(NUL, '')
      const last = text.charCodeAt(text.length - 1)
      held = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : ''
      return storableText(held === '' ? text : text.slice(0, -1))
    },
    rest() {
      const rest = storableText(held)
      held = ''
      return rest
    },
  }
}

/** storableJson makes any value, such as a model's arguments, into plain JSON that PostgreSQL takes. */
export function storableJson(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'string') return storableText(part)
    if (typeof part === 'bigint') return part.toString()
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [storableText(key), inner]))
  })
  return text === undefined ? null : JSON.parse(text)
}
