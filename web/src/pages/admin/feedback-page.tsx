import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { feedbackQuery } from '../../api/admin.ts'
import type { AdminFeedback } from '../../api/types.ts'
import { formatMoment } from '../../i18n/format.ts'
import { Card } from '../../ui/card.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PagedList } from '../../ui/paged-list.tsx'

type Shown = AdminFeedback['rating'] | ''

/** FeedbackPage shows what owners said of the advisor's answers. */
export function FeedbackPage() {
  const { t, i18n } = useTranslation()
  const [shown, setShown] = useState<Shown>('')
  const list = useInfiniteQuery(feedbackQuery(shown))
  const filters: { value: Shown; label: string }[] = [
    { value: '', label: t('admin.feedbackAll') },
    { value: 'up', label: t('admin.feedbackUp') },
    { value: 'down', label: t('admin.feedbackDown') },
  ]
  return (
    <Card
      title={t('admin.feedback')}
      text={t('admin.feedbackText')}
      flush
      aside={
        <div role="group" aria-label={t('admin.feedbackShown')} className="flex gap-1">
          {filters.map(({ value, label }) => (
            <button
              key={value}
              type="button"
              aria-pressed={shown === value}
              onClick={() => setShown(value)}
              className={`min-h-11 rounded-xl px-3 font-semibold whitespace-nowrap sm:px-4 ${shown === value ? 'bg-accent-soft text-accent-strong' : 'text-ink-soft hover:bg-sunken hover:text-ink'}`}
            >
              {label}
            </button>
          ))}
        </div>
      }
    >
      <PagedList list={list} icon="chat" empty={t('admin.feedbackEmpty')}>
        {(rows) => (
          <DataTable
            caption={t('admin.feedback')}
            rows={rows}
            rowKey={({ id }) => id}
            columns={[
              { label: t('admin.rating'), title: true, cell: ({ rating }) => <Rating rating={rating} /> },
              {
                label: t('admin.note'),
                bare: true,
                cell: ({ note }) =>
                  note === null ? (
                    <span className="text-ink-soft">{t('admin.none')}</span>
                  ) : (
                    <span className="block w-full text-start wrap-anywhere whitespace-pre-wrap">{note}</span>
                  ),
              },
              { label: t('admin.model'), cell: ({ model }) => <span className="wrap-anywhere">{model}</span> },
              { label: t('admin.given'), cell: (row) => formatMoment(row.updated_at, i18n.language) },
            ]}
          />
        )}
      </PagedList>
    </Card>
  )
}

function Rating({ rating }: { rating: AdminFeedback['rating'] }) {
  const { t } = useTranslation()
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <Icon
        name={rating === 'up' ? 'thumbUp' : 'thumbDown'}
        className={`size-5 ${rating === 'up' ? 'text-accent' : 'text-danger'}`}
      />
      {rating === 'up' ? t('admin.feedbackUp') : t('admin.feedbackDown')}
    </span>
  )
}
