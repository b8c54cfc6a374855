import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { errorForLog } from './error-for-log.ts'

/** Log is the structured logger; its lines are JSON on standard output. */
export type Log = Logger

// Wherever a secret could stand in what is logged. Bodies are never logged at all.
const SECRETS = [
  'password',
  'current_password',
  'new_password',
  'token',
  'access_token',
  'refresh_token',
  'api_key',
  'apiKey',
  'secret',
  'secretKey',
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
]
const dotted = (prefix: string, name: string) => (name.startsWith('[') ? `${prefix}${name}` : `${prefix}.${name}`)

/** createLog makes the logger; secrets are replaced wherever they could stand. Lines go to `destination` where given. */
export function createLog(options: { level: string }, destination?: DestinationStream): Log {
  const settings: LoggerOptions = {
    level: options.level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRETS.flatMap((name) => [
        name,
        dotted('*', name),
        dotted('req.headers', name),
        dotted('res.headers', name),
      ]),
      censor: '[redacted]',
    },
    serializers: {
      // The address without its query: a reset token or a search for a name has no place in a log.
      req: (request: { method: string; url: string; ip?: string }) => ({
        method: request.method,
        path: request.url.split('?')[0],
        ip: request.ip,
      }),
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
      err: (error: unknown) => errorForLog(error),
    },
  }
  return destination ? pino(settings, destination) : pino(settings)
}
