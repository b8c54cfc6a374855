import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'
import { pathWith, request, requestPage, send } from './request.ts'
import type { AdminFeedback, BoardVisibility, Definitions, OwnedBusiness, Person, Receipt, ResetLink } from './types.ts'

/** Definition is one thing that an admin has defined, by the path that serves its kind. */
export type Definition<P extends keyof Definitions> = Definitions[P]['shown']

/** DefinitionInput is what an admin sets of a definition. */
export type DefinitionInput<P extends keyof Definitions> = Definitions[P]['input']

const pageOf = <T>(path: string) =>
  infiniteQueryOptions({
    queryKey: ['admin', path],
    queryFn: ({ pageParam }) => requestPage<T>(pageParam),
    initialPageParam: path,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })

/** PagesQuery reads a long list page by page. */
export type PagesQuery<T> = ReturnType<typeof pageOf<T>>

/** feedbackQuery is what owners said of answers, newest first. */
export const feedbackQuery = (rating: AdminFeedback['rating'] | '') =>
  pageOf<AdminFeedback>(pathWith('/admin/chat/feedback', { rating }))

/** definitionsQuery is all definitions of one kind. */
export const definitionsQuery = <P extends keyof Definitions>(path: P) =>
  pageOf<Definition<P>>(pathWith(path, { limit: 200 }))

/** peopleQuery is the accounts that match a search. */
export const peopleQuery = (q: string) => pageOf<Person>(pathWith('/admin/users', { limit: 30, q }))

/** allBusinessesQuery is the businesses that match a search. */
export const allBusinessesQuery = (q: string) => pageOf<OwnedBusiness>(pathWith('/admin/businesses', { limit: 30, q }))

/** saveDefinition makes a definition, or changes the one with the given id; everyone's standing may change with it. */
export async function saveDefinition<P extends keyof Definitions>(
  path: P,
  id: string | null,
  body: DefinitionInput<P>,
): Promise<void> {
  if (id === null) await request(path, { method: 'POST', body })
  else await request(`${path}/${id}`, { method: 'PUT', body })
  await queryClient.invalidateQueries()
}

/** deleteDefinition removes a definition. */
export async function deleteDefinition(path: keyof Definitions, id: string): Promise<void> {
  await send(`${path}/${id}`, { method: 'DELETE' })
  await queryClient.invalidateQueries()
}

/** updatePerson changes the role of an account, or locks it. */
export async function updatePerson(id: string, body: { role?: Person['role']; disabled?: boolean }): Promise<void> {
  await request(`/admin/users/${id}`, { method: 'PATCH', body })
  await queryClient.invalidateQueries({ queryKey: ['admin'] })
}

/** makeResetLink makes a link that is shown only now. */
export function makeResetLink(userId: string): Promise<ResetLink> {
  return request(`/admin/users/${userId}/reset-link`, { method: 'POST' })
}

/** setVisibility changes how a business appears on the leaderboard. */
export async function setVisibility(businessId: string, visibility: BoardVisibility): Promise<void> {
  await request(`/admin/businesses/${businessId}`, { method: 'PATCH', body: { board_visibility: visibility } })
  await queryClient.invalidateQueries()
}

/** AdjustmentInput corrects the points of a business by hand. */
export type AdjustmentInput = { business_id: string; points: number; reason: string }

/** adjustPoints adds or takes points; the same key makes a retry count once. */
export async function adjustPoints(adjustment: AdjustmentInput, idempotencyKey: string): Promise<Receipt> {
  const receipt = await request<Receipt>('/admin/gamification/adjustments', {
    method: 'POST',
    body: { ...adjustment, idempotency_key: idempotencyKey },
  })
  await queryClient.invalidateQueries()
  return receipt
}
