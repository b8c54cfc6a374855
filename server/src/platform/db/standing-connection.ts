import pg from 'pg'

/** StandingConnection is one connection beside the pool, for what belongs to a session: LISTEN, and locks of a process. */
export type StandingConnection = {
  /** open connects; it resolves when that has succeeded or failed once, and goes on trying by itself. */
  open(): Promise<void>
  close(): Promise<void>
}

const RECONNECT_MS = 250
const CONNECT_TIMEOUT_MS = 5_000

/**
 * createStandingConnection makes one to the database of a pool, not opened yet. Whenever it has connected, `onOpen` prepares the
 * session; failing there counts as not connected. Whenever it is lost, `onLost` is told, and it connects anew.
 */
export function createStandingConnection(options: {
  pool: pg.Pool
  applicationName: string
  onOpen: (client: pg.Client) => Promise<void>
  onLost: () => void
  onNotification: (payload: string) => void
  onError: (error: unknown) => void
}): StandingConnection {
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let isClosed = false

  function lose(lost: pg.Client): void {
    if (client !== lost) return
    client = undefined
    options.onLost()
    lost.end().catch(() => {})
    if (!isClosed) retry = setTimeout(() => void connect(), RECONNECT_MS).unref()
  }

  async function connect(): Promise<void> {
    const { connectionString, host, port, user, password, database, ssl } = options.pool.options
    const fresh = new pg.Client({
      connectionString,
      host,
      port,
      user,
      password,
      database,
      ssl,
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    })
    client = fresh
    fresh.on('notification', ({ payload }) => options.onNotification(payload ?? ''))
    fresh.on('error', () => lose(fresh))
    fresh.on('end', () => lose(fresh))
    try {
      await fresh.connect()
      await options.onOpen(fresh)
    } catch (error) {
      options.onError(error)
      lose(fresh)
    }
  }

  return {
    open: connect,
    async close() {
      isClosed = true
      clearTimeout(retry)
      const last = client
      client = undefined
      await last?.end().catch(() => {})
    },
  }
}
