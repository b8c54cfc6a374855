import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { usageQuery } from '../../api/usage.ts'
import type { ChatUsage } from '../../api/types.ts'
import { formatMoment, formatNumber } from '../../i18n/format.ts'
import { Card } from '../../ui/card.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { ProgressBar } from '../../ui/progress-bar.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { DayChart } from '../usage/day-chart.tsx'
import { tokensOf, UsageFigures } from '../usage/usage-figures.tsx'

/** UsageCard shows owners what they have used of the advisor, and what is left of today. */
export function UsageCard() {
  const { t } = useTranslation()
  const usage = useQuery(usageQuery)
  return (
    <Card title={t('usage.title')} text={t('usage.text')}>
      {usage.data ? (
        <Usage usage={usage.data} />
      ) : usage.error ? (
        <FailedLoad error={usage.error} retry={usage.refetch} />
      ) : (
        <Loading />
      )}
    </Card>
  )
}

function Usage({ usage }: { usage: ChatUsage }) {
  const { t, i18n } = useTranslation()
  const { today, total, days } = usage
  const countsTokens = tokensOf(total) > 0
  return (
    <div className="grid gap-5">
      <div className="grid gap-4">
        <Share
          label={today.runs.counted_over === 'day' ? t('usage.answersToday') : t('usage.answersIn24Hours')}
          used={today.runs.used}
          limit={today.runs.limit}
        />
        {(countsTokens || today.tokens.limit !== null) && (
          <Share
            label={t('usage.tokensToday')}
            used={today.tokens.used + today.tokens.reserved}
            limit={today.tokens.limit}
          />
        )}
        {(today.tokens.limit !== null || today.runs.counted_over === 'day') && (
          <p className="text-sm text-ink-soft">
            {t('usage.newDay', { time: formatMoment(today.ends_at, i18n.language) })}
          </p>
        )}
      </div>
      {total.runs > 0 && (
        <div className="grid gap-4 border-t border-line pt-5">
          <h3 className="font-semibold">{t('usage.lastDays')}</h3>
          <UsageFigures sums={total} />
          <DayChart
            label={countsTokens ? t('usage.tokensByDay') : t('usage.answersByDay')}
            period={usage}
            values={days.map((day) => ({ day: day.day, value: countsTokens ? tokensOf(day) : day.runs }))}
          />
        </div>
      )}
    </div>
  )
}

function Share({ label, used, limit }: { label: string; used: number; limit: number | null }) {
  const { t, i18n } = useTranslation()
  const said = (value: number) => formatNumber(value, i18n.language)
  return (
    <div className="grid gap-1.5">
      <p className="flex flex-wrap justify-between gap-x-4">
        <span className="font-semibold">{label}</span>
        <span className="text-ink-soft tabular-nums">
          {limit === null ? said(used) : t('usage.usedOf', { used: said(used), limit: said(limit) })}
        </span>
      </p>
      {limit !== null && <ProgressBar value={limit === 0 ? 1 : used / limit} label={label} />}
    </div>
  )
}
