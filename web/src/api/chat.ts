import { infiniteQueryOptions, keepPreviousData, queryOptions, type InfiniteData } from '@tanstack/react-query'
import { tellOtherTabs } from './other-tabs.ts'
import { queryClient } from './query-client.ts'
import { type Page, pathWith, request, requestPage, send } from './request.ts'
import type { ChatMessage, ChatSession, FoundSession, MessageFeedback } from './types.ts'

const shelves = { pinned: 'pinned=true', others: 'pinned=false', deleted: 'deleted=true' } as const
const sessionsKey = (businessId: string) => ['business', businessId, 'chat-sessions']

/** chatSessionsQuery is some of the business's conversations, the last used first; of the deleted ones the last deleted. */
export const chatSessionsQuery = (businessId: string, shelf: keyof typeof shelves) =>
  infiniteQueryOptions({
    queryKey: [...sessionsKey(businessId), shelf],
    queryFn: ({ pageParam }) => requestPage<ChatSession>(pageParam),
    initialPageParam: `/chat/sessions?limit=30&business_id=${businessId}&${shelves[shelf]}`,
    getNextPageParam: (page) => page.next,
  })

/** chatSearchQuery is what a search of the business's conversations finds, best first. */
export const chatSearchQuery = (businessId: string, q: string) =>
  infiniteQueryOptions({
    queryKey: [...sessionsKey(businessId), 'search', q],
    queryFn: ({ pageParam, signal }) => requestPage<FoundSession>(pageParam, { signal }),
    initialPageParam: pathWith('/chat/search', { q, business_id: businessId, limit: 20 }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })

/** messagesQuery is a conversation's messages: each page oldest first, the first page the newest. */
export const messagesQuery = (sessionId: string) =>
  infiniteQueryOptions({
    queryKey: ['chat-messages', sessionId],
    queryFn: ({ pageParam }) => requestPage<ChatMessage>(pageParam),
    initialPageParam: `/chat/sessions/${sessionId}?limit=50`,
    getNextPageParam: (page) => page.next,
  })

/** changeChatSession gives a conversation another title, pins or unpins it. */
export async function changeChatSession(
  chatSession: ChatSession,
  change: { title: string } | { pinned: boolean },
): Promise<void> {
  const path = `/chat/sessions/${chatSession.id}`
  const changed = await request<ChatSession>(path, { method: 'PATCH', body: change })
  if ('pinned' in change) moveToShelf(changed)
  await chatSessionsChanged(chatSession.business_id)
}

// The two shelves are read anew one by one: a conversation would stand on both for a moment, or on none.
function moveToShelf(chatSession: ChatSession): void {
  for (const shelf of ['pinned', 'others'] as const) {
    const isHere = (shelf === 'pinned') === (chatSession.pinned ?? false)
    queryClient.setQueryData(chatSessionsQuery(chatSession.business_id, shelf).queryKey, (shown) =>
      withItems(shown, (items, nth) => {
        const others = items.filter(({ id }) => id !== chatSession.id)
        return isHere && nth === 0 ? [chatSession, ...others] : others
      }),
    )
  }
}

type Pages<Item> = InfiniteData<Page<Item>>

// What has been read so far, with other items on each page; nothing, where nothing has been read.
const withItems = <Item>(read: Pages<Item> | undefined, change: (items: Item[], nth: number) => Item[]) =>
  read && { ...read, pages: read.pages.map((page, nth) => ({ ...page, items: change(page.items, nth) })) }

/** restoreChatSession brings a deleted conversation back. */
export async function restoreChatSession(chatSession: ChatSession): Promise<void> {
  await request<ChatSession>(`/chat/sessions/${chatSession.id}/restore`, { method: 'POST' })
  await chatSessionsChanged(chatSession.business_id)
}

/** ExportFormat is how a conversation is written into a file. */
export type ExportFormat = 'markdown' | 'json'

/** exportedChatSession fetches a conversation as a file, with the name that the server gives it. */
export async function exportedChatSession(
  sessionId: string,
  format: ExportFormat,
): Promise<{ name: string; blob: Blob }> {
  const response = await send(`/chat/sessions/${sessionId}/export`, { query: { format } })
  const [, name = 'conversation'] = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? []
  return { name, blob: await response.blob() }
}

/** rateAnswer says what the owner thinks of an answer, or takes it back, and shows it at once. */
export async function rateAnswer(message: ChatMessage, feedback: MessageFeedback | undefined): Promise<void> {
  const path = `/chat/messages/${message.id}/feedback`
  await (feedback ? request(path, { method: 'PUT', body: feedback }) : send(path, { method: 'DELETE' }))
  queryClient.setQueryData<Pages<ChatMessage>>(messagesQuery(message.session_id).queryKey, (read) =>
    withItems(read, (items) => items.map((item) => (item.id === message.id ? { ...item, feedback } : item))),
  )
  tellOtherTabs(messagesQuery(message.session_id).queryKey)
}

/** deleteChatSession removes a conversation. */
export async function deleteChatSession(chatSession: ChatSession): Promise<void> {
  await send(`/chat/sessions/${chatSession.id}`, { method: 'DELETE' })
  queryClient.removeQueries({ queryKey: messagesQuery(chatSession.id).queryKey })
  await chatSessionsChanged(chatSession.business_id)
}

function chatSessionsChanged(businessId: string): Promise<void> {
  tellOtherTabs(sessionsKey(businessId))
  return readChatSessions(businessId)
}

/** readChatSessions has all lists of conversations read again in this tab. */
export function readChatSessions(businessId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: sessionsKey(businessId) })
}

