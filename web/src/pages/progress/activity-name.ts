import type { TFunction } from 'i18next'

/** activityName names an event type: in the person's language where the app knows it, else its own words made readable. */
export function activityName(type: string, t: TFunction): string {
  const known: Partial<Record<string, string>> = t('progress.types', { returnObjects: true })
  return (Object.hasOwn(known, type) ? known[type] : undefined) ?? humanised(type)
}

/** humanised turns a machine's name into words: `stock_count.done` becomes "Stock count done". */
export function humanised(name: string): string {
  const words = name.replace(/[_.:/-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
