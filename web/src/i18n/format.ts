/** formatNumber writes a number as the person's language does. */
export function formatNumber(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value)
}

/** formatChange writes a number with its sign: +5, −3. */
export function formatChange(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' }).format(value)
}

/** formatDate writes a day, in the given time zone where one is named. */
export function formatDate(iso: string, locale: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone }).format(new Date(iso))
}

/** formatMoment writes a day and a time, in the given time zone where one is named. */
export function formatMoment(iso: string, locale: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(new Date(iso))
}

/** formatTime writes the time of day of a moment, in the time zone of this device. */
export function formatTime(iso: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(new Date(iso))
}

/** formatList joins names as a sentence does: a, b and c. */
export function formatList(items: readonly string[], locale: string): string {
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(items)
}

/** formatCost writes an amount of money; a small one with as many places as show it. */
export function formatCost(amount: number, currency: string, locale: string): string {
  const isSmall = amount > 0 && amount < 1
  const places = isSmall ? { maximumSignificantDigits: 2 } : {}
  return new Intl.NumberFormat(locale, { style: 'currency', currency, ...places }).format(amount)
}
