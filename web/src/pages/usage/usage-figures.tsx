import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { UsageSums } from '../../api/types.ts'
import { formatCost, formatNumber } from '../../i18n/format.ts'

/** UsageFigures are answers, tokens and costs beside each other. */
export function UsageFigures({ sums }: { sums: UsageSums }) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-3">
      <Figure label={t('usage.answers')}>{formatNumber(sums.runs, language)}</Figure>
      <Figure label={t('usage.tokens')}>{formatNumber(tokensOf(sums), language)}</Figure>
      {sums.costs.length > 0 && <Figure label={t('usage.cost')}>{costsText(sums, language)}</Figure>}
    </dl>
  )
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-ink-soft">{label}</dt>
      <dd className="text-xl font-bold tabular-nums">{children}</dd>
    </div>
  )
}

/** tokensOf adds what was sent and what came back. */
export const tokensOf = (sums: UsageSums) => sums.input_tokens + sums.output_tokens

/** costsText writes costs in every currency, or a dash where no price was set. */
export const costsText = ({ costs }: UsageSums, language: string) =>
  costs.map(({ currency, amount }) => formatCost(amount, currency, language)).join(' + ') || '–'
