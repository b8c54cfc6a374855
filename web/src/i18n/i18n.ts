import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { browserStorage } from '../api/browser-session.ts'
import { en } from './en.ts'
import { id } from './id.ts'
import { languageOf, type Language } from './language.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en }
  }
}

const storageKey = 'tangga.language'

/** i18n speaks the language last chosen in this browser, or else the browser's own. */
export const i18n = i18next.createInstance()

const markDocument = (language: string) => document.documentElement.setAttribute('lang', language)
i18n.on('languageChanged', markDocument)

void i18n.use(initReactI18next).init({
  lng: languageOf([browserStorage.getItem(storageKey), ...navigator.languages]),
  fallbackLng: 'en',
  resources: { en: { translation: en }, id: { translation: id } },
  interpolation: { escapeValue: false },
  initAsync: false,
})

/** currentLanguage is the language that the app speaks now. */
export function currentLanguage(): Language {
  return languageOf([i18n.language])
}

/** speak changes the language, and remembers it for the next visit before anyone is signed in. */
export function speak(language: Language): void {
  browserStorage.setItem(storageKey, language)
  if (language !== i18n.language) void i18n.changeLanguage(language)
}
