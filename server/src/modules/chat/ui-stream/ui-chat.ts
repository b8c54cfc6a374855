import { problem } from '../../../platform/errors.ts'
import type { Caller } from '../../auth/index.ts'
import { conversationName } from '../conversation-name.ts'
import type { RunFeed } from '../run-feed.ts'
import type { ChatService } from '../service.ts'
import { newestUserMessage, type UiRequest } from './ui-request.ts'

/** UiChat is the chat as the AI SDK's clients use it. */
export type UiChat = ReturnType<typeof createUiChat>

/** businessOf is the business that a caller means: a personal key has one, and may name no other. */
export function businessOf(caller: Caller, named: string | null | undefined): string | undefined {
  if (caller.businessId !== undefined && named && named !== caller.businessId) throw problem.notFound()
  return caller.businessId ?? named ?? undefined
}

/** createUiChat wires it over the chat. */
export function createUiChat({ chat }: { chat: ChatService }) {
  const nameOf = (id: string) => conversationName('ui', id)

  return {
    /**
     * send starts a run for the newest message of the user, or joins the one that the same message started before. An `id`
     * that is not one of the caller's sessions is a name of the client's own, and means the same conversation ever after. A
     * message that is sent again under its old id, put another way, becomes a version of it; so does an answer made anew.
     */
    async send(caller: Caller, { id, messages, trigger, messageId, business_id }: UiRequest): Promise<RunFeed> {
      const { userId } = caller
      const businessId = businessOf(caller, business_id)
      const newest = newestUserMessage(messages)
      const content = newest.text
      const name = nameOf(id)
      const sessionId = await chat.places.session(userId, { businessId, id, name })
      const messageName = (called: string) => conversationName('ui-message', id, called)
      const names = { find: [name], keep: [name, ...(newest.id === undefined ? [] : [messageName(newest.id)])] }
      // One put another way keeps its id: what makes a message the same one is its text, too, and what it takes the place of.
      const clientIdBeside = (version: string[]) =>
        newest.id === undefined ? undefined : conversationName('ui', id, newest.id, content, ...version)

      if (sessionId !== undefined && trigger === 'regenerate-message') {
        const question = await chat.places.question(userId, { sessionId, id: messageId ?? undefined })
        // Otherwise the message has never come here, and what was meant is to try again.
        if (question?.content === content) return chat.regenerate(userId, question.id, { clientMessageId: undefined })
      } else if (sessionId !== undefined && messageId) {
        const meant = { sessionId, id: messageId, name: messageName(messageId) }
        const question = await chat.places.question(userId, meant)
        if (question) {
          const other = await chat.places.otherVersion(question, content)
          const clientMessageId = clientIdBeside(other === undefined ? [] : [other.id])
          return chat.edit(userId, question.id, { content, clientMessageId, names })
        }
      }
      const clientMessageId = clientIdBeside([])
      return chat.streamChatCompletion(userId, { content, sessionId, businessId, names, clientMessageId })
    },

    /** resume gives the stream of the run that is under way in a conversation, from its start; undefined when none is. */
    async resume(caller: Caller, id: string): Promise<RunFeed | undefined> {
      const { userId, businessId } = caller
      const sessionId = await chat.places.session(userId, { businessId, id, name: nameOf(id) })
      return sessionId === undefined ? undefined : chat.followActiveRun(userId, sessionId)
    },
  }
}
