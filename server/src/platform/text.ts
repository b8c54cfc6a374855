import { z } from 'zod'

// Control, bidirectional-override, zero-width and line-breaking characters. U+200D stays for emoji, see below.
const UNSAFE =
  /[\p{Cc}\u2028\u2029\u200B\u200C\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\uFFF9-\uFFFB\u061C\u180E\u{E0000}-\u{E007F}]+/gu
// A zero-width joiner is kept only between two pictographs (👩‍🍳), where it makes one emoji of them.
const STRAY_JOINER =
  /(?<!\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]?)\u200D|\u200D(?!\p{Extended_Pictographic})/gu
const LONE_SURROGATE = /\p{Surrogate}/gu

/** cleanLine makes a text safe to show on one line: what cannot be seen, or turns text around, becomes a space. */
export function cleanLine(text: string): string {
  return text.replace(UNSAFE, ' ').replace(STRAY_JOINER, ' ').replace(LONE_SURROGATE, '\uFFFD').trim()
}

/** cleanText keeps line breaks and tabs of a longer text and drops the NUL and lone surrogates no database takes. */
export function cleanText(text: string): string {
  return text.replace(/\0/g, '').replace(LONE_SURROGATE, '\uFFFD')
}

const characters = (text: string) => [...text].length

/** oneLine is a cleaned text of `min` to `max` characters (code points), the length taken after cleaning. */
export function oneLine(min: number, max: number) {
  return (
    z
      .string()
      // Before anything is done to it; a text of so many characters, cleaned away or not, is a mistake or worse.
      .max(max * 16 + 64, `must have at most ${max} characters`)
      .transform(cleanLine)
      .refine((text) => characters(text) >= min, {
        message: min === 1 ? 'must not be empty' : `must have at least ${min} characters`,
      })
      .refine((text) => characters(text) <= max, { message: `must have at most ${max} characters` })
      .meta({ type: 'string', minLength: min, maxLength: max })
  )
}

/** multiLine is a text of `min` to `max` characters (code points) that may have line breaks. */
export function multiLine(min: number, max: number) {
  return (
    z
      .string()
      .max(max * 4, `must have at most ${max} characters`)
      .transform(cleanText)
      // What nobody can see does not count as a text.
      .refine((text) => (cleanLine(text) === '' ? min === 0 : characters(text) >= min), {
        message: min === 1 ? 'must not be empty' : `must have at least ${min} characters`,
      })
      .refine((text) => characters(text) <= max, { message: `must have at most ${max} characters` })
      .meta({ type: 'string', minLength: min, maxLength: max })
  )
}

/** idSchema is a UUID as the API writes it. */
export const idSchema = z.uuid({ error: 'must be a UUID' }).meta({ description: 'UUIDv7' })

/** timestamp is how an instant leaves the service: UTC, ISO 8601, with milliseconds. */
export const timestamp = z.iso.datetime().meta({ examples: ['2026-11-22T08:00:00.000Z'] })

/**
 * instantSchema is an instant as it comes in: ISO 8601 with `Z` or an offset, within the years 1 to 9999 of UTC, which is
 * what PostgreSQL reads of what JavaScript writes.
 */
export const instantSchema = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-22T08:00:00Z' })
  .refine((text) => !(yearOf(text) < 1 || yearOf(text) > 9999), 'must lie in the years 1 to 9999')

// NaN for what is no time at all, which has been said by then.
const yearOf = (text: string) => new Date(text).getUTCFullYear()
