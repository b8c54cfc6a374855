import { useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { resetPassword } from '../../api/account.ts'
import { PageHeading } from '../../app/page-heading.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Form, PasswordField } from '../../ui/form.tsx'
import { showToast } from '../../ui/toast-store.ts'

/** ResetPage sets a new password with the token of a reset link. */
export function ResetPage() {
  const { t } = useTranslation()
  const { token } = useSearch({ from: '/front/reset' })
  const navigate = useNavigate()
  const reset = useMutation({
    mutationFn: resetPassword,
    onSuccess: () => {
      showToast(t('auth.resetDone'))
      return navigate({ to: '/login' })
    },
  })
  return (
    <>
      <PageHeading title={t('auth.resetTitle')} className="mb-6">
        <p className="mt-2 text-ink-soft">{t('auth.resetText')}</p>
      </PageHeading>
      <Card>
        {token === undefined ? (
          <EmptyState icon="key">{t('auth.resetNoToken')}</EmptyState>
        ) : (
          <Form
            error={reset.error}
            onSubmit={(values) => reset.mutate({ token, new_password: values.exact('new_password') })}
          >
            <PasswordField
              name="new_password"
              label={t('auth.newPassword')}
              hint={t('auth.passwordHint')}
              autoComplete="new-password"
              minLength={8}
            />
            <Button type="submit" pending={reset.isPending}>
              {t('auth.resetButton')}
            </Button>
          </Form>
        )}
      </Card>
    </>
  )
}
