import { useTranslation } from 'react-i18next'
import { Problem } from '../api/problem.ts'

// Codes that are one thing to a person.
const sameAs: Record<string, string> = {
  draining: 'busy',
  server_stopping: 'busy',
  database_unavailable: 'busy',
  storage_unavailable: 'busy',
}

/**
 * useProblemText gives the sentence to show for anything that a call threw. The server's own sentence (`detail`) is
 * English, and the most exact; other languages have the app's sentence for the problem's code where there is one.
 */
export function useProblemText(): (error: unknown) => string {
  const { t, i18n } = useTranslation()
  return (error) => {
    if (!(error instanceof Problem)) return t('problem.unknown')
    const texts: Partial<Record<string, string>> = t('problem', { returnObjects: true })
    const code = sameAs[error.code] ?? error.code
    const own = Object.hasOwn(texts, code) ? texts[code] : undefined
    // A list of bad fields is said at the fields.
    const exact = error.fields.size > 0 && own ? own : error.detail
    return (i18n.language === 'en' ? exact || own : own || exact) ?? t('problem.unknown')
  }
}
