import { idSchema } from '../../platform/text.ts'
import type { ChatAccess } from './chat-access.ts'
import type { ChatMessage, ChatRepository } from './repository.ts'

/** ClientPlaces finds where the messages of clients that keep ids and histories of their own belong. */
export type ClientPlaces = ReturnType<typeof createClientPlaces>

const isId = (text: string | undefined): text is string => idSchema.safeParse(text).success

/** createClientPlaces makes it. What is not the user's own is not found; it is never 404, since a client's ids may mean anything. */
export function createClientPlaces(deps: {
  repository: Pick<ChatRepository, 'session' | 'message' | 'messages' | 'versions' | 'findNamed'>
  access: ChatAccess
}) {
  const { repository, access } = deps

  async function questionOf(message: ChatMessage): Promise<ChatMessage | undefined> {
    return message.role === 'user' ? message : (await repository.message(message.afterId))?.message
  }

  return {
    /** session finds the conversation that a client means, by an id of ours or by a name. */
    async session(
      userId: string,
      meant: { businessId: string | undefined; id: string; name: string },
    ): Promise<string | undefined> {
      const { businessId, id, name } = meant
      const session = isId(id) ? await repository.session(id) : undefined
      const isOfBusiness = session && (businessId ?? session.businessId) === session.businessId
      if (isOfBusiness && (await access.maySee(userId, session))) return session.id
      return (await repository.findNamed({ userId, businessId, names: [name] }))?.sessionId
    },

    /**
     * question finds a message of the owner in a session: by an id of ours, which may be that of an answer to it, or by a
     * name; with neither, the last one that is shown.
     */
    async question(
      userId: string,
      meant: { sessionId: string; id?: string | undefined; name?: string | undefined },
    ): Promise<ChatMessage | undefined> {
      const { session } = await access.session(userId, meant.sessionId)
      const { id, name } = meant
      if (!isId(id) && name === undefined) {
        const [last] = await repository.messages({ sessionId: session.id, limit: 1, before: undefined })
        return last && questionOf(last)
      }
      const ofSession = async (messageId: string | undefined) => {
        const found = messageId === undefined ? undefined : await repository.message(messageId)
        return found?.session.id === session.id ? found.message : undefined
      }
      // What looks like an id of ours may be a client's own, which is then known by its name.
      const byId = isId(id) ? await ofSession(id) : undefined
      const names = name === undefined ? [] : [name]
      const { businessId } = session
      const message = byId ?? (await ofSession((await repository.findNamed({ userId, businessId, names }))?.messageId))
      return message && questionOf(message)
    },

    /**
     * otherVersion finds the newest version of a message of the owner that says something else than a text: what this text
     * takes, or took, the place of. It is the same for every repetition of one edit, and another one for the next edit.
     */
    async otherVersion({ afterId }: ChatMessage, content: string): Promise<ChatMessage | undefined> {
      const versions = await repository.versions({ afterId, limit: 200, before: undefined })
      return versions.find((version) => version.content !== content)
    },

    /** named finds the message of the owner that a client means by a name, whatever was sent since. */
    async named(
      userId: string,
      meant: { businessId: string | undefined; name: string },
    ): Promise<ChatMessage | undefined> {
      const place = await repository.findNamed({ userId, businessId: meant.businessId, names: [meant.name] })
      return place && (await repository.message(place.messageId))?.message
    },

    /** answer finds the answer to a message that a client means by a name, with its session: that shown, or the newest. */
    async answer(
      userId: string,
      meant: { businessId: string | undefined; name: string },
    ): Promise<{ sessionId: string; answerId: string } | undefined> {
      const place = await repository.findNamed({ userId, businessId: meant.businessId, names: [meant.name] })
      if (!place) return undefined
      const answers = await repository.versions({ afterId: place.messageId, limit: 200, before: undefined })
      const answer = answers.find(({ isCurrent }) => isCurrent) ?? answers[0]
      return answer && { sessionId: place.sessionId, answerId: answer.id }
    },
  }
}
