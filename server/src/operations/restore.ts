import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { z } from 'zod'
import { pgErrorCode } from '../platform/db/database.ts'
import { knownMigrations, lastAppliedMigration, migrate, migrateWithin } from '../platform/db/migrate.ts'
import { StartupRefusal } from '../platform/startup-refusal.ts'
import type { Installation } from './backup.ts'
import type { BackupHeader, TableFrame } from './backup-format.ts'
import { type BackupContents, type BackupFile, withBackup } from './backup-reader.ts'
import { loadInBulk } from './bulk-loading.ts'
import { keepSecret, secretMark, secretOf } from './installation-secret.ts'
import { withOperatorClient } from './operator-client.ts'
import { createProgress, type Progress } from './progress.ts'
import { type CatalogTable, quoted, readCounters, readTables } from './table-catalog.ts'

/** Restored is what a backup brought. */
export type Restored = {
  header: BackupHeader
  tables: number
  rows: number
  /** Whether the generated secret key of the backup now lies in the data folder. */
  keptSecretKey: boolean
}

type ShowProgress = (step: 'check' | 'restore' | 'index', total: number) => Progress

type RestoreOptions = Installation & {
  file: string
  /** Go on although what the backup's secret key has encrypted cannot be read here. */
  acceptOtherSecretKey?: boolean
  progress?: ShowProgress
}

