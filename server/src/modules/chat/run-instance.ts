import { randomInt } from 'node:crypto'
import type pg from 'pg'
import { createStandingConnection } from '../../platform/db/standing-connection.ts'
import type { Log } from '../../platform/logger.ts'

/** RUN_CHANNEL is where instances tell each other, by NOTIFY, which runs are to end: `run <id>` or `user <id>`. */
export const RUN_CHANNEL = 'tangga_runs'

/** INSTANCE_LOCKS is the first key of the advisory locks by which instances show that they live; the second is the number. */
export const INSTANCE_LOCKS = 0x7461_6e67

const LOCK_AGAIN_MS = 1_000

/** RunCommand asks for the end of one run, or of all runs of a user. */
export type RunCommand = { runId: string } | { userId: string }

/**
 * RunInstance is this process as the others see it: a number under which its runs are stored, and a lock of that number,
 * held by a connection for as long as the process lives. The system closes the connection of a process that is killed, and
 * the database then frees the lock: whoever can take it knows that the runs are nobody's any more.
 */
export type RunInstance = {
  /** The number of this process. */
  readonly id: number
  /** What new runs are stored with: the number, or 0 while the lock is not held, and then only their leases count. */
  readonly number: number
  /** Whether commands of other instances are heard. */
  readonly hears: boolean
  /** start connects, and resolves when the lock is held or could not be had at once; it goes on trying by itself. */
  start(): Promise<void>
  close(): Promise<void>
}

/** createRunInstance makes it; `onHearing` is told whenever commands begin to be heard, since some may have been missed. */
export function createRunInstance(options: {
  pool: pg.Pool
  log: Log
  onCommand: (command: RunCommand) => void
  onHearing: () => void
}): RunInstance {
  const { log } = options
  const id = randomInt(1, 2 ** 31)
  let holds = false
  let hears = false
  let lockAgain: NodeJS.Timeout | undefined

  async function lock(client: pg.Client): Promise<void> {
    // Never waited for: a lost connection of this very process may seem alive to the database for a while.
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS held', [
      INSTANCE_LOCKS,
      id,
    ])
    holds = rows[0]?.held === true
    if (!holds) lockAgain = setTimeout(() => void lock(client).catch(() => {}), LOCK_AGAIN_MS).unref()
  }

  const connection = createStandingConnection({
    pool: options.pool,
    applicationName: 'tangga runs',
    async onOpen(client) {
      await client.query('SET idle_session_timeout = 0')
      await client.query(`LISTEN ${RUN_CHANNEL}`)
      await lock(client)
      hears = true
      options.onHearing()
    },
    onLost() {
      holds = false
      hears = false
      clearTimeout(lockAgain)
    },
    onNotification(payload) {
      const command = parseRunCommand(payload)
      if (command) options.onCommand(command)
    },
    onError: (error) => log.debug({ err: error }, 'this instance cannot show that it lives yet'),
  })

  return {
    id,
    get number() {
      return holds ? id : 0
    },
    get hears() {
      return hears
    },
    start: connection.open,
    async close() {
      clearTimeout(lockAgain)
      await connection.close()
    },
  }
}

/** parseRunCommand reads a command as it goes between instances; undefined for what another version may send. */
export function parseRunCommand(payload: string): RunCommand | undefined {
  const [kind, id] = payload.split(' ')
  if (id === undefined) return undefined
  if (kind === 'run') return { runId: id }
  return kind === 'user' ? { userId: id } : undefined
}

/** runCommandText is a command as it goes between instances. */
export function runCommandText(command: RunCommand): string {
  return 'runId' in command ? `run ${command.runId}` : `user ${command.userId}`
}
