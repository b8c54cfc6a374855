import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { decodeCursor, sendPage } from '../../platform/http/paging.ts'
import { idSchema } from '../../platform/text.ts'
import { callerOf } from '../auth/index.ts'
import { messageDto, sessionDto, toSessionDto } from './dto.ts'
import { sendExport } from './send-export.ts'
import {
  exportQuery,
  foundSessionDto,
  searchCursor,
  searchQuery,
  sessionBody,
  sessionCursor,
  sessionsQuery,
  shelfOf,
  toFoundSessionDto,
} from './session-dto.ts'
import type { SessionExporter } from './session-export.ts'
import type { SessionSearch } from './session-search.ts'
import type { SessionService } from './session-service.ts'

const config = { access: 'user' } as const
const tags = ['Chat']
const params = z.object({ id: idSchema })

const exportedDto = z
  .object({
    format: z.literal('tangga.conversation'),
    version: z.literal(1),
    exported_at: z.iso.datetime(),
    business: z.object({ id: z.uuid(), name: z.string() }),
    session: sessionDto,
    messages: z.array(messageDto).describe('oldest first'),
  })
  .meta({ id: 'ChatSessionExport' })

const exported = {
  description: 'The conversation as a file to keep.',
  content: { 'text/markdown': { schema: z.string() }, 'application/json': { schema: exportedDto } },
}

/** sessionRoutes are how owners keep their conversations in order. */
export function sessionRoutes(deps: {
  sessions: SessionService
  search: SessionSearch
  exporter: SessionExporter
}): (app: App) => Promise<void> {
  const { sessions, search, exporter } = deps
  return async (app) => {
    app.get(
      '/chat/sessions',
      {
        config,
        schema: {
          tags,
          summary: 'Conversations of a business, the last used first',
          querystring: sessionsQuery,
          response: { 200: z.array(sessionDto) },
        },
      },
      async (request, reply) => {
        const { business_id: businessId, limit, cursor } = request.query
        const at = decodeCursor(sessionCursor, cursor)
        const page = await sessions.getBusinessSessions(callerOf(request).userId, {
          businessId,
          shelf: shelfOf(request.query),
          limit,
          before: at && { at: new Date(at.at), id: at.id },
        })
        return sendPage(request, reply, page).map(toSessionDto)
      },
    )

    app.get(
      '/chat/search',
      {
        config,
        schema: {
          tags,
          summary: 'Search the conversations of a business, best first',
          description:
            'Finds a conversation by its title, or by a message of it in which every word of `q` begins a word. A title ' +
            'counts more than a message. Deleted conversations are not found.',
          querystring: searchQuery,
          response: { 200: z.array(foundSessionDto) },
        },
      },
      async (request, reply) => {
        const { q: question, business_id: businessId, limit, cursor } = request.query
        const after = decodeCursor(searchCursor, cursor)
        const page = await search.search(callerOf(request).userId, { question, businessId, limit, after })
        return sendPage(request, reply, page).map(toFoundSessionDto)
      },
    )

    app.patch(
      '/chat/sessions/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Rename a conversation, pin or unpin it',
          params,
          body: sessionBody,
          response: { 200: sessionDto },
        },
      },
      async (request) => {
        const { userId } = callerOf(request)
        return toSessionDto(await sessions.updateSession(userId, request.params.id, request.body))
      },
    )

    app.post(
      '/chat/sessions/:id/restore',
      {
        config,
        schema: {
          tags,
          summary: 'Restore a deleted conversation',
          description: 'One that is not deleted stays as it is.',
          params,
          response: { 200: sessionDto },
        },
      },
      async (request) => toSessionDto(await sessions.restoreSession(callerOf(request).userId, request.params.id)),
    )

    app.get(
      '/chat/sessions/:id/export',
      {
        config,
        // A HEAD would open an export that nobody reads.
        exposeHeadRoute: false,
        schema: {
          tags,
          summary: 'A conversation as a file, in Markdown or JSON',
          params,
          querystring: exportQuery,
          response: { 200: exported },
        },
      },
      async (request, reply) => {
        const { userId } = callerOf(request)
        const { format } = request.query
        return sendExport(reply, await exporter.exportSession(userId, { sessionId: request.params.id, format }))
      },
    )
  }
}
