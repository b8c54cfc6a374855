import { Readable } from 'node:stream'
import type { Clock } from '../../platform/clock.ts'
import type { OpenStreams } from '../../platform/sse/open-streams.ts'
import { toMessageDto, toSessionDto } from './dto.ts'
import { conversationHead, turnAsMarkdown } from './conversation-markdown.ts'
import type { FeedbackRepository } from './feedback-repository.ts'
import type { ChatAccess } from './chat-access.ts'
import type { ChatMessage, ChatRepository, ChatSession } from './repository.ts'

/** ExportFormat is how a conversation is written down. */
export type ExportFormat = 'markdown' | 'json'

/** SessionExport is a conversation as a file that is written while it is read. */
export type SessionExport = { filename: string; contentType: string; body: Readable }

/** SessionExporter writes conversations down. */
export type SessionExporter = ReturnType<typeof createSessionExporter>

// An answer may be a megabyte; so many are in memory at once.
const PAGE = 20
const LONGEST_MS = 5 * 60_000

const kinds = {
  markdown: { extension: 'md', contentType: 'text/markdown; charset=utf-8' },
  json: { extension: 'json', contentType: 'application/json; charset=utf-8' },
} as const

/** createSessionExporter wires it. */
export function createSessionExporter(deps: {
  repository: Pick<ChatRepository, 'messagesAfter'>
  feedback: Pick<FeedbackRepository, 'ofMessages'>
  access: Pick<ChatAccess, 'session'>
  userLocale: (userId: string) => Promise<'en' | 'id'>
  streams: OpenStreams
  clock: Clock
  longestMs?: number
}) {
  const { repository, feedback, access, streams, clock } = deps

  async function* messagesOf(sessionId: string): AsyncGenerator<ChatMessage[]> {
    for (let after: string | undefined; ;) {
      const page = await repository.messagesAfter({ sessionId, after, limit: PAGE })
      const last = page.at(-1)
      if (!last) return
      yield page
      if (page.length < PAGE) return
      after = last.id
    }
  }

  async function* asJson(session: ChatSession, businessName: string): AsyncGenerator<string> {
    const head = {
      format: 'tangga.conversation',
      version: 1,
      exported_at: clock.now().toISOString(),
      business: { id: session.businessId, name: businessName },
      session: toSessionDto(session),
    }
    yield `${JSON.stringify(head).slice(0, -1)},"messages":[`
    let separator = '\n'
    for await (const page of messagesOf(session.id)) {
      const said = await feedback.ofMessages(page.map(({ id }) => id))
      for (const message of page) {
        yield separator + JSON.stringify(toMessageDto({ ...message, feedback: said.get(message.id) }))
        separator = ',\n'
      }
    }
    yield '\n]}\n'
  }

  async function* asMarkdown(
    session: ChatSession,
    about: { businessName: string; timeZone: string; locale: 'en' | 'id' },
  ): AsyncGenerator<string> {
    yield conversationHead({ ...about, title: session.title, at: clock.now() })
    for await (const page of messagesOf(session.id))
      for (const message of page) yield `\n${turnAsMarkdown(message, about)}`
  }

  return {
    /**
     * exportSession opens a conversation as a file. It counts as an open stream of the owner until `body` is closed,
     * which happens by itself after five minutes at the latest.
     */
    async exportSession(userId: string, request: { sessionId: string; format: ExportFormat }): Promise<SessionExport> {
      const { session, business } = await access.session(userId, request.sessionId)
      const { businessName, timeZone } = business
      const locale = await deps.userLocale(userId)
      const { extension, contentType } = kinds[request.format]
      const release = await streams.reserve(userId)
      const body = Readable.from(
        request.format === 'json'
          ? asJson(session, businessName)
          : asMarkdown(session, { businessName, timeZone, locale }),
      )
      const limit = setTimeout(
        () => body.destroy(new Error('the export took too long to be fetched')),
        deps.longestMs ?? LONGEST_MS,
      )
      body.once('close', () => {
        clearTimeout(limit)
        release()
      })
      return { filename: `${exportName(session)}.${extension}`, contentType, body }
    },
  }
}

/** exportName is the name of a file after its conversation: its day and the Latin letters and digits of its title. */
export function exportName({ title, createdAt }: Pick<ChatSession, 'title' | 'createdAt'>): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}+/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replaceAll(/^-+|-+$/g, '')
  return ['tangga', createdAt.toISOString().slice(0, 10), words].filter(Boolean).join('-')
}
