import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ownerBudgetQuery, removeBudget, saveBudget } from '../../api/usage.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form } from '../../ui/form.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { BudgetFields } from './budget-fields.tsx'

/** BudgetDialog gives one owner a budget of their own, or takes it away. */
export function BudgetDialog({ owner, onClose }: { owner: { id: string; name: string }; onClose: () => void }) {
  const { t } = useTranslation()
  const budget = useQuery(ownerBudgetQuery(owner.id))
  const onSuccess = () => {
    onClose()
    showToast(t('app.saved'))
  }
  const save = useMutation({
    mutationFn: (input: Parameters<typeof saveBudget>[1]) => saveBudget(owner.id, input),
    onSuccess,
  })
  const remove = useMutation({ mutationFn: () => removeBudget(owner.id), onSuccess })
  return (
    <Dialog title={t('admin.budgetOf', { name: owner.name })} onClose={onClose}>
      {budget.error ? (
        <FailedLoad error={budget.error} retry={budget.refetch} />
      ) : !budget.data ? (
        <Loading />
      ) : (
        <Form
          error={save.error ?? remove.error}
          onSubmit={(values) =>
            save.mutate({
              tokens_per_day: values.optionalNumber('tokens_per_day'),
              runs_per_day: values.optionalNumber('runs_per_day'),
            })
          }
        >
          <BudgetFields budget={budget.data} emptyHint={t('admin.budgetAsProgramme')} />
          <div className="flex flex-wrap justify-end gap-2">
            {budget.data.updated_at !== null && (
              <Button look="danger" className="me-auto" pending={remove.isPending} onClick={() => remove.mutate()}>
                {t('admin.removeBudget')}
              </Button>
            )}
            <Button look="secondary" onClick={onClose}>
              {t('app.cancel')}
            </Button>
            <Button type="submit" pending={save.isPending}>
              {t('app.save')}
            </Button>
          </div>
        </Form>
      )}
    </Dialog>
  )
}
