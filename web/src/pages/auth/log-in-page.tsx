import { useMutation } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { logIn } from '../../api/account.ts'
import { PageHeading } from '../../app/page-heading.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Form, PasswordField, TextField } from '../../ui/form.tsx'

/** LogInPage signs a person in; the router then leads on to the page they came for. */
export function LogInPage() {
  const { t } = useTranslation()
  const search = useSearch({ from: '/front/guests' })
  const enter = useMutation({ mutationFn: logIn })
  return (
    <>
      <PageHeading title={t('auth.logInTitle')} className="mb-6" />
      <Card>
        <Form
          error={enter.error}
          onSubmit={(values) => enter.mutate({ email: values.text('email'), password: values.exact('password') })}
        >
          <TextField
            name="email"
            label={t('auth.email')}
            type="email"
            autoComplete="username"
            required
            maxLength={254}
          />
          <PasswordField name="password" label={t('auth.password')} autoComplete="current-password" />
          <Button type="submit" pending={enter.isPending}>
            {t('auth.logIn')}
          </Button>
        </Form>
      </Card>
      <p className="mt-6 text-center">
        {t('auth.noAccount')}{' '}
        <Link to="/signup" search={search} className="inline-block py-2 font-semibold text-accent underline">
          {t('auth.signUp')}
        </Link>
      </p>
      <p className="mt-2 text-center text-sm text-balance text-ink-soft">{t('auth.forgotten')}</p>
    </>
  )
}
