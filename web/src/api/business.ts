import { queryOptions } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'
import { request } from './request.ts'
import type { Business, BusinessInput, Level } from './types.ts'

/** businessesQuery is all businesses of the signed-in user, the first one first, as the server counts them where none is named. */
export const businessesQuery = queryOptions({
  queryKey: ['businesses'],
  queryFn: async () => {
    const businesses = await request<Business[]>('/business/profiles', { query: { limit: 200 } })
    return businesses.toSorted((a, b) => a.created_at.localeCompare(b.created_at))
  },
})

/** levelsQuery is the ladder, lowest rung first. */
export const levelsQuery = queryOptions({ queryKey: ['levels'], queryFn: () => request<Level[]>('/business/levels') })

/** createBusiness describes a new business. */
export async function createBusiness(body: BusinessInput): Promise<Business> {
  const business = await request<Business>('/business/profile', { method: 'POST', body })
  queryClient.setQueryData(businessesQuery.queryKey, (list: Business[] = []) => [...list, business])
  return business
}

/** updateBusiness changes the description of a business. */
export async function updateBusiness(id: string, body: Partial<BusinessInput>): Promise<Business> {
  const business = await request<Business>('/business/profile', { method: 'PATCH', body, query: { business_id: id } })
  queryClient.setQueryData(businessesQuery.queryKey, (list: Business[] = []) =>
    list.map((other) => (other.id === id ? business : other)),
  )
  await queryClient.invalidateQueries({ queryKey: ['business', id] })
  return business
}
