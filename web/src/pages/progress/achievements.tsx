import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { achievementsQuery } from '../../api/gamification.ts'
import type { Achievement, Business } from '../../api/types.ts'
import { formatDate } from '../../i18n/format.ts'
import { BadgeIcon } from '../../ui/badge-icon.tsx'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Icon } from '../../ui/icon.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { ProgressBar } from '../../ui/progress-bar.tsx'
import { Loading } from '../../ui/spinner.tsx'

/** Achievements shows every achievement: unlocked ones with their day, locked ones with how far they are; the nearest first. */
export function Achievements({ business }: { business: Business }) {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery(achievementsQuery(business.id))
  const unlocked = data?.filter((achievement) => achievement.is_unlocked).length ?? 0
  return (
    <Card
      title={t('progress.achievements')}
      aside={
        data &&
        data.length > 0 && (
          <p className="text-sm text-ink-soft">{t('progress.achievementsCount', { unlocked, all: data.length })}</p>
        )
      }
    >
      {error && !data ? (
        <FailedLoad error={error} retry={refetch} />
      ) : !data ? (
        <Loading />
      ) : data.length === 0 ? (
        <EmptyState icon="trophy">{t('progress.achievementsEmpty')}</EmptyState>
      ) : (
        <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
          {[...data]
            .sort((a, b) => a.required_points - b.required_points)
            .map((achievement) => (
              <AchievementTile key={achievement.id} achievement={achievement} timeZone={business.time_zone} />
            ))}
        </ul>
      )}
    </Card>
  )
}

function AchievementTile({ achievement, timeZone }: { achievement: Achievement; timeZone: string }) {
  const { t, i18n } = useTranslation()
  const { is_unlocked, unlocked_at } = achievement
  return (
    <li
      className={`flex items-start gap-3 rounded-xl border p-3 ${is_unlocked ? 'border-line bg-accent-soft' : 'border-line'}`}
    >
      <BadgeIcon icon={achievement.badge_icon} dimmed={!is_unlocked} />
      <div className="grid min-w-0 grow gap-1">
        <h3 className="flex items-start justify-between gap-2 font-bold">
          {achievement.title}
          {!is_unlocked && <Icon name="lock" className="mt-0.5 size-4 text-ink-soft" />}
        </h3>
        <p className="text-sm wrap-anywhere text-ink-soft">{achievement.description}</p>
        {is_unlocked ? (
          <p className="text-sm font-semibold text-accent-strong">
            {unlocked_at && t('progress.unlockedOn', { date: formatDate(unlocked_at, i18n.language, timeZone) })}
          </p>
        ) : (
          <div className="mt-1 grid gap-1">
            <p className="flex justify-between gap-2 text-sm text-ink-soft">
              <span>{t('progress.locked')}</span>
              <span>{t('progress.pointsCount', { count: achievement.required_points })}</span>
            </p>
            <ProgressBar value={achievement.progress} label={achievement.title} />
          </div>
        )}
      </div>
    </li>
  )
}
