import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { z } from 'zod'
import { lastAppliedMigration } from '../platform/db/migrate.ts'
import { StartupRefusal } from '../platform/startup-refusal.ts'
import { version } from '../version.ts'
import { type BackupHeader, FORMAT, frame, RowSeal } from './backup-format.ts'
import { writeBackup } from './backup-writer.ts'
import { secretMark, secretOf } from './installation-secret.ts'
import { withOperatorClient } from './operator-client.ts'
import { createProgress, type Progress } from './progress.ts'
import { type CatalogTable, quoted, readCounters, readTables } from './table-catalog.ts'

// What COPY hands out a row at a time is gathered into frames of about this size.
const FRAME_BYTES = 256 * 1024

/** Installation is where the data of a Tangga lies and by what secret key, if it is not a generated one. */
export type Installation = { connection: pg.PoolConfig; dataDir: string; secretKey: string | undefined }

/** BackedUp is what a backup holds. */
export type BackedUp = { tables: number; rows: number; bytes: number; holdsSecretKey: boolean }

type BackupOptions = Installation & { file: string; progress?: (total: number) => Progress; now?: () => Date }

/**
 * backup writes everything that the installation knows into one file, as of one moment, while it may go on working. The
 * schema is taken as it is, so that the tool of a new version can back an old one up before the upgrade.
 */
export async function backup(options: BackupOptions): Promise<BackedUp> {
  return withOperatorClient({ connection: options.connection, name: 'backup' }, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const migration = await lastAppliedMigration(client)
    if (migration === 0) throw new StartupRefusal('There is nothing to back up: this database has no Tangga in it.')
    const tables = await readTables(client)
    const header = await describe(client, { options, migration, tables })
    const total = tables.reduce((sum, table) => sum + Math.max(0, table.rows), 0)
    const progress = (options.progress ?? ((rows) => createProgress({ label: 'backup', total: rows, unit: 'rows' })))(
      total,
    )
    const counts = { tables: tables.length, rows: 0 }
    const bytes = await writeBackup(options.file, framesOf(client, { header, tables, counts, progress }))
    progress.done()
    return { ...counts, bytes, holdsSecretKey: header.secret_key !== null }
  })
}

async function describe(
  client: pg.Client,
  { options, migration, tables }: { options: BackupOptions; migration: number; tables: CatalogTable[] },
): Promise<BackupHeader> {
  const secret = await secretOf(options)
  const { rows } = await client.query('SHOW server_version')
  return {
    format: FORMAT,
    tangga: version,
    created_at: (options.now?.() ?? new Date()).toISOString(),
    migration,
    postgres: z.object({ server_version: z.string() }).parse(rows[0]).server_version,
    // A key that somebody chose is theirs to keep, and may serve other installations.
    secret_key: secret?.isGenerated ? secret.key : null,
    secret_mark: secret ? secretMark(secret.key) : null,
    // Counters belong to no snapshot: read now, they stand at or beyond every row that the snapshot shows.
    counters: await countersOf(client, tables),
  }
}

async function countersOf(client: pg.Client, tables: CatalogTable[]): Promise<BackupHeader['counters']> {
  const counters: BackupHeader['counters'] = []
  for (const { table, column, sequence } of await readCounters(client, tables)) {
    const { rows } = await client.query(`SELECT last_value::text AS value, is_called FROM ${sequence}`)
    counters.push({ table, column, ...z.object({ value: z.string(), is_called: z.boolean() }).parse(rows[0]) })
  }
  return counters
}

type Contents = {
  header: BackupHeader
  tables: CatalogTable[]
  counts: { tables: number; rows: number }
  progress: Progress
}

async function* framesOf(client: pg.Client, { header, tables, counts, progress }: Contents): AsyncGenerator<Buffer> {
  yield frame('H', header)
  for (const { name, columns } of tables) {
    yield frame('T', { name, columns })
    const seal = new RowSeal()
    const copy = `COPY (SELECT ${columns.map(quoted).join(', ')} FROM ${quoted(name)}) TO STDOUT`
    for await (const bytes of gathered(client.query(copyTo(copy)))) {
      progress.advance(seal.add(bytes))
      yield frame('D', bytes)
    }
    yield frame('E', seal.end())
    counts.rows += seal.rows
  }
  yield frame('Z', counts)
}

async function* gathered(chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    const rows = z.instanceof(Buffer).parse(chunk)
    held.push(rows)
    bytes += rows.length
    if (bytes < FRAME_BYTES) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(held)
}
