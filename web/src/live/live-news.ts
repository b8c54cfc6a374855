import type { FeedEvent } from './follow-feed.ts'

/** LiveNews is what one business has earned in a short while, for one message. */
export type LiveNews = {
  businessId: string
  points: number
  /** The types of what was recorded, each once, in order. */
  types: string[]
  levels: string[]
  achievements: string[]
}

/**
 * newsOf sums events up by business. What this tab has recorded itself (by the ids of events) is left out, with the levels
 * and achievements that came of it: whoever recorded it has been told.
 */
export function newsOf(events: readonly FeedEvent[], own: ReadonlySet<string>): LiveNews[] {
  const news = new Map<string, LiveNews>()
  const isOwn = new Map<string, boolean>()
  for (const event of events) {
    const businessId = event.data.business_id
    if (event.type === 'points') isOwn.set(businessId, own.has(event.data.event_id))
    if (isOwn.get(businessId)) continue
    const known = news.get(businessId) ?? { businessId, points: 0, types: [], levels: [], achievements: [] }
    news.set(businessId, known)
    if (event.type === 'points') {
      known.points += event.data.points
      if (!known.types.includes(event.data.type)) known.types.push(event.data.type)
    } else if (event.type === 'level_up') known.levels.push(event.data.level.name)
    else known.achievements.push(event.data.achievement.title)
  }
  return [...news.values()]
}
