/** Language is a language that the app speaks. */
export type Language = 'en' | 'id'

/** languages are the languages of the app, each named in itself. */
export const languages: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'id', name: 'Bahasa Indonesia' },
]

/** languageOf is the first of the wished locales that the app speaks, or English. "in" is an old code of Indonesian. */
export function languageOf(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const code = wish?.toLowerCase().split(/[-_]/)[0]
    if (code === 'id' || code === 'in') return 'id'
    if (code === 'en') return 'en'
  }
  return 'en'
}

/** browserLocale is the locale that the device is set to, with its region where it names one. */
export function browserLocale(): string {
  return navigator.languages.find((locale) => locale.includes('-')) ?? navigator.language
}
