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

const MINUTE_MS = 60_000
const lastTexts = new WeakMap<Intl.DateTimeFormat, { minute: number; text: string }>()

/** dateText writes the date of a moment. Dates change on whole minutes in every zone, so the last one is often still right. */
export function dateText(format: Intl.DateTimeFormat, moment: Date): string {
  const minute = Math.floor(moment.getTime() / MINUTE_MS)
  const last = lastTexts.get(format)
  if (last?.minute === minute) return last.text
  const text = format.format(moment)
  lastTexts.set(format, { minute, text })
  return text
}
