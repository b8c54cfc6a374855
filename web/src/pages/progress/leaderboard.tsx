import type { UseQueryResult } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { LeaderboardEntry } from '../../api/types.ts'
import { formatNumber } from '../../i18n/format.ts'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { boardRows } from './board-rows.ts'

/** Leaderboard lists the top businesses, and the person's own wherever it stands. */
export function Leaderboard({ board }: { board: UseQueryResult<LeaderboardEntry[]> }) {
  const { t } = useTranslation()
  const { data, error, refetch } = board
  return (
    <Card title={t('progress.leaderboard')} flush>
      {error && !data ? (
        <FailedLoad error={error} retry={refetch} />
      ) : !data ? (
        <Loading />
      ) : data.length === 0 ? (
        <EmptyState icon="trophy">{t('progress.leaderboardEmpty')}</EmptyState>
      ) : (
        <ol className="divide-y divide-line" data-testid="leaderboard">
          {boardRows(data).map((row) =>
            row.kind === 'gap' ? (
              <li key="gap" className="py-1 text-center text-ink-soft">
                <span aria-hidden="true">⋯</span>
                <span className="sr-only">{t('progress.gap')}</span>
              </li>
            ) : (
              <BoardEntry key={row.entry.business_id} entry={row.entry} />
            ),
          )}
        </ol>
      )}
    </Card>
  )
}

function BoardEntry({ entry }: { entry: LeaderboardEntry }) {
  const { t, i18n } = useTranslation()
  const mine = entry.is_current_user
  return (
    <li
      aria-current={mine ? 'true' : undefined}
      className={`flex items-center gap-3 px-4 py-2.5 sm:px-6 ${mine ? 'bg-accent-soft' : ''}`}
    >
      <span
        className={`inline-flex h-9 min-w-9 shrink-0 items-center justify-center rounded-full px-1.5 font-bold tabular-nums ${entry.rank <= 3 ? 'bg-sun text-sun-ink' : 'bg-sunken text-ink-soft'}`}
      >
        <span className="sr-only">{t('progress.rank')} </span>
        {formatNumber(entry.rank, i18n.language)}
      </span>
      <div className="min-w-0 grow">
        <p className="flex min-w-0 items-center gap-2 font-semibold">
          <span className="line-clamp-2 wrap-anywhere">{entry.business_name}</span>
          {mine && (
            <span className="shrink-0 rounded-full bg-accent px-2 py-0.5 text-xs text-accent-ink">
              {t('progress.you')}
            </span>
          )}
        </p>
        <p className="line-clamp-2 text-sm wrap-anywhere text-ink-soft">
          {[entry.user_name, entry.level_name].filter(Boolean).join(' · ')}
        </p>
      </div>
      <p className="shrink-0 text-end leading-tight">
        <span className="block font-bold tabular-nums">{formatNumber(entry.total_points, i18n.language)}</span>
        <span className="text-sm text-ink-soft">
          <span aria-hidden="true">★ </span>
          <span className="sr-only">{t('progress.achievementsShort')}: </span>
          {formatNumber(entry.achievements_count, i18n.language)}
        </span>
      </p>
    </li>
  )
}
