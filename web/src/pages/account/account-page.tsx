import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changePassword, deleteAccount, logOut, meQuery, updateMe } from '../../api/account.ts'
import { useBusinesses } from '../../app/active-business.tsx'
import { LanguageSelect, ThemeSelect } from '../../app/preferences.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { Button, buttonClass } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, PasswordField, TextField } from '../../ui/form.tsx'
import { Icon } from '../../ui/icon.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import { showToast } from '../../ui/toast-store.ts'
import { UsageCard } from './usage-card.tsx'

/** AccountPage is what belongs to the person: name, language, look, password, and the way out. */
export function AccountPage() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const { business } = useBusinesses()
  const problemText = useProblemText()
  const [deleting, setDeleting] = useState(false)
  const [passwordForm, setPasswordForm] = useState(0)
  const onFailure = (error: unknown) => showToast(problemText(error))
  const rename = useMutation({ mutationFn: updateMe, onSuccess: () => showToast(t('app.saved')) })
  const keepLanguage = useMutation({ mutationFn: updateMe, onError: onFailure })
  const leave = useMutation({ mutationFn: logOut, onSuccess: () => showToast(t('auth.signedOut')), onError: onFailure })
  const newPassword = useMutation({
    mutationFn: (passwords: { current_password: string; new_password: string }) => changePassword(me.email, passwords),
    onSuccess: () => {
      showToast(t('account.passwordChanged'))
      setPasswordForm((count) => count + 1)
    },
  })
  return (
    <div className="mx-auto grid w-full max-w-2xl grid-cols-1 gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <PageHeading title={t('account.title')} />
        <Button look="secondary" pending={leave.isPending} onClick={() => leave.mutate()}>
          {t('auth.logOut')}
        </Button>
      </div>
      <Card title={t('account.profile')} text={me.email}>
        <Form error={rename.error} onSubmit={(values) => rename.mutate({ name: values.text('name') })}>
          <TextField
            name="name"
            label={t('auth.yourName')}
            defaultValue={me.name}
            autoComplete="name"
            required
            maxLength={200}
          />
          <Button type="submit" pending={rename.isPending} className="justify-self-start">
            {t('app.save')}
          </Button>
        </Form>
        <div className="mt-5 grid gap-4 border-t border-line pt-5 sm:grid-cols-2">
          <div className="grid gap-1.5">
            <span className="font-semibold">{t('app.language')}</span>
            <LanguageSelect onChoose={(locale) => keepLanguage.mutate({ locale })} />
          </div>
          <div className="grid gap-1.5">
            <span className="font-semibold">{t('app.theme')}</span>
            <ThemeSelect />
          </div>
        </div>
      </Card>
      <UsageCard />
      <Card title={t('account.password')}>
        <Form
          key={passwordForm}
          error={newPassword.error}
          onSubmit={(values) =>
            newPassword.mutate({
              current_password: values.exact('current_password'),
              new_password: values.exact('new_password'),
            })
          }
        >
          <PasswordField name="current_password" label={t('account.currentPassword')} autoComplete="current-password" />
          <PasswordField
            name="new_password"
            label={t('account.newPassword')}
            hint={t('auth.passwordHint')}
            autoComplete="new-password"
            minLength={8}
          />
          <Button type="submit" look="secondary" pending={newPassword.isPending} className="justify-self-start">
            {t('account.changePassword')}
          </Button>
        </Form>
      </Card>
      {business && (
        <Card title={t('keys.title')}>
          <p className="mb-4 text-ink-soft">{t('keys.about')}</p>
          <Link to="/account/keys" className={buttonClass('secondary')}>
            <Icon name="key" /> {t('keys.open')}
          </Link>
        </Card>
      )}
      <Card title={t('account.deleteTitle')}>
        <p className="mb-4 text-ink-soft">{t('account.deleteText')}</p>
        <Button look="danger" onClick={() => setDeleting(true)}>
          {t('account.deleteButton')}
        </Button>
      </Card>
      {deleting && <DeleteDialog onClose={() => setDeleting(false)} />}
    </div>
  )
}

function DeleteDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const erase = useMutation({ mutationFn: deleteAccount, onSuccess: () => showToast(t('account.deleted')) })
  return (
    <Dialog title={t('account.deleteTitle')} onClose={onClose}>
      <Form error={erase.error} onSubmit={(values) => erase.mutate({ password: values.exact('password') })}>
        <p>{t('account.deleteText')}</p>
        <p className="font-semibold">{t('account.deleteConfirm')}</p>
        <PasswordField name="password" label={t('auth.password')} autoComplete="current-password" />
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="secondary" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" look="danger" pending={erase.isPending}>
            {t('account.deleteButton')}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
