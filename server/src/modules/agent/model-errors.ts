import { APICallError, JSONParseError, TypeValidationError } from '@ai-sdk/provider'
import { z } from 'zod'

/** ModelProblem is what an error of a model server means to a run. */
export type ModelProblem = {
  code: 'model_unavailable' | 'model_rate_limited'
  /** Whether asking again at once may help. */
  retryable: boolean
  /** What the server asked for, rounded up. */
  retryAfterSeconds?: number
  /** Says what happened without the key, the request or the conversation, so that it can be logged. */
  cause: Error
}

/** ExplainModelError tells what an error of the model means; it knows the secrets that no log may hold. */
export type ExplainModelError = (error: unknown) => ModelProblem

const CAUSE_CHARACTERS = 300

// What servers send as `error` inside a stream that has already begun.
const streamedError = z.union([
  z.string().transform((message) => ({ message, code: undefined, type: undefined, statusCode: undefined })),
  z.looseObject({
    message: z.string().optional(),
    code: z.union([z.string(), z.number()]).nullish(),
    type: z.string().nullish(),
    statusCode: z.number().nullish(),
  }),
])

/**
 * modelErrorExplainer makes an ExplainModelError. The provider's own errors carry the request with the whole
 * conversation, and servers like to repeat the key in their messages; neither gets past here.
 */
export function modelErrorExplainer(options: { secrets: string[]; now: () => Date }): ExplainModelError {
  const secrets = options.secrets.filter((secret) => secret !== '')
  const clean = (text: string) =>
    secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text).slice(0, CAUSE_CHARACTERS)

  return (error) => {
    if (APICallError.isInstance(error) && error.statusCode !== undefined && error.statusCode !== 200) {
      return explainStatus(error.statusCode, clean(error.message), retryAfter(error.responseHeaders, options.now()))
    }
    if (error instanceof Error) {
      const network = networkCode(error)
      // These two quote what they could not read, which is a piece of the conversation.
      const quotes = JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)
      const message = quotes ? 'what the model server sent cannot be read' : error.message
      const cause = new Error(clean(`${error.name}${network ? ` ${network}` : ''}: ${message}`))
      return { code: 'model_unavailable', retryable: network !== undefined, cause }
    }
    const parsed = streamedError.safeParse(error)
    const { message = 'no message', code, type, statusCode: status } = parsed.success ? parsed.data : {}
    const limited =
      [code, status].some((value) => String(value) === '429') ||
      [code, type].some((name) => String(name).includes('rate_limit'))
    const cause = new Error(clean(`the model server sent an error in its stream: ${message}`))
    return { code: limited ? 'model_rate_limited' : 'model_unavailable', retryable: false, cause }
  }
}

function explainStatus(status: number, message: string, retryAfterSeconds: number | undefined): ModelProblem {
  const hint =
    status === 401 || status === 403
      ? ' (check LLM_API_KEY)'
      : status === 404
        ? ' (check LLM_BASE_URL and LLM_MODEL_NAME)'
        : ''
  const cause = new Error(`the model server answered HTTP ${status}${hint}: ${message}`)
  if (status === 429) {
    // Without a Retry-After another attempt would only meet the same limit.
    return { code: 'model_rate_limited', retryable: retryAfterSeconds !== undefined, retryAfterSeconds, cause }
  }
  return { code: 'model_unavailable', retryable: status >= 500 || status === 408, retryAfterSeconds, cause }
}

// RFC 9110: Retry-After is a number of seconds or an HTTP date.
function retryAfter(headers: Record<string, string> | undefined, now: Date): number | undefined {
  const value = headers?.['retry-after']?.trim()
  if (!value) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - now.getTime()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

function networkCode(error: Error): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}
