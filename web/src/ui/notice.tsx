import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useProblemText } from './problem-text.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'

/** ErrorNotice says what went wrong, at once to a screen reader too. */
export function ErrorNotice({ error, children }: { error: unknown; children?: ReactNode }) {
  const text = useProblemText()
  if (!error) return null
  return (
    <div role="alert" className="flex items-start gap-3 rounded-xl bg-danger-soft p-3 text-danger">
      <Icon name="warning" className="mt-0.5 size-5" />
      <div className="grid min-w-0 gap-2">
        <p className="wrap-anywhere">{text(error)}</p>
        {children}
      </div>
    </div>
  )
}

/** FailedLoad stands where content could not be read, with a way to try again. */
export function FailedLoad({ error, retry }: { error: unknown; retry: () => unknown }) {
  const { t } = useTranslation()
  return (
    <div className="p-4">
      <ErrorNotice error={error}>
        <Button look="secondary" className="justify-self-start" onClick={() => void retry()}>
          {t('app.tryAgain')}
        </Button>
      </ErrorNotice>
    </div>
  )
}
