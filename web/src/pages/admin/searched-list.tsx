import { useInfiniteQuery } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PagesQuery } from '../../api/admin.ts'
import { Card } from '../../ui/card.tsx'
import { DataTable, type Column } from '../../ui/data-table.tsx'
import { PagedList } from '../../ui/paged-list.tsx'

type SearchedListProps<T> = {
  title: string
  searchLabel: string
  query: (q: string) => PagesQuery<T>
  columns: Column<T>[]
  rowKey: (row: T) => string
}

const typingPauseMs = 250

/** SearchedList is a long list that is searched on the server while the person types. */
export function SearchedList<T>({ title, searchLabel, query, columns, rowKey }: SearchedListProps<T>) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), typingPauseMs)
    return () => clearTimeout(timer)
  }, [typed])
  const list = useInfiniteQuery(query(useDeferredValue(q)))
  return (
    <Card title={title} flush>
      <div className="px-4 pb-3 sm:px-6">
        <input
          type="search"
          aria-label={searchLabel}
          placeholder={searchLabel}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="min-h-11 w-full max-w-md rounded-xl border border-line-strong bg-surface px-3 text-base placeholder:text-ink-soft"
        />
      </div>
      <PagedList list={list} empty={t('admin.nothingFound')}>
        {(rows) => <DataTable caption={title} columns={columns} rows={rows} rowKey={rowKey} />}
      </PagedList>
    </Card>
  )
}
