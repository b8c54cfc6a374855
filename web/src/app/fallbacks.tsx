import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { buttonClass } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { FailedLoad } from '../ui/notice.tsx'
import { PageHeading } from './page-heading.tsx'

/** NotFound stands at addresses that lead nowhere. */
export function NotFound() {
  const { t } = useTranslation()
  return (
    <div className="mx-auto w-full max-w-md px-4 py-10 text-center">
      <PageHeading title={t('app.notFoundTitle')} />
      <EmptyState
        icon="ladder"
        action={
          <Link to="/" className={buttonClass()}>
            {t('app.toProgress')}
          </Link>
        }
      >
        {t('app.notFoundText')}
      </EmptyState>
    </div>
  )
}

/** PageFailed stands where a page could not be loaded. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  return (
    <div className="mx-auto w-full max-w-xl px-4 py-10">
      <PageHeading title={t('app.failedTitle')} className="mb-4 px-4" />
      <FailedLoad
        error={error}
        retry={() => {
          reset()
          return router.invalidate()
        }}
      />
    </div>
  )
}
