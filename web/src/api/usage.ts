import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'
import { request, requestPage, send } from './request.ts'
import type { BudgetInput, ChatBudget, ChatUsage, ChatUsageTotals, OwnerBudget } from './types.ts'

/** usageQuery is what the owner has used in the last 30 days, and what is left of today. */
export const usageQuery = queryOptions({ queryKey: ['chat-usage'], queryFn: () => request<ChatUsage>('/chat/usage') })

/** usageTotalsQuery is what everybody has used in the last 30 days. */
export const usageTotalsQuery = queryOptions({
  queryKey: ['admin', 'chat-usage'],
  queryFn: () => request<ChatUsageTotals>('/admin/chat/usage'),
})

/** programmeBudgetQuery is what an owner may use in a day. */
export const programmeBudgetQuery = queryOptions({
  queryKey: ['admin', 'chat-budget'],
  queryFn: () => request<ChatBudget>('/admin/chat/budgets'),
})

/** ownerBudgetsQuery is the owners who have a budget of their own. */
export const ownerBudgetsQuery = infiniteQueryOptions({
  queryKey: ['admin', 'chat-budgets'],
  queryFn: ({ pageParam }) => requestPage<OwnerBudget>(pageParam),
  initialPageParam: '/admin/chat/budgets/users?limit=50',
  getNextPageParam: (page) => page.next,
})

/** ownerBudgetQuery is the budget of one owner. */
export const ownerBudgetQuery = (userId: string) =>
  queryOptions({
    queryKey: ['admin', 'chat-budgets', userId],
    queryFn: () => request<OwnerBudget>(`/admin/chat/budgets/users/${userId}`),
  })

/** saveBudget sets the budget of an owner, or of the programme where none is named. */
export async function saveBudget(userId: string | null, body: BudgetInput): Promise<void> {
  await request(userId === null ? '/admin/chat/budgets' : `/admin/chat/budgets/users/${userId}`, {
    method: 'PUT',
    body,
  })
  await queryClient.invalidateQueries({ queryKey: ['admin'] })
}

/** removeBudget lets the programme's budget hold for an owner again. */
export async function removeBudget(userId: string): Promise<void> {
  await send(`/admin/chat/budgets/users/${userId}`, { method: 'DELETE' })
  await queryClient.invalidateQueries({ queryKey: ['admin'] })
}
