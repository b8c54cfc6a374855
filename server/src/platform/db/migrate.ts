import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { z } from 'zod'
import { StartupRefusal } from '../startup-refusal.ts'

/** migrationsFolder holds the generated and hand-written migrations, forward only. */
export const migrationsFolder = fileURLToPath(new URL('../../../migrations', import.meta.url))

// Any constant will do; it keeps several instances that start at once from migrating side by side.
const MIGRATION_LOCK = 7_261_001

const journalSchema = z.object({ entries: z.array(z.object({ when: z.number() })) })

/**
 * migrate brings the schema up to date under an advisory lock. A schema that is newer than this program is refused
 * with a StartupRefusal, since an old program would misread it.
 */
export async function migrate(connection: pg.PoolConfig): Promise<void> {
  const client = new pg.Client({ ...connection, application_name: 'tangga migrations' })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const known = await lastKnownMigration()
    const applied = await lastAppliedMigration(client)
    if (applied > known)
      throw new StartupRefusal(
        'The database was written by a newer Tangga. Start that version, or restore a backup made before the upgrade.',
      )
    if (applied < known) await applyMigrations(drizzle(client), { migrationsFolder })
  } finally {
    await client.end()
  }
}

async function lastKnownMigration(): Promise<number> {
  const journal = journalSchema.parse(JSON.parse(await readFile(`${migrationsFolder}/meta/_journal.json`, 'utf8')))
  return Math.max(0, ...journal.entries.map((entry) => entry.when))
}

async function lastAppliedMigration(client: pg.Client): Promise<number> {
  const {
    rows: [found],
  } = await client.query("SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS present")
  if (!found.present) return 0
  const {
    rows: [last],
  } = await client.query('SELECT coalesce(max(created_at), 0) AS at FROM drizzle.__drizzle_migrations')
  return Number(last.at)
}
