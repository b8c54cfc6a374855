import { useTranslation } from 'react-i18next'
import type { BudgetInput } from '../../api/types.ts'
import { TextField } from '../../ui/form.tsx'

/** BudgetFields are the two numbers of a budget; `emptyHint` says what an empty one means. */
export function BudgetFields({ budget, emptyHint }: { budget: BudgetInput; emptyHint: string }) {
  const { t } = useTranslation()
  return (
    <>
      <TextField
        name="tokens_per_day"
        label={t('admin.tokensPerDay')}
        hint={`${t('admin.tokensPerDayHint')} ${emptyHint}`}
        type="number"
        inputMode="numeric"
        min={0}
        max={1_000_000_000_000}
        step={1}
        defaultValue={budget.tokens_per_day ?? ''}
        optional
      />
      <TextField
        name="runs_per_day"
        label={t('admin.runsPerDay')}
        hint={emptyHint}
        type="number"
        inputMode="numeric"
        min={0}
        max={1_000_000}
        step={1}
        defaultValue={budget.runs_per_day ?? ''}
        optional
      />
    </>
  )
}
