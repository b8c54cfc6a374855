import { useTranslation } from 'react-i18next'
import { formatDate, formatNumber } from '../../i18n/format.ts'
import { type ChartDay, chartDays } from './chart-days.ts'

type DayChartProps = { label: string; period: { from: string; to: string }; values: readonly ChartDay[] }

/** DayChart is a bar for every day of a period; its label says what is counted. */
export function DayChart({ label, period, values }: DayChartProps) {
  const { t, i18n } = useTranslation()
  const days = chartDays(period, values)
  const most = Math.max(1, ...days.map(({ value }) => value))
  const shown = (day: string) => formatDate(day, i18n.language, 'UTC')
  const said = (value: number) => formatNumber(value, i18n.language)
  return (
    <figure className="grid gap-1.5">
      <figcaption className="flex flex-wrap justify-between gap-x-4 text-sm text-ink-soft">
        <span>{label}</span>
        <span className="tabular-nums">{t('usage.mostInADay', { number: said(most) })}</span>
      </figcaption>
      <ol className="flex h-28 items-end gap-px border-b border-line-strong sm:gap-0.5">
        {days.map(({ day, value }) => (
          <li
            key={day}
            title={`${shown(day)}: ${said(value)}`}
            className="min-h-px flex-1 rounded-t-sm bg-accent"
            style={{ height: `${Math.max(value > 0 ? 3 : 0, (value / most) * 100)}%` }}
          >
            <span className="sr-only">
              {shown(day)}: {said(value)}
            </span>
          </li>
        ))}
      </ol>
      <p aria-hidden="true" className="flex justify-between text-sm text-ink-soft">
        <span>{shown(period.from)}</span>
        <span>{shown(period.to)}</span>
      </p>
    </figure>
  )
}
