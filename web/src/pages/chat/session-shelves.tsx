import { useInfiniteQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chatSessionsQuery } from '../../api/chat.ts'
import { Icon } from '../../ui/icon.tsx'
import { SearchResults } from './search-results.tsx'
import { SessionList } from './session-list.tsx'

const DeletedDialog = lazy(async () => ({ default: (await import('./deleted-dialog.tsx')).DeletedDialog }))

type SessionShelvesProps = { businessId: string; openId: string | undefined; onOpen?: () => void }

const typingPauseMs = 250

/** SessionShelves is the way to every conversation of the business: a search, the pinned ones, the others, the deleted ones. */
export function SessionShelves({ businessId, openId, onOpen }: SessionShelvesProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  const [showDeleted, setShowDeleted] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), typingPauseMs)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <>
      <input
        type="search"
        aria-label={t('chat.search')}
        placeholder={t('chat.search')}
        maxLength={200}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className="mb-3 min-h-11 w-full rounded-xl border border-line-strong bg-surface px-3 text-base placeholder:text-ink-soft"
      />
      {q === '' ? (
        <Shelves businessId={businessId} openId={openId} onOpen={onOpen} />
      ) : (
        <SearchResults businessId={businessId} q={q} openId={openId} onOpen={onOpen} />
      )}
      <button
        type="button"
        onClick={() => setShowDeleted(true)}
        className="mt-3 flex min-h-11 w-full items-center gap-2.5 rounded-xl px-3 text-start text-sm font-semibold text-ink-soft hover:bg-sunken hover:text-ink"
      >
        <Icon name="trash" /> {t('chat.deletedSessions')}
      </button>
      {showDeleted && (
        <Suspense>
          <DeletedDialog businessId={businessId} onClose={() => setShowDeleted(false)} />
        </Suspense>
      )}
    </>
  )
}

type ShelvesProps = { businessId: string; openId: string | undefined; onOpen: (() => void) | undefined }

function Shelves({ businessId, openId, onOpen }: ShelvesProps) {
  const { t } = useTranslation()
  const pinned = useInfiniteQuery(chatSessionsQuery(businessId, 'pinned'))
  const others = useInfiniteQuery(chatSessionsQuery(businessId, 'others'))
  const hasPinned = (pinned.data?.pages[0]?.items.length ?? 0) > 0
  const hasOthers = (others.data?.pages[0]?.items.length ?? 0) > 0
  if (pinned.data && others.data && !hasPinned && !hasOthers)
    return <p className="p-3 text-sm text-ink-soft">{t('chat.sessionsEmpty')}</p>
  return (
    <>
      {hasPinned && (
        <>
          <ShelfTitle>{t('chat.pinned')}</ShelfTitle>
          <SessionList shelf="pinned" businessId={businessId} openId={openId} onOpen={onOpen} />
          {hasOthers && <ShelfTitle>{t('chat.others')}</ShelfTitle>}
        </>
      )}
      <SessionList shelf="others" businessId={businessId} openId={openId} onOpen={onOpen} />
    </>
  )
}

function ShelfTitle({ children }: { children: string }) {
  return <h2 className="px-3 pt-2 pb-1 text-sm font-semibold text-ink-soft">{children}</h2>
}
