import { type Problem, problem } from '../errors.ts'
import { pgErrorCode } from './database.ts'

// Connection refused or reset (Node), or the pool gave up waiting (pg's own messages carry no code).
const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])
const LOST_MESSAGE =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|cannot use a pool after calling end/i
// SQLSTATE: class 08 connection exceptions, 57P0x shutdown and start-up, 53xxx out of resources, 25006 read-only standby.
const AWAY = /^(08...|57P0[1-5]|53...|25006)$/
// Lock and statement time limits, deadlocks, serialisation: worth another try.
const BUSY = new Set(['55P03', '57014', '40P01', '40001'])

/** databaseTrouble is the 503 for an error that means "the database is away or too busy", or undefined for others. */
export function databaseTrouble(error: unknown): Problem | undefined {
  const code = pgErrorCode(error)
  if (code !== undefined) {
    if (AWAY.test(code)) return away(error)
    if (BUSY.has(code))
      return problem.unavailable('busy', 'Too much is going on right now. Please try again.', { cause: error })
    // A NUL, or an encoding that no text has, which slipped past validation: bad input, not bad luck.
    if (code === '22021' || code === '22P05') return problem.invalid('A text has characters that cannot be stored.')
    return undefined
  }
  for (let at = error; at instanceof Error; at = at.cause) {
    if (
      ('code' in at && typeof at.code === 'string' && LOST.has(at.code) && 'syscall' in at) ||
      LOST_MESSAGE.test(at.message)
    )
      return away(error)
  }
  return undefined
}

const away = (cause: unknown) =>
  problem.unavailable('database_unavailable', 'The database is away for a moment. Please try again.', { cause })
