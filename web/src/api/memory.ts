import { infiniteQueryOptions } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'
import { request, requestPage, send } from './request.ts'
import type { Fact, FactInput } from './types.ts'

/** factsQuery is what the advisor remembers for a business, newest first. */
export const factsQuery = (businessId: string) =>
  infiniteQueryOptions({
    queryKey: ['business', businessId, 'facts'],
    queryFn: ({ pageParam }) => requestPage<Fact>(pageParam),
    initialPageParam: `/advisor/facts?limit=100&business_id=${businessId}`,
    getNextPageParam: (page) => page.next,
    // The advisor writes facts, too, while its page is not open.
    staleTime: 0,
  })

/** addFact has the advisor remember something; it is the known fact when that says the same. */
export async function addFact(businessId: string, input: FactInput): Promise<Fact> {
  const body = { ...input, business_id: businessId }
  const fact = await request<Fact>('/advisor/facts', { method: 'POST', body })
  await factsChanged(businessId)
  return fact
}

/** changeFact gives a fact other words or another kind. */
export async function changeFact(fact: Fact, body: FactInput): Promise<Fact> {
  const changed = await request<Fact>(`/advisor/facts/${fact.id}`, { method: 'PATCH', body })
  await factsChanged(fact.business_id)
  return changed
}

/** deleteFact has the advisor forget something. */
export async function deleteFact(fact: Fact): Promise<void> {
  await send(`/advisor/facts/${fact.id}`, { method: 'DELETE' })
  await factsChanged(fact.business_id)
}

function factsChanged(businessId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: factsQuery(businessId).queryKey })
}
