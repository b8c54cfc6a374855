import { cleanText } from '../../../../platform/text.ts'

// What could open or close a block of the prompt, and what cannot be seen.
const MARKUP = /[<>\u2028\u2029\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu

/** foreignText is what an outside server says, cut to so many characters and without anything that a prompt is built of. */
export function foreignText(text: string, characters: number): string {
  const clean = cleanText(text.slice(0, characters * 2)).replace(MARKUP, ' ')
  return clean.length <= characters ? clean : `${cleanText(clean.slice(0, characters - 1))}…`
}

const LEVELS = 8
const STRING = 200
const ENTRIES = 60

/** foreignJson is JSON of an outside server with every text in it cut and cleaned, and nothing deeper than it should be. */
export function foreignJson(value: unknown, levels = LEVELS): unknown {
  if (typeof value === 'string') return foreignText(value, STRING)
  if (typeof value !== 'object' || value === null) return value
  if (levels === 0) return {}
  if (Array.isArray(value)) return value.slice(0, ENTRIES).map((one) => foreignJson(one, levels - 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, ENTRIES)
      .map(([name, inner]) => [foreignText(name, STRING), foreignJson(inner, levels - 1)]),
  )
}
