import type { Highlight } from '../../api/types.ts'

/** TextPart is a piece of a text; `marked` ones are what was searched for. */
export type TextPart = { text: string; marked: boolean }

/** highlightedParts cuts a text at its highlights, which are counted in characters (code points). */
export function highlightedParts(text: string, highlights: readonly Highlight[]): TextPart[] {
  const characters = Array.from(text)
  const parts: TextPart[] = []
  let at = 0
  const take = (end: number, marked: boolean) => {
    if (end > at) parts.push({ text: characters.slice(at, end).join(''), marked })
    at = Math.max(at, end)
  }
  for (const { start, end } of highlights) {
    take(Math.min(start, characters.length), false)
    take(Math.min(end, characters.length), true)
  }
  take(characters.length, false)
  return parts
}
