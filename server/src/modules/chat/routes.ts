import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { idOfCursor, pageQuery, sendPage } from '../../platform/http/paging.ts'
import { idSchema } from '../../platform/text.ts'
import { callerOf } from '../auth/index.ts'
import { completionBody, decidedDto, decisionBody, messageDto, runStatusDto, toMessageDto } from './dto.ts'
import { eventStream, sendRun } from './send-run.ts'
import type { ChatService } from './service.ts'

const access = { access: 'user' } as const
const tags = ['Chat']
const sessionParams = z.object({ id: idSchema })
const runParams = z.object({ run_id: idSchema })
const approvalParams = runParams.extend({ approval_id: idSchema })
const placeInStream = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event of this stream')
  .transform(Number)

/** chatRoutes are the owner's conversations with the advisor. */
export function chatRoutes({ service }: { service: ChatService }): (app: App) => Promise<void> {
  return async (app) => {
    app.post(
      '/chat/completion',
      {
        config: access,
        schema: {
          tags,
          summary: 'Send a message and stream the answer',
          description:
            'The answer is made and stored whether or not anyone listens; follow it again by its run. Refused before ' +
            'the stream starts: 409 `run_active` while the conversation is being answered, with `run_id`.',
          body: completionBody,
          response: { 200: eventStream },
        },
      },
      async (request, reply) => {
        const { content, session_id, business_id, client_message_id } = request.body
        const feed = await service.streamChatCompletion(callerOf(request).userId, {
          content,
          sessionId: session_id ?? undefined,
          businessId: business_id ?? undefined,
          clientMessageId: client_message_id ?? undefined,
        })
        await sendRun(reply, feed)
        return reply
      },
    )

    app.get(
      '/chat/sessions/:id',
      {
        config: access,
        schema: {
          tags,
          summary: 'Messages of a conversation, oldest first',
          description: '`limit` gives the newest ones, and the cursor goes back in time.',
          params: sessionParams,
          querystring: pageQuery,
          response: { 200: z.array(messageDto) },
        },
      },
      async (request, reply) => {
        const { limit, cursor } = request.query
        const page = await service.getSessionMessages(callerOf(request).userId, {
          sessionId: request.params.id,
          limit,
          before: idOfCursor(cursor),
        })
        return sendPage(request, reply, page).map(toMessageDto)
      },
    )

    app.delete(
      '/chat/sessions/:id',
      {
        config: access,
        schema: {
          tags,
          summary: 'Delete a conversation; its active run is stopped',
          description: 'It can be restored until its `purge_at`, 30 days later.',
          params: sessionParams,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        await service.deleteSession(callerOf(request).userId, request.params.id)
        return reply.code(204).send(null)
      },
    )

    app.get(
      '/chat/runs/:run_id/events',
      {
        config: access,
        // A HEAD would hold a stream open that nothing is sent on.
        exposeHeadRoute: false,
        schema: {
          tags,
          summary: 'The stream of a run from the start, or after an event',
          description: 'Ends when the run has ended. After its last event nothing is left and the stream is empty.',
          params: runParams,
          headers: z.looseObject({ 'last-event-id': placeInStream.optional() }),
          response: { 200: eventStream },
        },
      },
      async (request, reply) => {
        const { userId } = callerOf(request)
        const feed = await service.followRun(userId, request.params.run_id, request.headers['last-event-id'] ?? 0)
        await sendRun(reply, feed)
        return reply
      },
    )

    app.post(
      '/chat/runs/:run_id/stop',
      {
        config: access,
        schema: {
          tags,
          summary: 'Stop a run and keep what was said',
          description: 'Answers how the run ended, however often it is asked.',
          params: runParams,
          response: { 200: runStatusDto },
        },
      },
      async (request) => {
        const { runId, status } = await service.stopRun(callerOf(request).userId, request.params.run_id)
        return { run_id: runId, status }
      },
    )

    app.post(
      '/chat/runs/:run_id/approvals/:approval_id',
      {
        config: { ...access, problems: [403] },
        schema: {
          tags,
          summary: 'Approve or deny what the advisor wants to do',
          description:
            'Answers `approval_required` of the run, with its `token`, once: 403 `approval_token_invalid`, 409 ' +
            '`approval_used` (with `decision`), `approval_expired`, or `approval_lapsed` when the run is over. What came ' +
            'of it is told in the stream of the run.',
          params: approvalParams,
          body: decisionBody,
          response: { 200: decidedDto },
        },
      },
      async (request) => {
        const { run_id, approval_id } = request.params
        const decision = await service.decideApproval({
          userId: callerOf(request).userId,
          runId: run_id,
          approvalId: approval_id,
          ...request.body,
        })
        return { run_id, approval_id, decision }
      },
    )
  }
}
