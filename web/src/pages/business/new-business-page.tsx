import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { createBusiness } from '../../api/business.ts'
import { useBusinesses } from '../../app/active-business.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { Card } from '../../ui/card.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { BusinessForm } from './business-form.tsx'

/** NewBusinessPage describes a person's first business, or a further one. */
export function NewBusinessPage() {
  const { t } = useTranslation()
  const { businesses, choose } = useBusinesses()
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: createBusiness,
    onSuccess: (business) => {
      choose(business.id)
      showToast(t('business.created', { name: business.business_name }))
      return navigate({ to: '/' })
    },
  })
  const first = businesses.length === 0
  return (
    <div className="mx-auto w-full max-w-2xl">
      <PageHeading title={first ? t('business.welcomeTitle') : t('business.addTitle')} className="mb-6">
        <p className="mt-2 text-ink-soft">{t('business.welcomeText')}</p>
      </PageHeading>
      <Card>
        <BusinessForm
          submit={t('business.create')}
          pending={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
        />
      </Card>
    </div>
  )
}
