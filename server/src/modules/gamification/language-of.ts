import type { Language } from './point-explanation.ts'

/**
 * languageOf is the language of ours that an Accept-Language header (RFC 9110, 12.5.4) likes best, or undefined where it
 * names none.
 */
export function languageOf(header: string | undefined): Language | undefined {
  const wishes = (header ?? '').split(',').flatMap((part) => {
    const [tag = '', ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/)
    const [primary] = tag.split('-')
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    return (primary === 'en' || primary === 'id') && weight > 0 ? [{ language: primary, weight } as const] : []
  })
  return wishes.toSorted((a, b) => b.weight - a.weight)[0]?.language
}
