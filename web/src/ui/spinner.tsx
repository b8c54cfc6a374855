import { useTranslation } from 'react-i18next'

/** Spinner turns while something is under way; what, its neighbours say. */
export function Spinner({ className = 'size-5' }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      className={`shrink-0 animate-spin ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="3"
    >
      <circle cx="12" cy="12" r="9" opacity="0.25" />
      <path d="M21 12a9 9 0 0 0-9-9" strokeLinecap="round" />
    </svg>
  )
}

/** Loading stands where content will be. */
export function Loading() {
  const { t } = useTranslation()
  return (
    <p role="status" className="flex items-center justify-center gap-3 p-8 text-ink-soft">
      <Spinner /> {t('app.loading')}
    </p>
  )
}
