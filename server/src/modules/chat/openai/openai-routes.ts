import { z } from 'zod'
import { problem } from '../../../platform/errors.ts'
import type { App } from '../../../platform/http/app-types.ts'
import { errorHandler } from '../../../platform/http/problem-handler.ts'
import { callerOf } from '../../auth/index.ts'
import { sendRun } from '../send-run.ts'
import {
  ADVISOR_MODEL,
  completionOf,
  createOpenAiFormat,
  openAiChunk,
  openAiCompletion,
  runProblem,
} from './openai-answer.ts'
import { endOf, type OpenAiChat } from './openai-chat.ts'
import { openAiError, sendOpenAiError } from './openai-error.ts'
import { openAiRequest } from './openai-request.ts'

const config = { access: 'personal' } as const
const tags = ['OpenAI-compatible']
// Compared and never shown, so they are taken as they are; empty ones are none.
const clientId = z
  .string()
  .max(200)
  .transform((text) => text || undefined)
  .optional()

const errors = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: 'An error, in the form of the OpenAI interface',
        content: { 'application/json': { schema: openAiError } },
      },
    ]),
  )

const advisor = { id: ADVISOR_MODEL, object: 'model', created: 1_763_769_600, owned_by: 'tangga' } as const
const model = z
  .object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() })
  .meta({ id: 'OpenAiModel' })

/** openAiRoutes are the chat for clients of the OpenAI interface. Their errors have its form, too. */
export function openAiRoutes({ chat }: { chat: OpenAiChat }): (app: App) => Promise<void> {
  return async (app) => {
    app.setErrorHandler(errorHandler(sendOpenAiError))
    app.setNotFoundHandler((_request, reply) =>
      sendOpenAiError(reply, problem.notFound('no_such_address', 'There is nothing at this address.')),
    )

    app.get(
      '/models',
      {
        config,
        schema: {
          tags,
          summary: 'The one model there is, the advisor',
          response: { 200: z.object({ object: z.literal('list'), data: z.array(model) }), ...errors(401, 429, 503) },
        },
      },
      async () => ({ object: 'list' as const, data: [advisor] }),
    )

    app.post(
      '/chat/completions',
      {
        config,
        schema: {
          tags,
          summary: 'Ask the advisor as clients of the OpenAI interface do',
          description:
            'Only what the user said is read: the newest message is asked, and the earlier ones tell which conversation ' +
            'goes on, after which answer. `X-Conversation-Id` (or `X-OpenWebUI-Chat-Id`) names it exactly; then the newest ' +
            'message is enough. System messages, tools and sampling settings are not used. The answer is made and stored ' +
            'whether or not anyone listens. `Idempotency-Key` makes a retry safe.',
          headers: z.looseObject({
            'x-conversation-id': clientId,
            'x-openwebui-chat-id': clientId,
            'idempotency-key': clientId,
            'x-stainless-retry-count': z.string().optional(),
          }),
          body: openAiRequest,
          response: {
            200: {
              description: 'The answer: whole, or with `stream` in chunks that end with `[DONE]`.',
              content: {
                'application/json': { schema: openAiCompletion },
                'text/event-stream': { schema: openAiChunk },
              },
            },
            ...errors(400, 401, 404, 409, 413, 415, 422, 429, 500, 503, 504),
          },
        },
      },
      async (request, reply) => {
        const { headers, body } = request
        const feed = await chat.send(callerOf(request), body, {
          conversation: headers['x-conversation-id'] ?? headers['x-openwebui-chat-id'],
          idempotencyKey: headers['idempotency-key'],
          isRetry: Number(headers['x-stainless-retry-count'] ?? 0) > 0,
        })
        if (body.stream) {
          const includeUsage = body.stream_options?.include_usage ?? false
          await sendRun(reply, feed, createOpenAiFormat(feed.runId, { includeUsage }))
          return reply
        }
        const gone = new AbortController()
        const hangUp = () => gone.abort()
        reply.raw.once('close', hangUp)
        // Who left while the run was begun is not heard of again.
        if (reply.raw.destroyed) hangUp()
        try {
          const end = await endOf(feed, gone.signal)
          if (end?.type === 'RunFailed') throw runProblem(end)
          // Nobody is there to read it any more; the run goes on.
          if (end?.type !== 'RunFinished') return reply.hijack()
          return reply.header('x-run-id', feed.runId).send(completionOf(end))
        } finally {
          reply.raw.off('close', hangUp)
          feed.release()
        }
      },
    )
  }
}
