import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { personalKeysQuery, revokePersonalKey } from '../../api/personal-keys.ts'
import type { PersonalKey } from '../../api/types.ts'
import { useBusinesses } from '../../app/active-business.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { formatDate, formatMoment } from '../../i18n/format.ts'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { KeyUses } from './key-uses.tsx'
import { NewKeyDialog } from './new-key-dialog.tsx'

/** KeysPage is the keys of the person's own programs: what they are for, which there are, and an end to each. */
export function KeysPage() {
  const { t } = useTranslation()
  const { data: keys, dataUpdatedAt, error, refetch } = useQuery(personalKeysQuery)
  const [making, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<PersonalKey>()
  return (
    <div className="mx-auto grid w-full max-w-3xl grid-cols-1 gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <PageHeading title={t('keys.title')} />
        <Link to="/account" className={`${buttonClass('secondary')} max-md:hidden`}>
          {t('keys.toAccount')}
        </Link>
      </div>
      <p className="max-w-prose text-ink-soft">{t('keys.text')}</p>
      <Card
        title={t('keys.list')}
        flush
        aside={
          <Button icon="plus" onClick={() => setMaking(true)}>
            {t('keys.add')}
          </Button>
        }
      >
        {error && !keys ? (
          <FailedLoad error={error} retry={refetch} />
        ) : !keys ? (
          <Loading />
        ) : keys.length === 0 ? (
          <EmptyState icon="key">{t('keys.empty')}</EmptyState>
        ) : (
          <ul className="divide-y divide-line" data-testid="keys">
            {keys.map((key) => (
              <KeyRow key={key.id} personalKey={key} now={dataUpdatedAt} onRevoke={() => setRevoking(key)} />
            ))}
          </ul>
        )}
      </Card>
      <KeyUses />
      {making && <NewKeyDialog onClose={() => setMaking(false)} />}
      {revoking && <RevokeDialog personalKey={revoking} onClose={() => setRevoking(undefined)} />}
    </div>
  )
}

type KeyRowProps = { personalKey: PersonalKey; now: number; onRevoke: () => void }

function KeyRow({ personalKey, now, onRevoke }: KeyRowProps) {
  const { t, i18n } = useTranslation()
  const { businesses } = useBusinesses()
  const { name, business_id, hint, created_at, expires_at, last_used_at } = personalKey
  const business = businesses.find(({ id }) => id === business_id)
  const date = (iso: string) => formatDate(iso, i18n.language, business?.time_zone)
  const isOver = expires_at !== null && Date.parse(expires_at) <= now
  const facts = [
    business?.business_name,
    t('keys.endsWith', { hint }),
    t('keys.madeOn', { date: date(created_at) }),
    last_used_at === null
      ? t('keys.neverUsed')
      : t('keys.usedAt', { time: formatMoment(last_used_at, i18n.language, business?.time_zone) }),
  ]
  return (
    <li className="flex items-start gap-2 py-2.5 ps-4 pe-1 sm:ps-6 sm:pe-3">
      <div className="min-w-0 grow py-1.5">
        <p className="font-semibold wrap-anywhere">{name}</p>
        <p className="mt-0.5 text-sm wrap-anywhere text-ink-soft">{facts.filter(Boolean).join(' · ')}</p>
        {expires_at !== null && (
          <p className={`mt-0.5 text-sm ${isOver ? 'font-semibold text-danger' : 'text-ink-soft'}`}>
            {t(isOver ? 'keys.expired' : 'keys.holdsUntil', { date: date(expires_at) })}
          </p>
        )}
      </div>
      <IconButton icon="trash" label={`${t('keys.revoke')}: ${name}`} onClick={onRevoke} />
    </li>
  )
}

function RevokeDialog({ personalKey, onClose }: { personalKey: PersonalKey; onClose: () => void }) {
  const { t } = useTranslation()
  const revoke = useMutation({
    mutationFn: () => revokePersonalKey(personalKey),
    onSuccess: () => {
      onClose()
      showToast(t('keys.revoked'))
    },
  })
  return (
    <ConfirmDialog
      title={t('keys.revokeTitle', { name: personalKey.name })}
      confirm={t('keys.revoke')}
      pending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      {t('keys.revokeText')}
    </ConfirmDialog>
  )
}
