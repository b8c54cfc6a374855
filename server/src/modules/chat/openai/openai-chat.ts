import type { Clock } from '../../../platform/clock.ts'
import type { Caller } from '../../auth/index.ts'
import { conversationName } from '../conversation-name.ts'
import { isTerminal, type RunEvent } from '../run-events.ts'
import type { RunFeed } from '../run-feed.ts'
import type { ChatService } from '../service.ts'
import { type OpenAiRequest, userTexts } from './openai-request.ts'

// How long after a message a client that says it tries again is taken to mean that one.
const RETRIED_MS = 15 * 60_000

/** OpenAiChat is the chat as clients of the OpenAI interface use it. */
export type OpenAiChat = ReturnType<typeof createOpenAiChat>

/** OpenAiHeaders are what a client says of its request beside the body. */
export type OpenAiHeaders = {
  /** The client's own id of the conversation. */
  conversation: string | undefined
  idempotencyKey: string | undefined
  /** Whether the client has tried this before, and does not know what came of it. */
  isRetry: boolean
}

/**
 * createOpenAiChat wires it over the chat. Clients of this interface have no sessions: they send all that was said each
 * time. What the user said before the newest message is taken as the name of a place in a conversation that is stored
 * here, and the message goes on there; what is said of the advisor's own words is not read.
 */
export function createOpenAiChat({ chat, clock }: { chat: ChatService; clock: Clock }) {
  return {
    /** send starts a run for the newest message of the user, or joins the one that the same request started before. */
    async send(caller: Caller, { messages }: OpenAiRequest, headers: OpenAiHeaders): Promise<RunFeed> {
      const { userId, businessId } = caller
      const { conversation, idempotencyKey } = headers
      const { earlier, newest } = userTexts(messages)
      const turn = (texts: string[]) => conversationName('openai-turn', conversation ?? '', ...texts)
      const thisTurn = turn([...earlier, newest])

      if (headers.isRetry) {
        const before = await chat.places.named(userId, { businessId, name: thisTurn })
        const age = before && clock.now().getTime() - before.createdAt.getTime()
        if (before?.runId && age !== undefined && age < RETRIED_MS) return chat.followRun(userId, before.runId, 0)
      }
      const known =
        earlier.length > 0 ? await chat.places.answer(userId, { businessId, name: turn(earlier) }) : undefined
      const find = conversation === undefined ? [] : [conversationName('openai', conversation)]
      return chat.streamChatCompletion(userId, {
        content: newest,
        businessId,
        sessionId: known?.sessionId,
        afterId: known?.answerId,
        names: { find, keep: [...find, thisTurn] },
        clientMessageId:
          idempotencyKey === undefined ? undefined : conversationName('openai', 'idempotency-key', idempotencyKey),
      })
    },
  }
}

/** endOf waits for the last event of a run; undefined when `gone` comes first. */
export async function endOf({ log }: RunFeed, gone: AbortSignal): Promise<RunEvent | undefined> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (log.ended || gone.aborted) resolve()
  }
  const unsubscribe = log.subscribe(look)
  gone.addEventListener('abort', look, { once: true })
  look()
  await promise
  unsubscribe()
  gone.removeEventListener('abort', look)
  return log.read(0).findLast(({ event }) => isTerminal(event))?.event
}
