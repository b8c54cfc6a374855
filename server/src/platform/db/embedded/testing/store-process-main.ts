import { realpath } from 'node:fs/promises'
import pg from 'pg'
import { StartupRefusal } from '../../../startup-refusal.ts'
import { openEmbedded } from '../embedded-database.ts'
import { storeProcessOptions } from './store-process.ts'
import type { StoreProcessLine } from './store-process.ts'

// The program of startStoreProcess, for tests. SIGTERM closes the database, SIGINT asks it
// something, SIGHUP ends the process without closing anything.

function say(line: StoreProcessLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const options = storeProcessOptions.parse(JSON.parse(process.argv[2] ?? ''))
const log = {
  info: (line: string) => say({ log: line }),
  warn: (line: string) => say({ log: line }),
  error: (line: string) => say({ log: line }),
}

try {
  const database = await openEmbedded({ ...options, log })
  const pool = new pg.Pool({ ...database.connection, max: 4 })
  pool.on('error', () => undefined)
  await pool.query('create table if not exists acknowledged (id integer primary key)')
  const count = async () => (await pool.query<{ n: number }>('select count(*)::int as n from acknowledged')).rows[0]?.n

  const stop = async () => {
    await pool.end()
    await database.close()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop())
  process.on('SIGHUP', () => process.exit(3))
  process.on('SIGINT', () => void count().then((n) => say({ rowsAfterInterrupt: n ?? -1 })))
  // Keeps the process alive; a real server has its listening socket for that.
  setInterval(() => undefined, 60_000)
  say({ ready: { dataDir: await realpath(database.dataDir), uid: process.getuid?.() ?? -1 } })

  for (let id = (await count()) ?? 0; options.writes; id++) {
    await pool.query('insert into acknowledged values ($1)', [id])
    say({ written: id })
  }
} catch (error) {
  if (!(error instanceof StartupRefusal)) throw error
  say({ refused: error.message })
  process.exit(1)
}
