import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ledgerQuery } from '../../api/gamification.ts'
import type { Business } from '../../api/types.ts'
import { formatChange, formatMoment } from '../../i18n/format.ts'
import { Card } from '../../ui/card.tsx'
import { PagedList } from '../../ui/paged-list.tsx'
import { activityName } from './activity-name.ts'

/** RecentPoints lists what brought points, newest first. */
export function RecentPoints({ business }: { business: Business }) {
  const { t, i18n } = useTranslation()
  const list = useInfiniteQuery(ledgerQuery(business.id))
  return (
    <Card title={t('progress.recent')} flush>
      <PagedList list={list} empty={t('progress.recentEmpty')}>
        {(entries) => (
          <ul className="divide-y divide-line" data-testid="recent-points">
            {entries.map((entry) => (
              <li key={entry.id} className="flex items-center gap-3 px-4 py-2.5 sm:px-6">
                <div className="min-w-0 grow">
                  <p className="font-semibold wrap-anywhere">{activityName(entry.type, t)}</p>
                  <p className="text-sm wrap-anywhere text-ink-soft">
                    <time dateTime={entry.occurred_at}>
                      {formatMoment(entry.occurred_at, i18n.language, business.time_zone)}
                    </time>
                    {entry.reason && ` · ${entry.reason === 'daily_cap' ? t('progress.capped') : entry.reason}`}
                  </p>
                </div>
                <p className="shrink-0 text-end leading-tight">
                  <span className={`block font-bold tabular-nums ${entry.points < 0 ? 'text-danger' : 'text-accent'}`}>
                    {formatChange(entry.points, i18n.language)}
                  </span>
                  <span className="text-sm text-ink-soft">{t('progress.total', { count: entry.total_after })}</span>
                </p>
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </Card>
  )
}
