import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { chatSearchQuery } from '../../api/chat.ts'
import type { Highlight } from '../../api/types.ts'
import { Button } from '../../ui/button.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { highlightedParts } from './highlighted.ts'

type SearchResultsProps = {
  businessId: string
  q: string
  openId: string | undefined
  onOpen: (() => void) | undefined
}

/** SearchResults is what a search finds: each conversation with a piece of the message that answers best. */
export function SearchResults({ businessId, q, openId, onOpen }: SearchResultsProps) {
  const { t } = useTranslation()
  const found = useInfiniteQuery(chatSearchQuery(businessId, q))
  const results = found.data?.pages.flatMap((page) => page.items)
  if (found.error && !results) return <FailedLoad error={found.error} retry={found.refetch} />
  const count = results?.length ?? 0
  return (
    <>
      <p
        aria-live="polite"
        className={`px-3 pb-2 text-sm text-ink-soft ${found.isPlaceholderData ? 'opacity-60' : ''}`}
      >
        {results &&
          (count === 0
            ? t('chat.searchNothing')
            : found.hasNextPage
              ? t('chat.searchMore', { count })
              : t('chat.searchFound', { count }))}
      </p>
      {!results && <Loading />}
      <ul className="grid grid-cols-1 gap-1">
        {results?.map(({ session, title_highlights, message }) => (
          <li key={session.id}>
            <Link
              to="/chat/{-$sessionId}"
              params={{ sessionId: session.id }}
              onClick={onOpen}
              aria-current={session.id === openId ? 'page' : undefined}
              className={`grid min-h-11 gap-0.5 rounded-xl px-3 py-2 text-sm ${session.id === openId ? 'bg-accent-soft' : 'hover:bg-sunken'}`}
            >
              <span className="wrap-anywhere font-semibold">
                <Marked text={session.title} highlights={title_highlights} />
              </span>
              {message && (
                <span className="line-clamp-3 wrap-anywhere text-ink-soft">
                  <Marked text={message.excerpt} highlights={message.highlights} />
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
      {found.hasNextPage && (
        <Button
          look="quiet"
          className="w-full"
          pending={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t('app.more')}
        </Button>
      )}
    </>
  )
}

function Marked({ text, highlights }: { text: string; highlights: readonly Highlight[] }) {
  return highlightedParts(text, highlights).map((part, index) =>
    part.marked ? (
      <mark key={index} className="rounded-sm bg-sun text-sun-ink">
        {part.text}
      </mark>
    ) : (
      part.text
    ),
  )
}
