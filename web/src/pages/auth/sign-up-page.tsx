import { useMutation } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { signUp } from '../../api/account.ts'
import { PageHeading } from '../../app/page-heading.tsx'
import { currentLanguage } from '../../i18n/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Form, PasswordField, TextField } from '../../ui/form.tsx'

/** SignUpPage makes an account and signs the person in with it. */
export function SignUpPage() {
  const { t } = useTranslation()
  const search = useSearch({ from: '/front/guests' })
  const join = useMutation({
    mutationFn: (account: { name: string; email: string; password: string }) =>
      signUp({ ...account, locale: currentLanguage() }),
  })
  return (
    <>
      <PageHeading title={t('auth.signUpTitle')} className="mb-6">
        <p className="mt-2 text-ink-soft">{t('auth.signUpText')}</p>
      </PageHeading>
      <Card>
        <Form
          error={join.error}
          onSubmit={(values) =>
            join.mutate({ name: values.text('name'), email: values.text('email'), password: values.exact('password') })
          }
        >
          <TextField name="name" label={t('auth.yourName')} autoComplete="name" required maxLength={200} />
          <TextField
            name="email"
            label={t('auth.email')}
            type="email"
            autoComplete="username"
            required
            maxLength={254}
          />
          <PasswordField
            name="password"
            label={t('auth.password')}
            hint={t('auth.passwordHint')}
            autoComplete="new-password"
            minLength={8}
          />
          <Button type="submit" pending={join.isPending}>
            {t('auth.signUp')}
          </Button>
        </Form>
      </Card>
      <p className="mt-6 text-center">
        {t('auth.haveAccount')}{' '}
        <Link to="/login" search={search} className="inline-block py-2 font-semibold text-accent underline">
          {t('auth.logIn')}
        </Link>
      </p>
    </>
  )
}
