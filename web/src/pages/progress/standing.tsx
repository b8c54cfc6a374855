import { useTranslation } from 'react-i18next'
import type { Business, LeaderboardEntry, Level } from '../../api/types.ts'
import { formatNumber } from '../../i18n/format.ts'
import { ProgressBar } from '../../ui/progress-bar.tsx'
import { Ladder } from './ladder.tsx'
import { ladderView } from './ladder-view.ts'

type StandingProps = { business: Business; levels: readonly Level[]; own: LeaderboardEntry | undefined }

/** Standing shows where a business is: its points, its level with the way to the next, its rank, and the ladder. */
export function Standing({ business, levels, own }: StandingProps) {
  const { t, i18n } = useTranslation()
  const view = ladderView(levels, business.total_points)
  const toNext = view.next
    ? t('progress.toNext', { count: view.next.required_points - business.total_points, level: view.next.name })
    : t('progress.topLevel')
  return (
    <section className="grid grid-cols-1 gap-8 rounded-2xl border border-line bg-surface p-5 sm:p-7 lg:grid-cols-[1fr_20rem]">
      <div className="flex flex-col justify-center gap-8">
        <dl className="flex flex-wrap items-end gap-x-10 gap-y-4">
          <div>
            <dt className="text-sm text-ink-soft">{t('progress.points')}</dt>
            <dd className="text-5xl font-bold tracking-tight tabular-nums" data-testid="total-points">
              {formatNumber(business.total_points, i18n.language)}
            </dd>
          </div>
          <div>
            <dt className="text-sm text-ink-soft">{t('progress.level')}</dt>
            <dd className="text-2xl font-bold" data-testid="level">
              {business.level_icon && <span aria-hidden="true">{business.level_icon} </span>}
              {business.level_name ?? t('progress.noLevel')}
            </dd>
          </div>
          <div>
            <dt className="text-sm text-ink-soft">{t('progress.rank')}</dt>
            <dd className="text-2xl font-bold tabular-nums" data-testid="rank">
              {own
                ? t('progress.rankValue', { rank: own.rank })
                : business.board_visibility === 'hidden'
                  ? t('progress.noRank')
                  : '–'}
            </dd>
          </div>
        </dl>
        {levels.length > 0 && (
          <div className="grid gap-2">
            <p className="font-semibold">{toNext}</p>
            <ProgressBar value={view.progress} label={t('progress.nextLevel')} className="h-3" />
          </div>
        )}
      </div>
      <Ladder view={view} />
    </section>
  )
}
