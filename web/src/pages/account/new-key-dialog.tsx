import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { makePersonalKey } from '../../api/personal-keys.ts'
import { useBusinesses } from '../../app/active-business.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyLine } from '../../ui/copy-line.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, SelectField, TextField, type FormValues } from '../../ui/form.tsx'

const lifetimesDays = [30, 90, 365]
const dayMs = 24 * 60 * 60 * 1_000

/** NewKeyDialog makes a personal key and shows it, this once. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const { business, businesses } = useBusinesses()
  const make = useMutation({
    mutationFn: (values: FormValues) => {
      const days = values.optionalNumber('days')
      return makePersonalKey({
        name: values.text('name'),
        business_id: values.text('business_id'),
        expires_at: days === null ? null : new Date(Date.now() + days * dayMs).toISOString(),
      })
    },
    // The key is not to stay in the memory of the page once the window is closed.
    gcTime: 0,
  })
  if (make.data)
    return (
      <Dialog key="made" title={t('keys.madeTitle')} onClose={onClose}>
        <div className="grid gap-4">
          <p>{t('keys.madeText')}</p>
          <CopyLine text={make.data.key} label={t('keys.key')} />
          <Button look="secondary" className="justify-self-end" onClick={onClose}>
            {t('keys.done')}
          </Button>
        </div>
      </Dialog>
    )
  return (
    <Dialog key="new" title={t('keys.add')} onClose={onClose}>
      <Form error={make.error} onSubmit={(values) => make.mutate(values)}>
        <TextField name="name" label={t('keys.name')} hint={t('keys.nameHint')} required maxLength={200} />
        <SelectField name="business_id" label={t('keys.business')} defaultValue={business?.id}>
          {businesses.map(({ id, business_name }) => (
            <option key={id} value={id}>
              {business_name}
            </option>
          ))}
        </SelectField>
        <SelectField name="days" label={t('keys.expiry')} defaultValue="">
          <option value="">{t('keys.forever')}</option>
          {lifetimesDays.map((days) => (
            <option key={days} value={days}>
              {t('keys.days', { count: days })}
            </option>
          ))}
        </SelectField>
        <Button type="submit" pending={make.isPending}>
          {t('keys.add')}
        </Button>
      </Form>
    </Dialog>
  )
}
