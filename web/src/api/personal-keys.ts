import { queryOptions } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'
import { request, send } from './request.ts'
import type { NewPersonalKey, PersonalKey } from './types.ts'

/** personalKeysQuery is the person's keys, newest first; there are never more than fit on one page. */
export const personalKeysQuery = queryOptions({
  queryKey: ['personal-keys'],
  queryFn: () => request<PersonalKey[]>('/personal-keys?limit=200'),
  // Programs use them while the page is not open.
  staleTime: 0,
})

/** makePersonalKey makes a key; its answer is the only one that holds the key itself. */
export async function makePersonalKey(body: {
  name: string
  business_id: string
  expires_at: string | null
}): Promise<NewPersonalKey> {
  const made = await request<NewPersonalKey>('/personal-keys', { method: 'POST', body })
  await keysChanged()
  return made
}

/** revokePersonalKey ends a key at once. */
export async function revokePersonalKey(key: PersonalKey): Promise<void> {
  await send(`/personal-keys/${key.id}`, { method: 'DELETE' })
  await keysChanged()
}

function keysChanged(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: personalKeysQuery.queryKey })
}
