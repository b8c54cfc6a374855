import { fileURLToPath } from 'node:url'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { StartupRefusal } from '../startup-refusal.ts'
import { newClient } from './database.ts'

/** migrationsFolder holds the generated and hand-written migrations, forward only. */
export const migrationsFolder = fileURLToPath(new URL('../../../migrations', import.meta.url))

// Any constant will do; it keeps several instances that start at once from migrating side by side.
const MIGRATION_LOCK = 7_261_001

/**
 * migrate brings the schema up to date under an advisory lock. A schema that is newer than this program is refused
 * with a StartupRefusal, since an old program would misread it.
 */
export async function migrate(connection: pg.PoolConfig): Promise<void> {
  const client = newClient({ ...connection, application_name: 'tangga migrations' })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const known = lastOf(knownMigrations())
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

/** knownMigrations are the migrations of this program in order; `folderMillis` is the time that names each. */
export function knownMigrations(): MigrationMeta[] {
  return readMigrationFiles({ migrationsFolder })
}

/**
 * migrateWithin runs the migrations up to the one of that time, included, inside the caller's transaction, which also
 * holds other migrations off until it ends. It answers the time of the last migration that the schema then has.
 */
export async function migrateWithin(client: pg.Client, until: number): Promise<number> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS drizzle;
    CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`)
  const applied = await lastAppliedMigration(client)
  const due = knownMigrations().filter(({ folderMillis }) => folderMillis > applied && folderMillis <= until)
  for (const { sql, hash, folderMillis } of due) {
    for (const statement of sql) await client.query(statement)
    await client.query('INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ($1, $2)', [
      hash,
      folderMillis,
    ])
  }
  return Math.max(applied, lastOf(due))
}

const lastOf = (migrations: MigrationMeta[]) => Math.max(0, ...migrations.map(({ folderMillis }) => folderMillis))

/** lastAppliedMigration is the time of the last migration that a database has, 0 for one that has none. */
export async function lastAppliedMigration(client: pg.Client): Promise<number> {
  const {
    rows: [found],
  } = await client.query("SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS present")
  if (!found.present) return 0
  const {
    rows: [last],
  } = await client.query('SELECT coalesce(max(created_at), 0) AS at FROM drizzle.__drizzle_migrations')
  return Number(last.at)
}
