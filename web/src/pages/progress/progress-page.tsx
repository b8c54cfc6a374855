import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { levelsQuery } from '../../api/business.ts'
import { leaderboardQuery } from '../../api/gamification.ts'
import { useBusiness } from '../../app/active-business.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { Button } from '../../ui/button.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { Achievements } from './achievements.tsx'
import { Leaderboard } from './leaderboard.tsx'
import { RecentPoints } from './recent-points.tsx'
import { RecordActivity } from './record-activity.tsx'
import { Standing } from './standing.tsx'

/** ProgressPage is home: where the business stands, what it has earned, and how it compares. */
export function ProgressPage() {
  const { t } = useTranslation()
  const business = useBusiness()
  const levels = useQuery(levelsQuery)
  const board = useQuery(leaderboardQuery(business.id))
  const [recording, setRecording] = useState(false)
  const own = board.data?.find((entry) => entry.business_id === business.id)
  return (
    <div className="grid grid-cols-1 gap-5 sm:gap-6">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <PageHeading title={t('progress.title', { name: business.business_name })} />
        <Button icon="plus" onClick={() => setRecording(true)} className="max-sm:w-full">
          {t('progress.record')}
        </Button>
      </div>
      {levels.data ? (
        <Standing business={business} levels={levels.data} own={own} />
      ) : levels.error ? (
        <FailedLoad error={levels.error} retry={levels.refetch} />
      ) : (
        <Loading />
      )}
      <Achievements business={business} />
      <div className="grid grid-cols-1 items-start gap-5 sm:gap-6 lg:grid-cols-2">
        <Leaderboard board={board} />
        <RecentPoints business={business} />
      </div>
      {recording && <RecordActivity business={business} onClose={() => setRecording(false)} />}
    </div>
  )
}
