import { useMutation, useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createActionKeys } from '../../api/action-key.ts'
import { openRulesQuery, recordActivity, type ActivityInput } from '../../api/gamification.ts'
import type { Business, OpenRule, Receipt } from '../../api/types.ts'
import { formatChange, formatList } from '../../i18n/format.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ChoiceField, Form, TextField } from '../../ui/form.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { activityName } from './activity-name.ts'

/** RecordActivity is the window in which an owner tells what they did. */
export function RecordActivity({ business, onClose }: { business: Business; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const { data: rules, error, refetch } = useQuery(openRulesQuery)
  const [keys] = useState(() => createActionKeys())
  const record = useMutation({
    mutationFn: (activity: ActivityInput) => recordActivity(activity, keys.keyFor(activity)),
    onSuccess: (receipt) => {
      keys.done()
      onClose()
      celebrate(receipt, t, i18n.language)
    },
  })
  return (
    <Dialog title={t('progress.record')} onClose={onClose}>
      {error && !rules ? (
        <FailedLoad error={error} retry={refetch} />
      ) : !rules ? (
        <Loading />
      ) : rules.length === 0 ? (
        <EmptyState icon="list">{t('progress.recordEmpty')}</EmptyState>
      ) : (
        <Form
          error={record.error}
          onSubmit={(values) => {
            const note = values.optional('note')
            record.mutate({ type: values.text('type'), business_id: business.id, ...(note && { metadata: { note } }) })
          }}
        >
          <p className="text-ink-soft">{t('progress.recordText')}</p>
          <fieldset className="grid gap-2">
            <legend className="mb-2 font-semibold">{t('progress.recordWhat')}</legend>
            {rules.map((rule) => (
              <ChoiceField
                key={rule.type}
                name="type"
                value={rule.type}
                required
                label={activityName(rule.type, t)}
                text={terms(rule, t)}
                aside={formatChange(rule.points, i18n.language)}
              />
            ))}
          </fieldset>
          <TextField name="note" label={t('progress.recordNote')} maxLength={500} optional autoComplete="off" />
          <div className="sticky bottom-0 grid bg-surface py-3">
            <Button type="submit" pending={record.isPending}>
              {t('progress.recordButton')}
            </Button>
          </div>
        </Form>
      )}
    </Dialog>
  )
}

function terms(rule: OpenRule, t: TFunction): string {
  const pauseSeconds = rule.cooldown_seconds ?? 0
  const time =
    pauseSeconds >= 3600
      ? t('progress.hours', { count: Math.round(pauseSeconds / 3600) })
      : t('progress.minutes', { count: Math.ceil(pauseSeconds / 60) })
  return [
    rule.daily_cap !== null && t('progress.dailyCap', { count: rule.daily_cap }),
    pauseSeconds > 0 && t('progress.cooldown', { time }),
  ]
    .filter(Boolean)
    .join(' · ')
}

function celebrate(receipt: Receipt, t: TFunction, language: string): void {
  const bounded =
    receipt.reason === 'daily_cap'
      ? [t('progress.reasonCap')]
      : receipt.reason === 'cooldown'
        ? [t('progress.reasonCooldown')]
        : []
  if (receipt.points_awarded === 0) {
    showToast(t('progress.earnedNothing'), { lines: bounded })
    return
  }
  const { levels_gained: levels, unlocked } = receipt
  showToast(t('progress.earned', { count: receipt.points_awarded }), {
    festive: true,
    lines: [
      ...(levels.length > 0 ? [t('progress.levelUp', { levels: formatList(levels, language) })] : []),
      ...(unlocked.length > 0 ? [t('progress.unlocked', { titles: formatList(unlocked, language) })] : []),
      ...bounded,
    ],
  })
}