/** QuestionInput is one message to the advisor; the same `client_message_id` makes a retry count once. */
export type QuestionInput = { content: string; business_id: string; session_id?: string; client_message_id: string }

/** ask sends a message and returns the open stream of its run. */
export function ask(question: QuestionInput, signal: AbortSignal): Promise<Response> {
  return send('/chat/completion', { method: 'POST', body: question, signal })
}

/** Remake is a stored message to make anew: an answer, named by itself or by its question, or an own message put another way. */
export type Remake = { kind: 'regenerate' | 'edit'; messageId: string }

/** remake makes a message anew beside its earlier versions and returns the open stream of the run that answers. */
export function remake(
  { kind, messageId }: Remake,
  body: { content?: string; client_message_id: string },
  signal: AbortSignal,
): Promise<Response> {
  return send(`/chat/messages/${messageId}/${kind}`, { method: 'POST', body, signal })
}

const versionsKey = (sessionId: string) => ['chat-versions', sessionId]
const mostVersions = 200

/** versionsQuery is the ids of a message's versions, oldest first; of more than 200 the newest. `slot` names the place in which all of them stand. */
export const versionsQuery = (message: ChatMessage, slot: string) =>
  queryOptions({
    queryKey: [...versionsKey(message.session_id), slot, message.version_count],
    queryFn: async () => {
      const versions = await request<ChatMessage[]>(`/chat/messages/${message.id}/versions?limit=${mostVersions}`)
      return versions.map(({ id }) => id).toReversed()
    },
    placeholderData: keepPreviousData,
  })

/** showVersion shows the conversation with another version of a message, and with what followed that one. */
export async function showVersion(sessionId: string, messageId: string): Promise<void> {
  try {
    await send(`/chat/messages/${messageId}/show`, { method: 'POST' })
  } finally {
    tellOtherTabs(messagesQuery(sessionId).queryKey, versionsKey(sessionId))
    await readMessages(sessionId)
  }
}

/** runBegan tells the other tabs of a question, which they then find with its run, and follow. */
export function runBegan(sessionId: string, businessId: string): void {
  tellOtherTabs(messagesQuery(sessionId).queryKey, sessionsKey(businessId))
}

/** readMessages reads a conversation's messages again in this tab; a reading under way may be of before a change, and is dropped. */
export async function readMessages(sessionId: string): Promise<void> {
  const { queryKey } = messagesQuery(sessionId)
  await queryClient.cancelQueries({ queryKey })
  await Promise.all([
    queryClient.refetchQueries({ queryKey }),
    queryClient.invalidateQueries({ queryKey: versionsKey(sessionId) }),
  ])
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