/**
 * restore makes an empty installation what the backup was: the whole file is checked before anything is written, then
 * everything is loaded in one transaction into the schema of the time, and the schema is brought up to date. Whatever is
 * in the way is a StartupRefusal, and leaves the installation as it was.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const progress = options.progress ?? showProgress
  return withBackup(options.file, async (file) => {
    const checking = progress('check', await file.size())
    const contents = await file.check(checking.advance).finally(checking.done)
    const { header, tables, rows } = contents
    refuseUnknownSchema(header, options.file)
    const keptSecretKey = await withOperatorClient({ connection: options.connection, name: 'restore' }, (client) =>
      load(client, { options, file, contents, progress }),
    )
    await migrate(options.connection)
    await withOperatorClient({ connection: options.connection, name: 'restore' }, (client) => client.query('ANALYZE'))
    return { header, tables: tables.length, rows, keptSecretKey }
  })
}

const UNITS = { check: 'bytes', restore: 'rows', index: 'keys' } as const

const showProgress: ShowProgress = (step, total) => createProgress({ label: step, total, unit: UNITS[step] })

function refuseUnknownSchema(header: BackupHeader, file: string): void {
  const known = knownMigrations().map(({ folderMillis }) => folderMillis)
  if (known.includes(header.migration)) return
  throw new StartupRefusal(
    header.migration > Math.max(...known)
      ? `${file} was made by a newer Tangga (${header.tangga}): restore it with that version or a newer one.`
      : `${file} was made by a Tangga (${header.tangga}) whose tables this version does not know.`,
  )
}

type Loading = {
  options: RestoreOptions
  file: BackupFile
  contents: BackupContents
  progress: ShowProgress
}

async function load(client: pg.Client, { options, file, contents, progress }: Loading): Promise<boolean> {
  const { header } = contents
  let forgetSecret: (() => Promise<void>) | undefined
  await client.query('BEGIN')
  try {
    if ((await lastAppliedMigration(client)) > header.migration) {
      await refuseInhabited(client)
      throw new StartupRefusal(
        'The tables here are newer than the backup: restore into a database or DATA_DIR without any. The restored tables are brought up to date.',
      )
    }
    await migrateWithin(client, header.migration)
    await refuseInhabited(client)
    const key = await secretToKeep(options, header)
    const targets = await readTables(client)
    const plan = planOf(contents.tables, targets, options.file)
    for (const { name } of targets) await client.query(`ALTER TABLE ${quoted(name)} DISABLE TRIGGER USER`)
    // What a new installation is seeded with is in the backup too, or was deleted there.
    await client.query(`TRUNCATE ${targets.map(({ name }) => quoted(name)).join(', ')}`)
    await loadInBulk(client, {
      tables: targets.map(({ name }) => name),
      async load() {
        const loading = progress('restore', contents.rows)
        await loadRows(client, file, loading).finally(loading.done)
      },
      progress: (total) => progress('index', total),
    })
    for (const target of plan) await renewBounds(client, target)
    await setCounters(client, header, targets)
    for (const { name } of targets) await client.query(`ALTER TABLE ${quoted(name)} ENABLE TRIGGER USER`)
    if (key !== undefined) forgetSecret = await keepSecret(options.dataDir, key)
    await client.query('COMMIT')
    return key !== undefined
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    await forgetSecret?.()
    throw asRefusal(error, options.file)
  }
}

// Rows that the tables do not take, and a database that holds other things by the same names, are no fault of this program.
function asRefusal(error: unknown, file: string): unknown {
  const code = pgErrorCode(error)
  if (!code || !/^(22|23|42|53)/.test(code) || !(error instanceof Error)) return error
  return new StartupRefusal(`${file} cannot be loaded here, so nothing was restored: ${error.message} (${code}).`, {
    cause: error,
  })
}

async function refuseInhabited(client: pg.Client): Promise<void> {
  await client.query('LOCK TABLE users, businesses IN ACCESS EXCLUSIVE MODE')
  const { rows } = await client.query(
    'SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM businesses) AS inhabited',
  )
  if (z.object({ inhabited: z.boolean() }).parse(rows[0]).inhabited)
    throw new StartupRefusal(
      'This installation has users or businesses. A backup is restored into an empty one only: name a new DATA_DIR or an empty database.',
    )
}

// The key that is to be stored here, or undefined where the one that is here stays.
async function secretToKeep(options: RestoreOptions, header: BackupHeader): Promise<string | undefined> {
  if (header.secret_mark === null) return undefined
  const here = await secretOf(options)
  if (here && secretMark(here.key) === header.secret_mark) return undefined
  if (!here && header.secret_key !== null) return header.secret_key
  if (options.acceptOtherSecretKey) return undefined
  throw new StartupRefusal(
    (header.secret_key === null
      ? 'The backup was made with a SECRET_KEY of its own, which it does not hold: set SECRET_KEY to the same one'
      : 'The backup holds its secret key, and another one is set or lies in DATA_DIR here: unset SECRET_KEY, or name a new DATA_DIR') +
      ', or add --other-secret-key and renew the secrets of all webhooks afterwards.',
  )
}

function planOf(sources: TableFrame[], targets: CatalogTable[], file: string): CatalogTable[] {
  return sources.map(({ name, columns }) => {
    const target = targets.find((table) => table.name === name)
    const unknown = target ? columns.find((column) => !target.columns.includes(column)) : name
    if (!target || unknown !== undefined)
      throw new StartupRefusal(`${file} has ${name}.${unknown}, which this version of Tangga does not know.`)
    return target
  })
}

async function loadRows(client: pg.Client, file: BackupFile, progress: Progress): Promise<void> {
  let copy: ReturnType<typeof openCopy> | undefined
  try {
    for await (const part of file.parts()) {
      if (part.kind === 'table') copy = openCopy(client, part.table)
      if (part.kind === 'rows') {
        await copy?.write(part.bytes)
        progress.advance(part.rows)
      }
      if (part.kind === 'table_end') {
        await copy?.end()
        copy = undefined
      }
    }
  } catch (error) {
    // Only this lets the connection take another statement.
    await copy?.abort()
    throw error
  }
}

function openCopy(client: pg.Client, { name, columns }: TableFrame) {
  const stream = client.query(copyFrom(`COPY ${quoted(name)} (${columns.map(quoted).join(', ')}) FROM STDIN`))
  const done = finished(stream)
  // It is awaited at the end; until then a failure must not count as unhandled.
  done.catch(() => undefined)
  return {
    async write(bytes: Buffer): Promise<void> {
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), done])
    },
    async end(): Promise<void> {
      stream.end()
      await done
    },
    async abort(): Promise<void> {
      stream.destroy()
      await done.catch(() => undefined)
    },
  }
}

// Tails that remember up to which transaction they have read: ids of another cluster mean nothing here, and may be larger
// than any here for a long time. All restored rows are of this transaction, so a tail begins with them; one that also
// keeps the place whose transactions it counts finds out by itself that it has moved, even into the same database.
async function renewBounds(client: pg.Client, { name, bounds, columns }: CatalogTable): Promise<void> {
  const renewed = bounds.map((column) => `${quoted(column)} = pg_current_xact_id()`)
  if (renewed.length > 0 && columns.includes('place')) renewed.push("place = 'restored'")
  if (renewed.length > 0) await client.query(`UPDATE ${quoted(name)} SET ${renewed.join(', ')}`)
}

async function setCounters(client: pg.Client, header: BackupHeader, targets: CatalogTable[]): Promise<void> {
  for (const { table, column, sequence } of await readCounters(client, targets)) {
    const found = header.counters.find((counter) => counter.table === table && counter.column === column)
    if (found) await client.query('SELECT setval($1::regclass, $2, $3)', [sequence, found.value, found.is_called])
  }
}
