import pg from 'pg'
import { StartupRefusal } from '../../startup-refusal.ts'
import { systemErrorCode } from '../system-error.ts'
import { superuser } from './cluster.ts'

/** Session is one connection of the supervisor, as superuser, to the maintenance database. */
export type Session = {
  client: pg.Client
  /** ended resolves once the connection is gone, for whatever reason. */
  ended: Promise<void>
}

/** Answer says what stands behind the socket: a session, a server that is coming up or going down, or nothing. */
export type Answer = Session | 'not-ready' | 'absent'

/** openSession tries once to log in through the socket in a folder. */
export async function openSession(socketFolder: string, password: string): Promise<Answer> {
  const client = new pg.Client({
    host: socketFolder,
    port: 5432,
    user: superuser,
    password,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5_000,
    application_name: 'tangga supervisor',
  })
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  // What ends a session is told by `ended`; without a listener the event would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return { client, ended }
  } catch (error) {
    await client.end().catch(() => undefined)
    return whatRefused(error, socketFolder)
  }
}

const passing = new Set(['57P03', '57P01', '57P02', '53300', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

/** isSession tells a session from the answers that are none. */
export function isSession(answer: Answer): answer is Session {
  return typeof answer === 'object'
}

/** whatRefused throws what a person must act on and what nobody foresaw; the rest is answered. */
function whatRefused(error: unknown, socketFolder: string): 'not-ready' | 'absent' {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'absent'
  if (code === 'EACCES' || code === 'EPERM') {
    throw new StartupRefusal(`The database's socket in ${socketFolder} belongs to another account: use that account.`)
  }
  const invalidPassword = '28P01'
  if (code === invalidPassword) {
    throw new StartupRefusal(
      `The database in use at ${socketFolder} does not take the stored password: ` +
        'restore the file database-password that belongs to this data folder from a backup.',
    )
  }
  // cannot_connect_now (starting, recovering, shutting down), the two shutdowns, no slot free, cut off in the middle.
  if (code === undefined || passing.has(code)) return 'not-ready'
  throw error
}
