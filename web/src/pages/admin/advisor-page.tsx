import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ownerBudgetsQuery, programmeBudgetQuery, saveBudget, usageTotalsQuery } from '../../api/usage.ts'
import type { ChatUsageTotals } from '../../api/types.ts'
import { formatNumber } from '../../i18n/format.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Form } from '../../ui/form.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { PagedList } from '../../ui/paged-list.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { DayChart } from '../usage/day-chart.tsx'
import { costsText, tokensOf, UsageFigures } from '../usage/usage-figures.tsx'
import { BudgetDialog } from './budget-dialog.tsx'
import { BudgetFields } from './budget-fields.tsx'

type Owner = { id: string; name: string }

/** AdvisorPage is where an admin sees what the advisor costs, and bounds it. */
export function AdvisorPage() {
  const [editing, setEditing] = useState<Owner>()
  return (
    <>
      <ProgrammeBudget />
      <OwnBudgets onEdit={setEditing} />
      <Usage onEdit={setEditing} />
      {editing && <BudgetDialog owner={editing} onClose={() => setEditing(undefined)} />}
    </>
  )
}

function ProgrammeBudget() {
  const { t } = useTranslation()
  const budget = useQuery(programmeBudgetQuery)
  const save = useMutation({
    mutationFn: (input: Parameters<typeof saveBudget>[1]) => saveBudget(null, input),
    onSuccess: () => showToast(t('app.saved')),
  })
  if (budget.error) return <FailedLoad error={budget.error} retry={budget.refetch} />
  if (!budget.data) return <Loading />
  const messages = budget.data.messages_per_24_hours
  return (
    <Card title={t('admin.budget')} text={t('admin.budgetText', { zone: budget.data.time_zone })}>
      <Form
        key={budget.data.updated_at}
        error={save.error}
        onSubmit={(values) =>
          save.mutate({
            tokens_per_day: values.optionalNumber('tokens_per_day'),
            runs_per_day: values.optionalNumber('runs_per_day'),
          })
        }
      >
        <div className="grid items-start gap-4 md:grid-cols-2">
          <BudgetFields budget={budget.data} emptyHint={t('admin.budgetEmpty')} />
        </div>
        {messages > 0 && <p className="text-sm text-ink-soft">{t('admin.messagesLimit', { count: messages })}</p>}
        <Button type="submit" pending={save.isPending} className="justify-self-start">
          {t('app.save')}
        </Button>
      </Form>
    </Card>
  )
}

function OwnBudgets({ onEdit }: { onEdit: (owner: Owner) => void }) {
  const { t, i18n } = useTranslation()
  const list = useInfiniteQuery(ownerBudgetsQuery)
  const said = (value: number | null) =>
    value === null ? '–' : value === 0 ? t('admin.noLimit') : formatNumber(value, i18n.language)
  return (
    <Card title={t('admin.ownBudgets')} text={t('admin.ownBudgetsText')} flush>
      <PagedList list={list} empty={t('admin.noOwnBudgets')}>
        {(rows) => (
          <DataTable
            caption={t('admin.ownBudgets')}
            rows={rows}
            rowKey={(row) => row.user_id}
            columns={[
              {
                label: t('admin.owner'),
                title: true,
                cell: (row) => <NameAndEmail name={row.user_name} email={row.user_email} />,
              },
              { label: t('admin.tokensPerDay'), numeric: true, cell: (row) => said(row.tokens_per_day) },
              { label: t('admin.runsPerDay'), numeric: true, cell: (row) => said(row.runs_per_day) },
              {
                label: t('admin.actions'),
                numeric: true,
                bare: true,
                cell: (row) => <EditButton owner={{ id: row.user_id, name: row.user_name }} onEdit={onEdit} />,
              },
            ]}
          />
        )}
      </PagedList>
    </Card>
  )
}

function Usage({ onEdit }: { onEdit: (owner: Owner) => void }) {
  const { t } = useTranslation()
  const usage = useQuery(usageTotalsQuery)
  if (usage.error) return <FailedLoad error={usage.error} retry={usage.refetch} />
  if (!usage.data) return <Loading />
  if (usage.data.total.runs === 0)
    return (
      <Card title={t('usage.lastDays')}>
        <EmptyState icon="list">{t('admin.noUsage')}</EmptyState>
      </Card>
    )
  return <UsageTables usage={usage.data} onEdit={onEdit} />
}

function UsageTables({ usage, onEdit }: { usage: ChatUsageTotals; onEdit: (owner: Owner) => void }) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const countsTokens = tokensOf(usage.total) > 0
  const figures = [
    {
      label: t('usage.answers'),
      numeric: true,
      cell: (row: ChatUsageTotals['total']) => formatNumber(row.runs, language),
    },
    {
      label: t('usage.tokens'),
      numeric: true,
      cell: (row: ChatUsageTotals['total']) => formatNumber(tokensOf(row), language),
    },
    { label: t('usage.cost'), numeric: true, cell: (row: ChatUsageTotals['total']) => costsText(row, language) },
  ]
  return (
    <>
      <Card title={t('usage.lastDays')}>
        <div className="grid gap-5">
          <UsageFigures sums={usage.total} />
          <DayChart
            label={countsTokens ? t('usage.tokensByDay') : t('usage.answersByDay')}
            period={usage}
            values={usage.days.map((day) => ({ day: day.day, value: countsTokens ? tokensOf(day) : day.runs }))}
          />
          {usage.total.estimated_runs > 0 && (
            <p className="text-sm text-ink-soft">{t('usage.estimated', { count: usage.total.estimated_runs })}</p>
          )}
        </div>
      </Card>
      <Card title={t('admin.byModel')} flush>
        <DataTable
          caption={t('admin.byModel')}
          rows={usage.models}
          rowKey={(row) => row.model}
          columns={[
            {
              label: t('admin.languageModel'),
              title: true,
              cell: (row) => (row.model === 'offline' ? t('admin.offlineModel') : row.model),
            },
            ...figures,
          ]}
        />
      </Card>
      <Card title={t('admin.byOwner')} text={t('admin.byOwnerText')} flush>
        <DataTable
          caption={t('admin.byOwner')}
          rows={usage.owners}
          rowKey={(row) => row.user_id}
          columns={[
            {
              label: t('admin.owner'),
              title: true,
              cell: (row) => <NameAndEmail name={row.user_name} email={row.user_email} />,
            },
            ...figures,
            {
              label: t('admin.actions'),
              numeric: true,
              bare: true,
              cell: (row) => <EditButton owner={{ id: row.user_id, name: row.user_name }} onEdit={onEdit} />,
            },
          ]}
        />
      </Card>
    </>
  )
}

function NameAndEmail({ name, email }: { name: string; email: string }) {
  return (
    <span className="grid">
      <span>{name}</span>
      <span className="text-sm font-normal wrap-anywhere text-ink-soft">{email}</span>
    </span>
  )
}

function EditButton({ owner, onEdit }: { owner: Owner; onEdit: (owner: Owner) => void }) {
  const { t } = useTranslation()
  return (
    <Button
      look="quiet"
      className="px-3! text-sm max-md:-ms-3"
      aria-label={t('admin.budgetOf', { name: owner.name })}
      onClick={() => onEdit(owner)}
    >
      {t('admin.budgetButton')}
    </Button>
  )
}
