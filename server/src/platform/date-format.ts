const formats = new Map<string, Intl.DateTimeFormat>()
// Time zones are some hundreds, and ways to write a date a few.
const MOST_FORMATS = 2_000

/** dateFormat gives the formatter of a locale with these options, which takes far longer to make than to use. */
export function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, options])
  const known = formats.get(key)
  if (known) return known
  if (formats.size >= MOST_FORMATS) formats.clear()
  const made = new Intl.DateTimeFormat(locale, options)
  formats.set(key, made)
  return made
}
