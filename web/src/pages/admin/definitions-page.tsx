import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import {
  definitionsQuery,
  deleteDefinition,
  saveDefinition,
  type Definition,
  type DefinitionInput,
} from '../../api/admin.ts'
import type { Definitions } from '../../api/types.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { DataTable, type Column } from '../../ui/data-table.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Form, type FormValues } from '../../ui/form.tsx'
import { PagedList } from '../../ui/paged-list.tsx'
import { showToast } from '../../ui/toast-store.ts'

type Path = keyof Definitions

type DefinitionsPageProps<P extends Path> = {
  path: P
  texts: { title: string; text: string; empty: string; add: string; edit: string; deleteText: string }
  columns: Column<Definition<P>>[]
  nameOf: (definition: Definition<P>) => string
  order: (a: Definition<P>, b: Definition<P>) => number
  fields: (definition: Definition<P> | undefined) => ReactNode
  inputFrom: (values: FormValues) => DefinitionInput<P>
}

/** DefinitionsPage lists what an admin defines of one kind, and adds, changes and deletes it. */
export function DefinitionsPage<P extends Path>({
  path,
  texts,
  columns,
  nameOf,
  order,
  fields,
  inputFrom,
}: DefinitionsPageProps<P>) {
  const { t } = useTranslation()
  const list = useInfiniteQuery(definitionsQuery(path))
  const [editing, setEditing] = useState<{ definition: Definition<P> | undefined }>()
  const [deleting, setDeleting] = useState<Definition<P>>()
  const actions: Column<Definition<P>> = {
    label: t('admin.actions'),
    numeric: true,
    bare: true,
    cell: (definition) => (
      <span className="inline-flex max-md:-ms-3 md:-me-3">
        <IconButton
          icon="pencil"
          label={`${t('app.edit')}: ${nameOf(definition)}`}
          onClick={() => setEditing({ definition })}
        />
        <IconButton
          icon="trash"
          label={`${t('app.delete')}: ${nameOf(definition)}`}
          onClick={() => setDeleting(definition)}
        />
      </span>
    ),
  }
  return (
    <Card
      title={texts.title}
      text={texts.text}
      flush
      aside={
        <Button icon="plus" onClick={() => setEditing({ definition: undefined })}>
          {texts.add}
        </Button>
      }
    >
      <PagedList list={list} icon="ladder" empty={texts.empty}>
        {(rows) => (
          <DataTable
            caption={texts.title}
            columns={[...columns, actions]}
            rows={[...rows].sort(order)}
            rowKey={({ id }) => id}
          />
        )}
      </PagedList>
      {editing && (
        <EditDialog
          path={path}
          title={editing.definition ? texts.edit : texts.add}
          id={editing.definition?.id ?? null}
          inputFrom={inputFrom}
          onClose={() => setEditing(undefined)}
        >
          {fields(editing.definition)}
        </EditDialog>
      )}
      {deleting && (
        <DeleteDialog
          path={path}
          id={deleting.id}
          name={nameOf(deleting)}
          text={texts.deleteText}
          onClose={() => setDeleting(undefined)}
        />
      )}
    </Card>
  )
}

type EditDialogProps<P extends Path> = {
  path: P
  title: string
  id: string | null
  inputFrom: (values: FormValues) => DefinitionInput<P>
  onClose: () => void
  children: ReactNode
}

function EditDialog<P extends Path>({ path, title, id, inputFrom, onClose, children }: EditDialogProps<P>) {
  const { t } = useTranslation()
  const save = useMutation({
    mutationFn: (input: DefinitionInput<P>) => saveDefinition(path, id, input),
    onSuccess: () => {
      onClose()
      showToast(t('app.saved'))
    },
  })
  return (
    <Dialog title={title} onClose={onClose}>
      <Form error={save.error} onSubmit={(values) => save.mutate(inputFrom(values))}>
        {children}
        <Button type="submit" pending={save.isPending}>
          {t('app.save')}
        </Button>
      </Form>
    </Dialog>
  )
}

type DeleteDialogProps = { path: Path; id: string; name: string; text: string; onClose: () => void }

function DeleteDialog({ path, id, name, text, onClose }: DeleteDialogProps) {
  const { t } = useTranslation()
  const remove = useMutation({
    mutationFn: () => deleteDefinition(path, id),
    onSuccess: () => {
      onClose()
      showToast(t('admin.deleted'))
    },
  })
  return (
    <ConfirmDialog
      title={t('admin.deleteTitle', { name })}
      confirm={t('app.delete')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {text}
    </ConfirmDialog>
  )
}
