import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { idOfCursor, pageQuery, sendPage } from '../../platform/http/paging.ts'
import { idSchema } from '../../platform/text.ts'
import { callerOf } from '../auth/index.ts'
import { editBody, regenerateBody, toVersionDto, versionDto } from './dto.ts'
import { eventStream, sendRun } from './send-run.ts'
import type { ChatService } from './service.ts'

const access = { access: 'user' } as const
const tags = ['Chat']
const messageParams = z.object({ id: idSchema })

/** messageRoutes are what an owner does with a message that stands already: ask again, put it another way, go back. */
export function messageRoutes({ service }: { service: ChatService }): (app: App) => Promise<void> {
  return async (app) => {
    app.post(
      '/chat/messages/:id/regenerate',
      {
        config: access,
        schema: {
          tags,
          summary: 'Answer a message anew and stream the answer',
          description:
            'Takes the id of an answer or of the message it answers. The earlier answer stays as a version; the new one ' +
            'is current, and ends the conversation as it is shown. Refused before the stream starts as a completion is.',
          params: messageParams,
          body: regenerateBody.nullish(),
          response: { 200: eventStream },
        },
      },
      async (request, reply) => {
        const feed = await service.regenerate(callerOf(request).userId, request.params.id, {
          clientMessageId: request.body?.client_message_id ?? undefined,
        })
        await sendRun(reply, feed)
        return reply
      },
    )

    app.post(
      '/chat/messages/:id/edit',
      {
        config: access,
        schema: {
          tags,
          summary: 'Put a message another way and stream the answer',
          description:
            'The message as it was stays as a version, with what followed it. 409 `not_your_message` for an answer; else ' +
            'refused before the stream starts as a completion is.',
          params: messageParams,
          body: editBody,
          response: { 200: eventStream },
        },
      },
      async (request, reply) => {
        const { content, client_message_id } = request.body
        const feed = await service.edit(callerOf(request).userId, request.params.id, {
          content,
          clientMessageId: client_message_id ?? undefined,
        })
        await sendRun(reply, feed)
        return reply
      },
    )

    app.get(
      '/chat/messages/:id/versions',
      {
        config: access,
        schema: {
          tags,
          summary: 'Versions of a message, newest first',
          params: messageParams,
          querystring: pageQuery,
          response: { 200: z.array(versionDto) },
        },
      },
      async (request, reply) => {
        const { limit, cursor } = request.query
        const page = await service.messageVersions(callerOf(request).userId, {
          messageId: request.params.id,
          limit,
          before: idOfCursor(cursor),
        })
        return sendPage(request, reply, page).map(toVersionDto)
      },
    )

    app.post(
      '/chat/messages/:id/show',
      {
        config: access,
        schema: {
          tags,
          summary: 'Show the conversation with this version of a message',
          description:
            'Of what follows it, the branch that was written in last is shown; that branch is also what is continued, ' +
            'and what the advisor is told. 409 `run_active` while the conversation is being answered.',
          params: messageParams,
          response: { 200: versionDto },
        },
      },
      async (request) => toVersionDto(await service.showVersion(callerOf(request).userId, request.params.id)),
    )
  }
}
