import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { businessesQuery } from './business.ts'
import { queryClient } from './query-client.ts'
import { request, requestPage, send } from './request.ts'
import type { Achievement, LeaderboardEntry, LedgerEntry, OpenRule, Receipt } from './types.ts'

/** achievementsQuery is every achievement as the business stands to it. */
export const achievementsQuery = (businessId: string) =>
  queryOptions({
    queryKey: ['business', businessId, 'achievements'],
    queryFn: () => request<Achievement[]>('/gamification/achievements', { query: { business_id: businessId } }),
  })

/** leaderboardQuery is the top of the board and, when it is not there, the business's own row at the end. */
export const leaderboardQuery = (businessId: string) =>
  queryOptions({
    queryKey: ['business', businessId, 'leaderboard'],
    queryFn: () =>
      request<LeaderboardEntry[]>('/gamification/leaderboard', { query: { limit: 10, business_id: businessId } }),
  })

/** ledgerQuery is the business's points, newest first, a page at a time. */
export const ledgerQuery = (businessId: string) =>
  infiniteQueryOptions({
    queryKey: ['business', businessId, 'ledger'],
    queryFn: ({ pageParam }) => requestPage<LedgerEntry>(pageParam),
    initialPageParam: `/gamification/points?limit=10&business_id=${businessId}`,
    getNextPageParam: (page) => page.next,
  })

/** openRulesQuery is what an owner can record. */
export const openRulesQuery = queryOptions({
  queryKey: ['open-rules'],
  queryFn: () => request<OpenRule[]>('/gamification/rules'),
})

/** ActivityInput is one activity that an owner records. */
export type ActivityInput = { type: string; business_id: string; metadata?: { note: string } }

/** recordActivity posts an event; the same key makes a retry count once. */
export async function recordActivity(activity: ActivityInput, idempotencyKey: string): Promise<Receipt> {
  const receipt = await request<Receipt>('/gamification/events', {
    method: 'POST',
    body: { ...activity, idempotency_key: idempotencyKey },
  })
  ownEvents.add(receipt.event_id)
  await pointsChanged(activity.business_id)
  return receipt
}

/** ownEvents are the events that this tab has recorded and told the person of. */
export const ownEvents = new Set<string>()

/** liveFeed opens the stream of what all the person's businesses earn, after an event or from now on. */
export function liveFeed(after: string | undefined, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': after }
  return send('/gamification/stream', { headers, signal })
}

/** pointsChanged has everything that depends on a business's points read again. */
export async function pointsChanged(businessId: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: businessesQuery.queryKey }),
    queryClient.invalidateQueries({ queryKey: ['business', businessId] }),
  ])
}
