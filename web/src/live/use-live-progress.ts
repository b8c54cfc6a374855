import type { TFunction } from 'i18next'
import { useEffect, useEffectEvent, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { liveFeed, ownEvents, pointsChanged } from '../api/gamification.ts'
import type { Business } from '../api/types.ts'
import { formatChange, formatList } from '../i18n/format.ts'
import { activityName } from '../pages/progress/activity-name.ts'
import { showToast } from '../ui/toast-store.ts'
import { followFeed, type FeedEvent } from './follow-feed.ts'
import { newsOf, type LiveNews } from './live-news.ts'

// Events of one award, and awards of one moment, make one message; and the answer to a call of this tab comes first.
const GATHER_MS = 800

/**
 * useLiveProgress follows what all businesses of the person earn, wherever it was recorded: what pages show of it is read
 * again, and a quiet message says what came. One feed a tab, and none while the tab is hidden; it goes on where it was.
 */
export function useLiveProgress(businesses: readonly Business[]): void {
  const { t, i18n } = useTranslation()
  const place = useRef<{ lastId: string | undefined }>({ lastId: undefined })
  // What has come and is not told of yet.
  const gathered = useRef<FeedEvent[]>([])
  const ids = businesses.map(({ id }) => id).join(' ')

  const tell = useEffectEvent((news: LiveNews) => {
    // The advisor's page tells by itself what an answer has earned.
    if (location.pathname.startsWith('/chat')) return
    const name = businesses.length > 1 ? businesses.find(({ id }) => id === news.businessId)?.business_name : undefined
    const [title = '', ...lines] = linesOf(news, t, i18n.language)
    if (title) showToast(title, { lines: [...lines, ...(name ? [name] : [])] })
  })

  useEffect(() => {
    if (ids === '') return
    let visible: AbortController | undefined
    let gathering: ReturnType<typeof setTimeout> | undefined

    function settle(): void {
      gathering = undefined
      // A hidden tab keeps them until it is looked at.
      if (!visible) return
      const events = gathered.current
      gathered.current = []
      for (const id of new Set(events.map(({ data }) => data.business_id))) void pointsChanged(id)
      for (const news of newsOf(events, ownEvents)) tell(news)
    }
    function look(): void {
      if (document.visibilityState === 'hidden') {
        visible?.abort()
        visible = undefined
        return
      }
      if (visible) return
      if (gathered.current.length > 0) gathering ??= setTimeout(settle, GATHER_MS)
      const { signal } = (visible = new AbortController())
      void followFeed({
        open: (after) => liveFeed(after, signal),
        place: place.current,
        onEvent(event) {
          gathered.current.push(event)
          gathering ??= setTimeout(settle, GATHER_MS)
        },
        onGap: () => ids.split(' ').forEach((id) => void pointsChanged(id)),
        wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        signal,
      })
    }

    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      clearTimeout(gathering)
      visible?.abort()
    }
  }, [ids])
}

function linesOf({ points, types, levels, achievements }: LiveNews, t: TFunction, language: string): string[] {
  return [
    ...(points > 0 ? [t('progress.earned', { count: points })] : []),
    ...(points < 0 ? [t('progress.taken', { points: formatChange(points, language) })] : []),
    ...(types.length > 0
      ? [
          formatList(
            types.map((type) => activityName(type, t)),
            language,
          ),
        ]
      : []),
    ...(levels.length > 0 ? [t('progress.levelUp', { levels: formatList(levels, language) })] : []),
    ...(achievements.length > 0 ? [t('progress.unlocked', { titles: formatList(achievements, language) })] : []),
  ]
}
