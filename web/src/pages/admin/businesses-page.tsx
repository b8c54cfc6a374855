import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createActionKeys } from '../../api/action-key.ts'
import { adjustPoints, allBusinessesQuery, setVisibility, type AdjustmentInput } from '../../api/admin.ts'
import type { BoardVisibility, OwnedBusiness } from '../../api/types.ts'
import { formatNumber } from '../../i18n/format.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import { showToast } from '../../ui/toast-store.ts'
import { SearchedList } from './searched-list.tsx'

/** BusinessesPage lists all businesses, sets how each appears on the leaderboard, and adjusts points. */
export function BusinessesPage() {
  const { t, i18n } = useTranslation()
  const [adjusting, setAdjusting] = useState<OwnedBusiness>()
  return (
    <>
      <SearchedList
        title={t('admin.businesses')}
        searchLabel={t('admin.searchBusinesses')}
        query={allBusinessesQuery}
        rowKey={({ id }) => id}
        columns={[
          {
            label: t('admin.name'),
            title: true,
            cell: (business) => (
              <span className="grid">
                <span>{business.business_name}</span>
                <span className="text-sm font-normal text-ink-soft">{business.business_category}</span>
              </span>
            ),
          },
          { label: t('admin.owner'), cell: (business) => business.owner?.name ?? '–' },
          { label: t('admin.level'), cell: (business) => business.level_name ?? '–' },
          {
            label: t('admin.points'),
            numeric: true,
            cell: (business) => formatNumber(business.total_points, i18n.language),
          },
          { label: t('admin.visibility'), cell: (business) => <VisibilitySelect business={business} /> },
          {
            label: t('admin.actions'),
            numeric: true,
            bare: true,
            cell: (business) => (
              <Button
                look="quiet"
                className="px-3! text-sm max-md:-ms-3"
                aria-label={`${t('admin.adjust')}: ${business.business_name}`}
                onClick={() => setAdjusting(business)}
              >
                {t('admin.adjust')}
              </Button>
            ),
          },
        ]}
      />
      {adjusting && <AdjustDialog business={adjusting} onClose={() => setAdjusting(undefined)} />}
    </>
  )
}

const visibilities: readonly BoardVisibility[] = ['shown', 'alias', 'hidden']

function VisibilitySelect({ business }: { business: OwnedBusiness }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const change = useMutation({
    mutationFn: (visibility: BoardVisibility) => setVisibility(business.id, visibility),
    onSuccess: () => showToast(t('app.saved')),
    onError: (error) => showToast(problemText(error)),
  })
  return (
    <select
      aria-label={t('admin.visibilityOf', { name: business.business_name })}
      value={change.isPending ? change.variables : business.board_visibility}
      disabled={change.isPending}
      onChange={(event) => {
        const visibility = visibilities.find((known) => known === event.target.value)
        if (visibility) change.mutate(visibility)
      }}
      className="min-h-11 rounded-xl border border-line bg-surface px-2 text-sm"
    >
      {visibilities.map((visibility) => (
        <option key={visibility} value={visibility}>
          {t(`admin.${visibility}`)}
        </option>
      ))}
    </select>
  )
}

function AdjustDialog({ business, onClose }: { business: OwnedBusiness; onClose: () => void }) {
  const { t } = useTranslation()
  const [keys] = useState(() => createActionKeys())
  const adjust = useMutation({
    mutationFn: (adjustment: AdjustmentInput) => adjustPoints(adjustment, keys.keyFor(adjustment)),
    onSuccess: (receipt) => {
      keys.done()
      onClose()
      showToast(t('admin.adjusted', { name: business.business_name, points: receipt.total_points }))
    },
  })
  return (
    <Dialog title={t('admin.adjustTitle', { name: business.business_name })} onClose={onClose}>
      <Form
        error={adjust.error}
        onSubmit={(values) =>
          adjust.mutate({ business_id: business.id, points: values.number('points'), reason: values.text('reason') })
        }
      >
        <p className="text-ink-soft">{t('admin.adjustText', { points: business.total_points })}</p>
        <TextField
          name="points"
          label={t('admin.adjustPoints')}
          type="number"
          step={1}
          min={-1_000_000_000}
          max={1_000_000_000}
          required
        />
        <TextField name="reason" label={t('admin.adjustReason')} required maxLength={5000} />
        <Button type="submit" pending={adjust.isPending}>
          {t('admin.adjust')}
        </Button>
      </Form>
    </Dialog>
  )
}
