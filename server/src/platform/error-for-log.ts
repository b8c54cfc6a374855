/** LoggedError is what a log line says of an error. */
export type LoggedError = {
  type: string
  message: string
  code?: string
  /** What a server that was asked answered with. */
  status?: number
  /** Where a failed statement hurt itself: names of the schema, never values. */
  constraint?: string
  stack?: string
  cause?: LoggedError | string
}

const DEEPEST_CAUSE = 5
// The query builder's message ends with the values of the statement: names, addresses, password hashes.
const VALUES = /\nparams: [\s\S]*$/

/**
 * errorForLog picks what a log line says of an error: its kind, message, code and stack, and the same of its causes. All
 * else that errors carry stays out, since drivers and clients hang whole connections, requests and rows on theirs.
 */
export function errorForLog(error: unknown, depth = 0): LoggedError | string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : `a thrown ${typeof error}`
  const code = valueOf(error, 'code')
  const status = valueOf(error, 'statusCode')
  const constraint = valueOf(error, 'constraint')
  return {
    type: error.name === 'Error' || error.name === 'error' ? error.constructor.name : error.name,
    message: messageOf(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
    ...(error.stack === undefined ? {} : { stack: framesOf(error.stack) }),
    ...(error.cause === undefined || depth >= DEEPEST_CAUSE ? {} : { cause: errorForLog(error.cause, depth + 1) }),
  }
}

// A stack begins with the message, which is said already, and may hold more than may be said.
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}

// Addresses of one host that all refuse arrive as one error without a message of its own.
function messageOf(error: Error): string {
  if (error.message === '' && error instanceof AggregateError)
    return error.errors.map((inner) => (inner instanceof Error ? inner.message : '')).join('; ')
  return error.message.replace(VALUES, '')
}

const valueOf = (error: Error, name: string): unknown => Reflect.get(error, name)
