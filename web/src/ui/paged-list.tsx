import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ComponentProps, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from './button.tsx'
import { EmptyState } from './empty-state.tsx'
import { FailedLoad } from './notice.tsx'
import { Loading } from './spinner.tsx'

type PagedListProps<T> = {
  list: UseInfiniteQueryResult<InfiniteData<{ items: readonly T[] }>>
  /** What is said of a list without entries. */
  empty: string
  icon?: ComponentProps<typeof EmptyState>['icon']
  children: (items: readonly T[]) => ReactNode
}

/** PagedList shows the entries read so far with a way to read more; or that they are on their way, failed, or that there are none. */
export function PagedList<T>({ list, empty, icon = 'list', children }: PagedListProps<T>) {
  const { t } = useTranslation()
  const items = list.data?.pages.flatMap((page) => page.items)
  if (!items) return list.error ? <FailedLoad error={list.error} retry={list.refetch} /> : <Loading />
  if (items.length === 0) return <EmptyState icon={icon}>{empty}</EmptyState>
  return (
    <>
      {children(items)}
      {list.hasNextPage && (
        <p className="px-4 pt-2 text-center">
          <Button look="quiet" pending={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('app.more')}
          </Button>
        </p>
      )}
    </>
  )
}
