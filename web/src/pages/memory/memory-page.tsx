import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addFact, changeFact, deleteFact, factsQuery } from '../../api/memory.ts'
import type { Fact, FactInput } from '../../api/types.ts'
import { useBusiness } from '../../app/active-business.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { formatDate } from '../../i18n/format.ts'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { AreaField, ChoiceField, Form } from '../../ui/form.tsx'
import { PagedList } from '../../ui/paged-list.tsx'
import { showToast } from '../../ui/toast-store.ts'

const kinds = ['business', 'owner'] as const

/** MemoryPage is what the advisor remembers for the business, where the owner adds, changes and deletes it. */
export function MemoryPage() {
  const { t, i18n } = useTranslation()
  const business = useBusiness()
  const list = useInfiniteQuery(factsQuery(business.id))
  const [editing, setEditing] = useState<{ fact: Fact | undefined }>()
  const [deleting, setDeleting] = useState<Fact>()
  return (
    <div className="mx-auto grid w-full max-w-3xl grid-cols-1 gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <PageHeading title={t('memory.title')} />
        <Link
          to="/chat/{-$sessionId}"
          params={{ sessionId: undefined }}
          className={`${buttonClass('secondary')} max-md:hidden`}
        >
          {t('memory.toAdvisor')}
        </Link>
      </div>
      <p className="max-w-prose text-ink-soft">{t('memory.text')}</p>
      <Card
        title={business.business_name}
        flush
        aside={
          <Button icon="plus" onClick={() => setEditing({ fact: undefined })}>
            {t('memory.add')}
          </Button>
        }
      >
        <PagedList list={list} empty={t('memory.empty')}>
          {(facts) => (
            <ul className="divide-y divide-line" data-testid="facts">
              {facts.map((fact) => (
                <li key={fact.id} className="flex items-start gap-2 py-2.5 ps-4 pe-1 sm:ps-6 sm:pe-3">
                  <div className="min-w-0 grow py-1.5">
                    <p className="wrap-anywhere">{fact.content}</p>
                    <p className="mt-0.5 text-sm text-ink-soft">
                      {t(`memory.${fact.kind}`)} · {t(`memory.${fact.source === 'owner' ? 'byOwner' : 'byAdvisor'}`)} ·{' '}
                      <time dateTime={fact.updated_at}>
                        {formatDate(fact.updated_at, i18n.language, business.time_zone)}
                      </time>
                    </p>
                  </div>
                  <span className="flex shrink-0">
                    <IconButton
                      icon="pencil"
                      label={`${t('app.edit')}: ${fact.content}`}
                      onClick={() => setEditing({ fact })}
                    />
                    <IconButton
                      icon="trash"
                      label={`${t('app.delete')}: ${fact.content}`}
                      onClick={() => setDeleting(fact)}
                    />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </PagedList>
      </Card>
      {editing && <FactDialog businessId={business.id} fact={editing.fact} onClose={() => setEditing(undefined)} />}
      {deleting && <DeleteDialog fact={deleting} onClose={() => setDeleting(undefined)} />}
    </div>
  )
}

type FactDialogProps = { businessId: string; fact: Fact | undefined; onClose: () => void }

function FactDialog({ businessId, fact, onClose }: FactDialogProps) {
  const { t } = useTranslation()
  const save = useMutation({
    mutationFn: (input: FactInput) => (fact ? changeFact(fact, input) : addFact(businessId, input)),
    onSuccess: () => {
      onClose()
      showToast(t('app.saved'))
    },
  })
  return (
    <Dialog title={fact ? t('memory.edit') : t('memory.add')} onClose={onClose}>
      <Form
        error={save.error}
        onSubmit={(values) =>
          save.mutate({ content: values.text('content'), kind: values.text('kind') === 'owner' ? 'owner' : 'business' })
        }
      >
        <AreaField
          name="content"
          label={t('memory.content')}
          hint={t('memory.contentHint')}
          defaultValue={fact?.content}
          required
          maxLength={500}
        />
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 font-semibold">{t('memory.about')}</legend>
          {kinds.map((kind) => (
            <ChoiceField
              key={kind}
              name="kind"
              value={kind}
              label={t(`memory.${kind}`)}
              defaultChecked={kind === (fact?.kind ?? 'business')}
            />
          ))}
        </fieldset>
        <Button type="submit" pending={save.isPending}>
          {t('app.save')}
        </Button>
      </Form>
    </Dialog>
  )
}

function DeleteDialog({ fact, onClose }: { fact: Fact; onClose: () => void }) {
  const { t } = useTranslation()
  const remove = useMutation({
    mutationFn: () => deleteFact(fact),
    onSuccess: () => {
      onClose()
      showToast(t('memory.deleted'))
    },
  })
  return (
    <ConfirmDialog
      title={t('memory.deleteTitle')}
      confirm={t('app.delete')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {t('memory.deleteText', { content: fact.content })}
    </ConfirmDialog>
  )
}
