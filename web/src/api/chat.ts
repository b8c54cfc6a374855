import { infiniteQueryOptions } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'
import { request, requestPage, send } from './request.ts'
import type { ChatMessage, ChatSession } from './types.ts'

/** chatSessionsQuery is the business's conversations, the last used first. */
export const chatSessionsQuery = (businessId: string) =>
  infiniteQueryOptions({
    queryKey: ['business', businessId, 'chat-sessions'],
    queryFn: ({ pageParam }) => requestPage<ChatSession>(pageParam),
    initialPageParam: `/chat/sessions?limit=30&business_id=${businessId}`,
    getNextPageParam: (page) => page.next,
  })

/** messagesQuery is a conversation's messages: each page oldest first, the first page the newest. */
export const messagesQuery = (sessionId: string) =>
  infiniteQueryOptions({
    queryKey: ['chat-messages', sessionId],
    queryFn: ({ pageParam }) => requestPage<ChatMessage>(pageParam),
    initialPageParam: `/chat/sessions/${sessionId}?limit=50`,
    getNextPageParam: (page) => page.next,
  })

/** renameChatSession gives a conversation another title. */
export async function renameChatSession(chatSession: ChatSession, title: string): Promise<ChatSession> {
  const renamed = await request<ChatSession>(`/chat/sessions/${chatSession.id}`, { method: 'PATCH', body: { title } })
  await chatSessionsChanged(chatSession.business_id)
  return renamed
}

/** deleteChatSession removes a conversation. */
export async function deleteChatSession(chatSession: ChatSession): Promise<void> {
  await send(`/chat/sessions/${chatSession.id}`, { method: 'DELETE' })
  queryClient.removeQueries({ queryKey: messagesQuery(chatSession.id).queryKey })
  await chatSessionsChanged(chatSession.business_id)
}

/** chatSessionsChanged has the list of conversations read again. */
export function chatSessionsChanged(businessId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: chatSessionsQuery(businessId).queryKey })
}

/** QuestionInput is one message to the advisor; the same `client_message_id` makes a retry count once. */
export type QuestionInput = { content: string; business_id: string; session_id?: string; client_message_id: string }

/** ask sends a message and returns the open stream of its run. */
export function ask(question: QuestionInput, signal: AbortSignal): Promise<Response> {
  return send('/chat/completion', { method: 'POST', body: question, signal })
}

/** runEvents opens the stream of a run after the event with the given number. */
export function runEvents(runId: string, afterSeq: number, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = afterSeq > 0 ? { 'last-event-id': String(afterSeq) } : {}
  return send(`/chat/runs/${runId}/events`, { headers, signal })
}

/** decideApproval sends the person's decision on what a run asks for; what comes of it is told in the run's stream. */
export async function decideApproval(
  runId: string,
  approval: { approvalId: string; token: string },
  decision: 'approve' | 'deny',
): Promise<void> {
  const { approvalId, token } = approval
  await request(`/chat/runs/${runId}/approvals/${approvalId}`, { method: 'POST', body: { decision, token } })
}

/** stopRun ends a run and keeps what it said. */
export async function stopRun(runId: string): Promise<void> {
  await request(`/chat/runs/${runId}/stop`, { method: 'POST' })
}
