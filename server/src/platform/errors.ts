/** FieldError names one invalid value: `path` is dotted (`address.city`), `message` is a sentence for a person. */
export type FieldError = { path: string; message: string }

type ProblemOptions = {
  /** Values that stand at the top of the problem document beside the standard members. */
  extra?: Record<string, unknown>
  errors?: FieldError[]
  headers?: Record<string, string>
  cause?: unknown
}

/**
 * Problem is an error that is meant for the caller: it becomes an `application/problem+json` answer (RFC 9457).
 * `code` is stable and machine-readable, `detail` a sentence for a person; the cause stays in the log.
 */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly extra: Record<string, unknown>
  readonly errors: FieldError[] | undefined
  readonly headers: Record<string, string>

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.detail = detail
    this.extra = options.extra ?? {}
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }
}

/** problem makes the Problems that this service answers with; each names its HTTP status. */
export const problem = {
  /** 400 */
  badRequest: (code: string, detail: string) => new Problem(400, code, detail),
  /** 401 */
  unauthorized: (code = 'unauthorized', detail = 'Sign in to do this.') =>
    new Problem(401, code, detail, { headers: { 'www-authenticate': 'Bearer' } }),
  /** 403 */
  forbidden: (code = 'forbidden', detail = 'You may not do this.') => new Problem(403, code, detail),
  /** 404: absent and not yours are told apart by nobody. */
  notFound: (code = 'not_found', detail = 'There is no such thing here.') => new Problem(404, code, detail),
  /** 409 */
  conflict: (code: string, detail: string, extra?: Record<string, unknown>) =>
    new Problem(409, code, detail, extra ? { extra } : {}),
  /** 422 */
  invalid: (errors: FieldError[] | string, code = 'invalid') =>
    typeof errors === 'string'
      ? new Problem(422, code, errors)
      : new Problem(422, code, errors.map((error) => `${error.path}: ${error.message}`).join('; '), { errors }),
  /** 429 */
  tooMany: (detail: string, retryAfterSeconds: number, code = 'too_many_requests') =>
    new Problem(429, code, detail, {
      headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) },
    }),
  /** 503 */
  unavailable: (code: string, detail: string, options: ProblemOptions = {}) =>
    new Problem(503, code, detail, { ...options, headers: { 'retry-after': '1', ...options.headers } }),
}
