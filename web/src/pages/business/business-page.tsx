import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { updateBusiness } from '../../api/business.ts'
import type { BusinessInput } from '../../api/types.ts'
import { useBusiness } from '../../app/active-business.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Icon } from '../../ui/icon.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { BusinessForm } from './business-form.tsx'
import { changedFields } from './changed-fields.ts'

/** BusinessPage changes the description of the active business, and leads to adding another. */
export function BusinessPage() {
  const { t } = useTranslation()
  const business = useBusiness()
  const update = useMutation({
    mutationFn: (input: BusinessInput) => updateBusiness(business.id, changedFields(input, business)),
    onSuccess: () => showToast(t('app.saved')),
  })
  return (
    <div className="mx-auto w-full max-w-2xl">
      <div className="mb-6 flex flex-wrap items-center justify-between gap-3">
        <PageHeading title={t('business.editTitle')} />
        <Link to="/business/new" className={buttonClass('secondary')}>
          <Icon name="plus" /> {t('business.add')}
        </Link>
      </div>
      <Card>
        <BusinessForm
          key={business.id}
          business={business}
          submit={t('app.save')}
          pending={update.isPending}
          error={update.error}
          onSubmit={update.mutate}
        />
      </Card>
    </div>
  )
}
