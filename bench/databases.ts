import { mkdtemp, chmod, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { migrate } from '../server/src/platform/db/migrate.ts'
import { openStore } from '../server/src/platform/db/open-store.ts'
import { EVENT } from './awards.ts'
import { seedBusinesses } from './seed.ts'

/** BenchDatabases is one temporary embedded PostgreSQL, as it is shipped: durable, reached over its socket. */
export type BenchDatabases = {
  /** create makes a migrated database with that many businesses, or a copy of another one. */
  create(name: string, content: { businesses: number } | { copyOf: string }): Promise<string>
  /** run runs one statement in a database. */
  run(name: string, statement: string): Promise<void>
  close(): Promise<void>
}

/** startDatabases starts the server in a temporary folder. */
export async function startDatabases(onProgress: (what: string) => void): Promise<BenchDatabases> {
  const folder = await mkdtemp(join(tmpdir(), 'tangga-bench-'))
  // As root, the database runs under another account, which must be able to pass through.
  await chmod(folder, 0o711)
  const store = await openStore({
    databaseUrl: undefined,
    dataDir: join(folder, 'data'),
    projectRoot: fileURLToPath(new URL('..', import.meta.url)),
    exclusive: true,
    log: { info: () => {}, warn: onProgress, error: onProgress },
  })
  return {
    async create(name, content) {
      await withClient(store.connection, (client) =>
        client.query(
          // Copying files makes a checkpoint, after which there are log files to write anew, as where a server has run for a
          // while: making one takes as long as writing it full.
          'copyOf' in content
            ? `CREATE DATABASE ${name} TEMPLATE ${content.copyOf} STRATEGY file_copy`
            : `CREATE DATABASE ${name}`,
        ),
      )
      const url = connectionUrl(store.connection, name)
      if ('businesses' in content) {
        const { businesses } = content
        await migrate({ connectionString: url })
        await withClient({ connectionString: url }, async (client) => {
          await client.query(
            `INSERT INTO point_rules (id, type, points, sources) VALUES (gen_random_uuid(), $1, 5, '{owner,api_key}')`,
            [EVENT],
          )
          await seedBusinesses(client, businesses, (made) =>
            onProgress(`${name}: ${made.toLocaleString('en')} businesses`),
          )
        })
      }
      return url
    },
    async run(name, statement) {
      await withClient({ connectionString: connectionUrl(store.connection, name) }, (client) => client.query(statement))
    },
    async close() {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function connectionUrl({ host, user, password }: pg.PoolConfig, database: string): string {
  if (typeof password !== 'string' || user === undefined || host === undefined)
    throw new Error('expected the embedded database to give a socket, a user and a password')
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(host)}`
}

async function withClient<T>(connection: pg.PoolConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
