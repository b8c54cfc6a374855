import { z } from 'zod'
import type { App } from '../../../platform/http/app-types.ts'
import { callerOf } from '../../auth/index.ts'
import { sendRun } from '../send-run.ts'
import type { UiChat } from './ui-chat.ts'
import { uiChunk } from './ui-chunks.ts'
import { createUiFormat } from './ui-format.ts'
import { uiRequest } from './ui-request.ts'

const config = { access: 'user', personalKey: true } as const
const tags = ['Chat']

const uiStream = {
  description:
    'Server-sent events of one `data` line each, with the JSON below, and `[DONE]` at the end; comment lines keep the ' +
    'connection alive. `X-Run-Id` names the run.',
  content: { 'text/event-stream': { schema: uiChunk } },
}

/** uiRoutes are the chat in the AI SDK's UI message stream, version 1, for `useChat` and what stands on it. */
export function uiRoutes({ chat }: { chat: UiChat }): (app: App) => Promise<void> {
  return async (app) => {
    app.post(
      '/chat/ui',
      {
        config,
        schema: {
          tags,
          summary: 'Send a message and stream the answer as `useChat` reads it',
          description:
            "The AI SDK's UI message stream, version 1. Of what is sent, only the text of the newest message of the user " +
            'is used. The answer is made and stored whether or not anyone listens; stop it by its run. Refused before the ' +
            'stream starts: 409 `run_active` while the conversation is being answered, with `run_id`.',
          body: uiRequest,
          response: { 200: uiStream },
        },
      },
      async (request, reply) => {
        await sendRun(reply, await chat.send(callerOf(request), request.body), createUiFormat())
        return reply
      },
    )

    app.get(
      '/chat/ui/:session_id/stream',
      {
        config,
        // A HEAD would hold a stream open that nothing is sent on.
        exposeHeadRoute: false,
        schema: {
          tags,
          summary: 'The answer that is being made in a conversation, from its start, as `useChat` reads it',
          description:
            "The session is named by its id or by the client's own. 204 when no answer is being made, or there is no such " +
            'conversation of yours.',
          params: z.object({ session_id: z.string().min(1).max(200) }),
          response: { 200: uiStream, 204: z.null() },
        },
      },
      async (request, reply) => {
        const feed = await chat.resume(callerOf(request), request.params.session_id)
        if (!feed) return reply.code(204).send(null)
        await sendRun(reply, feed, createUiFormat())
        return reply
      },
    )
  }
}
