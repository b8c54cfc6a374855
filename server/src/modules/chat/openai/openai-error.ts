import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Problem } from '../../../platform/errors.ts'

/** openAiError is the body of an error answer in the form of the OpenAI interface. */
export const openAiError = z
  .object({
    error: z.object({
      message: z.string().describe('a sentence for a person'),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().describe('stable and machine-readable, as in the problems of the rest of the interface'),
    }),
  })
  .meta({ id: 'OpenAiError' })

const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
}

/** toOpenAiError gives a problem the form of the OpenAI interface. */
export function toOpenAiError({ status, code, detail, errors }: Problem): z.infer<typeof openAiError> {
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  return { error: { message: detail, type, param: errors?.[0]?.path ?? null, code } }
}

/** sendOpenAiError answers with a problem in the form of the OpenAI interface. */
export function sendOpenAiError(reply: FastifyReply, refusal: Problem): FastifyReply {
  return reply
    .code(refusal.status)
    .headers(refusal.headers)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(toOpenAiError(refusal))
}
