import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../../api/account.ts'
import { makeResetLink, peopleQuery, updatePerson } from '../../api/admin.ts'
import type { Person } from '../../api/types.ts'
import { formatDate, formatMoment } from '../../i18n/format.ts'
import { Button } from '../../ui/button.tsx'
import { CopyLine } from '../../ui/copy-line.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { BudgetDialog } from './budget-dialog.tsx'
import { SearchedList } from './searched-list.tsx'

type Change = 'makeAdmin' | 'removeAdmin' | 'disable' | 'enable'

/** PeoplePage lists the accounts, and gives or takes the admin role, locks accounts, and makes reset links. */
export function PeoplePage() {
  const { t, i18n } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const [changing, setChanging] = useState<{ person: Person; change: Change }>()
  const [resetting, setResetting] = useState<Person>()
  const [budgeting, setBudgeting] = useState<Person>()
  return (
    <>
      <SearchedList
        title={t('admin.people')}
        searchLabel={t('admin.searchPeople')}
        query={peopleQuery}
        rowKey={({ id }) => id}
        columns={[
          {
            label: t('admin.name'),
            title: true,
            cell: (person) => (
              <span className="grid">
                <span>
                  {person.name}{' '}
                  {person.id === me.id && <span className="font-normal text-ink-soft">({t('admin.you')})</span>}
                </span>
                <span className="text-sm font-normal text-ink-soft">{person.email}</span>
              </span>
            ),
          },
          {
            label: t('admin.role'),
            cell: (person) => (person.role === 'admin' ? t('admin.roleAdmin') : t('admin.roleUser')),
          },
          { label: t('admin.state'), cell: (person) => (person.disabled ? t('admin.disabled') : t('admin.active')) },
          {
            label: t('admin.since'),
            cell: (person) => <span className="whitespace-nowrap">{formatDate(person.created_at, i18n.language)}</span>,
          },
          {
            label: t('admin.actions'),
            numeric: true,
            bare: true,
            cell: (person) => (
              <span className="flex flex-wrap max-md:-ms-3 md:justify-end">
                <PersonAction
                  person={person}
                  change={person.role === 'admin' ? 'removeAdmin' : 'makeAdmin'}
                  onChoose={setChanging}
                />
                <PersonAction person={person} change={person.disabled ? 'enable' : 'disable'} onChoose={setChanging} />
                <Button
                  look="quiet"
                  className="px-2! text-sm max-md:px-3!"
                  aria-label={t('admin.budgetOf', { name: person.name })}
                  onClick={() => setBudgeting(person)}
                >
                  {t('admin.budgetButton')}
                </Button>
                <Button
                  look="quiet"
                  className="px-2! text-sm max-md:px-3!"
                  aria-label={`${t('admin.resetLink')}: ${person.name}`}
                  onClick={() => setResetting(person)}
                >
                  {t('admin.resetLink')}
                </Button>
              </span>
            ),
          },
        ]}
      />
      {changing && <ChangeDialog {...changing} onClose={() => setChanging(undefined)} />}
      {budgeting && <BudgetDialog owner={budgeting} onClose={() => setBudgeting(undefined)} />}
      {resetting && <ResetLinkDialog person={resetting} onClose={() => setResetting(undefined)} />}
    </>
  )
}

function PersonAction({
  person,
  change,
  onChoose,
}: {
  person: Person
  change: Change
  onChoose: (what: { person: Person; change: Change }) => void
}) {
  const { t } = useTranslation()
  return (
    <Button
      look="quiet"
      className="px-2! text-sm max-md:px-3!"
      aria-label={`${t(`admin.${change}`)}: ${person.name}`}
      onClick={() => onChoose({ person, change })}
    >
      {t(`admin.${change}`)}
    </Button>
  )
}

function ChangeDialog({ person, change, onClose }: { person: Person; change: Change; onClose: () => void }) {
  const { t } = useTranslation()
  const name = person.name
  const { title, text, body } = {
    makeAdmin: {
      title: t('admin.confirmAdmin', { name }),
      text: t('admin.confirmAdminText'),
      body: { role: 'admin' as const },
    },
    removeAdmin: {
      title: t('admin.confirmRemoveAdmin', { name }),
      text: t('admin.confirmRemoveAdminText'),
      body: { role: 'user' as const },
    },
    disable: {
      title: t('admin.confirmDisable', { name }),
      text: t('admin.confirmDisableText'),
      body: { disabled: true },
    },
    enable: { title: `${t('admin.enable')}: ${name}`, text: '', body: { disabled: false } },
  }[change]
  const update = useMutation({
    mutationFn: () => updatePerson(person.id, body),
    onSuccess: () => {
      onClose()
      showToast(t('app.saved'))
    },
  })
  return (
    <ConfirmDialog
      title={title}
      confirm={t(`admin.${change}`)}
      look={change === 'disable' ? 'danger' : 'primary'}
      pending={update.isPending}
      error={update.error}
      onConfirm={() => update.mutate()}
      onClose={onClose}
    >
      {text}
    </ConfirmDialog>
  )
}

function ResetLinkDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const make = useMutation({ mutationFn: () => makeResetLink(person.id) })
  return (
    <Dialog title={t('admin.resetLinkTitle', { name: person.name })} onClose={onClose}>
      <div className="grid gap-4">
        <ErrorNotice error={make.error} />
        {make.data ? (
          <>
            <p>{t('admin.resetLinkText', { time: formatMoment(make.data.expires_at, i18n.language) })}</p>
            <CopyLine text={make.data.url} label={t('admin.resetLink')} />
          </>
        ) : make.isPending ? (
          <Loading />
        ) : (
          <>
            <p>{t('admin.resetLinkAsk')}</p>
            <Button onClick={() => make.mutate()}>{t('admin.resetLinkMake')}</Button>
          </>
        )}
      </div>
    </Dialog>
  )
}
