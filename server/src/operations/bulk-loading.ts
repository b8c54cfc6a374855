import type pg from 'pg'
import { z } from 'zod'
import type { Progress } from './progress.ts'
import { quoted } from './table-catalog.ts'

const constraintRow = z.object({ table: z.string(), name: z.string(), kind: z.string(), definition: z.string() })
const indexRow = z.object({ name: z.string(), definition: z.string() })

// Keys and foreign keys of some tables, in the words that make them again. Example row: ('events', 'events_pkey', 'p',
// 'PRIMARY KEY (id)'). What a NOT NULL or a CHECK says is held by each row alone, and stays.
const CONSTRAINTS = `
  SELECT c.relname::text AS table, k.conname::text AS name, k.contype::text AS kind, pg_get_constraintdef(k.oid) AS definition
  FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1) AND k.contype IN ('f', 'p', 'u')
  ORDER BY c.relname, k.conname`

// Indexes that stand for themselves; those of keys come with their constraint.
const INDEXES = `
  SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1)
    AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
  ORDER BY 1`

type BulkLoading = {
  tables: string[]
  load: () => Promise<void>
  /** Shows how far it has come with putting back, given how many there are. */
  progress: (total: number) => Progress
}

/**
 * loadInBulk takes keys, foreign keys and indexes off some empty tables, loads them, and puts everything back as it was: an
 * index is made faster from all rows at once, and a foreign key checked faster. It must run inside a transaction, which
 * undoes all of it where a row turns out to break a key; and it locks the tables until that ends.
 */
export async function loadInBulk(client: pg.Client, { tables, load, progress }: BulkLoading): Promise<void> {
  const constraints = z.array(constraintRow).parse((await client.query(CONSTRAINTS, [tables])).rows)
  const indexes = z.array(indexRow).parse((await client.query(INDEXES, [tables])).rows)
  const foreignKeys = constraints.filter(({ kind }) => kind === 'f')
  const keys = constraints.filter(({ kind }) => kind !== 'f')

  for (const { table, name } of [...foreignKeys, ...keys])
    await client.query(`ALTER TABLE ${quoted(table)} DROP CONSTRAINT ${quoted(name)}`)
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)

  await load()

  await client.query("SET LOCAL maintenance_work_mem = '128MB'; SET LOCAL work_mem = '64MB'")
  const putBack = progress(constraints.length + indexes.length)
  try {
    const add = async ({ table, name, definition }: z.output<typeof constraintRow>) => {
      await client.query(`ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${quoted(name)} ${definition}`)
      putBack.advance(1)
    }
    for (const key of keys) await add(key)
    for (const { definition } of indexes) {
      await client.query(definition)
      putBack.advance(1)
    }
    // Last, since each is checked with the help of a key.
    for (const key of foreignKeys) await add(key)
  } finally {
    putBack.done()
  }
}
