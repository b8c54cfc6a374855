import { useTranslation } from 'react-i18next'
import { speak } from '../i18n/i18n.ts'
import { languageOf, languages, type Language } from '../i18n/language.ts'
import { chooseTheme, useTheme, type Theme } from './theme.ts'

const selectClass = 'min-h-11 rounded-xl border border-line-strong bg-surface px-2 text-sm text-ink'

/** LanguageSelect switches the language at once; `onChoose` may keep the choice elsewhere too. */
export function LanguageSelect({ onChoose = () => {} }: { onChoose?: (language: Language) => void }) {
  const { t, i18n } = useTranslation()
  return (
    <select
      aria-label={t('app.language')}
      className={selectClass}
      value={languageOf([i18n.language])}
      onChange={(event) => {
        const language = languageOf([event.target.value])
        speak(language)
        onChoose(language)
      }}
    >
      {languages.map(({ code, name }) => (
        <option key={code} value={code} lang={code}>
          {name}
        </option>
      ))}
    </select>
  )
}

const themes: readonly Theme[] = ['system', 'light', 'dark']

/** ThemeSelect switches between light, dark and the device's own look. */
export function ThemeSelect() {
  const { t } = useTranslation()
  const theme = useTheme()
  const names = { system: t('app.themeSystem'), light: t('app.themeLight'), dark: t('app.themeDark') }
  return (
    <select
      aria-label={t('app.theme')}
      className={selectClass}
      value={theme}
      onChange={(event) => chooseTheme(themes.find((known) => known === event.target.value) ?? 'system')}
    >
      {themes.map((known) => (
        <option key={known} value={known}>
          {names[known]}
        </option>
      ))}
    </select>
  )
}
