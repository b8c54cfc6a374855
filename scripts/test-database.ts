import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrate } from '../server/src/platform/db/migrate.ts'

/**
 * TestDatabase is a PostgreSQL for one run of the tests: `url` leads to a database to connect to while making others, and
 * `template` names a migrated one that every test file copies. `close` drops what the run has made.
 */
export type TestDatabase = { url: string; template: string; close(): Promise<void> }

/** startTestDatabase prepares the PostgreSQL at `externalUrl`, or an embedded one in a temporary folder where none is named. */
export async function startTestDatabase(options: {
  externalUrl: string | undefined
  root: string
}): Promise<TestDatabase> {
  if (options.externalUrl) return makeTemplate(options.externalUrl)
  throw new Error('set TEST_DATABASE_URL')
}

/** makeTemplate puts a migrated template database on the server at `url`, whose account must be allowed to make databases. */
async function makeTemplate(url: string): Promise<TestDatabase> {
  const template = `tangga_test_${randomBytes(4).toString('hex')}`
  await statements(url, async (client) => {
    await client.query(`CREATE DATABASE ${template}`)
  })
  await migrate({ connectionString: databaseUrl(url, template) })
  return {
    url,
    template,
    // Test files name their databases after the template and drop them; one that was killed could not.
    close: () =>
      statements(url, async (client) => {
        const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
          template,
        ])
        for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`)
      }),
  }
}

/** databaseUrl answers the connection string of another database on the same server. */
function databaseUrl(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

async function statements(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
