import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { finished } from 'node:stream/promises'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { databaseTrouble } from '../db/database-trouble.ts'
import { Problem, problem } from '../errors.ts'

const LONGEST_REST_MS = 5_000

/** problemDocument is the body of an error answer (RFC 9457). */
export function problemDocument(refusal: Problem): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: STATUS_CODES[refusal.status] ?? 'Error',
    status: refusal.status,
    detail: refusal.detail,
    code: refusal.code,
    ...(refusal.errors ? { errors: refusal.errors } : {}),
    ...refusal.extra,
  }
}

/** sendProblem answers with the problem; what the caller may not see stays in the log. */
export function sendProblem(reply: FastifyReply, refusal: Problem): FastifyReply {
  return reply
    .code(refusal.status)
    .headers(refusal.headers)
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problemDocument(refusal))
}

/**
 * errorHandler turns whatever was thrown into a problem, which `send` answers with; only what nobody foresaw is a 500, and
 * is logged.
 */
export function errorHandler(send: (reply: FastifyReply, refusal: Problem) => FastifyReply) {
  return async (error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const refusal = toProblem(error)
    // What was foreseen, such as a database that is away, is a warning; the rest is a mistake of ours.
    if (refusal.status >= 500) request.log[refusal.status === 500 ? 'error' : 'warn']({ err: error }, 'request failed')
    if (refusal.status === 413) {
      await restOfBody(request)
      reply.removeHeader('connection')
    }
    return send(reply, refusal)
  }
}

/** handleError answers whatever was thrown with a problem document. */
export const handleError = errorHandler(sendProblem)

// Whoever is hung up on while still sending never reads the answer. So the rest is read and dropped, for a while.
async function restOfBody({ raw }: FastifyRequest): Promise<void> {
  raw.resume()
  await finished(raw, { writable: false, signal: AbortSignal.timeout(LONGEST_REST_MS) }).catch(() => {})
}

/** toProblem is the problem that an error of whatever kind is answered as. */
export function toProblem(error: Error & Partial<FastifyError>): Problem {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = error.validationContext
    return problem.invalid(
      error.validation.map((issue) => ({
        path: issue.instancePath.split('/').filter(Boolean).join('.') || (where ?? 'body'),
        message: issue.message ?? 'is not valid',
      })),
    )
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem(413, 'body_too_large', 'The body may have at most 1 MiB.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem(415, 'unsupported_media_type', 'Send the body as application/json.')
    case 'FST_ERR_BAD_URL':
      return problem.badRequest('malformed_address', 'The address is not well formed.')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return problem.notFound('no_such_address', 'There is nothing at this address.')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem.badRequest('malformed_json', 'The body is not valid JSON.')
  }
  const trouble = databaseTrouble(error)
  if (trouble) return trouble
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return new Problem(error.statusCode, 'bad_request', error.message)
  return new Problem(500, 'internal', 'Something went wrong on our side. Please try again.', { cause: error })
}
