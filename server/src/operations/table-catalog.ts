import type pg from 'pg'
import { z } from 'zod'
import { knownMigrations } from '../platform/db/migrate.ts'

const tableRow = z.object({
  name: z.string(),
  rows: z.number(),
  columns: z.array(z.string()),
  references: z.array(z.string()),
  /** Columns that hold a transaction id or snapshot and no default to make a new one. */
  bounds: z.array(z.string()),
})

/** CatalogTable is a table as the database describes it; `rows` is an estimate, -1 where there is none. */
export type CatalogTable = z.output<typeof tableRow>

// Columns that count transactions mean something in the database that counted them only. Those with a default are left
// out and so get a new one; generated columns make themselves.
const TABLES = `
  SELECT c.relname::text AS name, c.reltuples::float8 AS rows,
    ARRAY(
      SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' AND NOT (a.atttypid IN ('xid8'::regtype, 'pg_snapshot'::regtype) AND a.atthasdef)
      ORDER BY a.attnum
    ) AS columns,
    ARRAY(
      SELECT DISTINCT f.confrelid::regclass::text FROM pg_constraint AS f
      WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid
    ) AS references,
    ARRAY(
      SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.atttypid = 'xid8'::regtype AND NOT a.atthasdef
    ) AS bounds
  FROM pg_class AS c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname = ANY ($1)
  ORDER BY c.relname`

/**
 * readTables describes the tables of Tangga that the database has, referenced ones first, so that loading them in this
 * order breaks no foreign key. Tables that somebody else keeps in the same schema are not among them.
 */
export async function readTables(client: pg.Client): Promise<CatalogTable[]> {
  const made = knownMigrations().flatMap(({ sql }) => tablesMadeBy(sql.join('\n')))
  const { rows } = await client.query(TABLES, [[...new Set(made)]])
  return referencedFirst(z.array(tableRow).parse(rows))
}

/** tablesMadeBy names the tables that the text of a migration makes or renames. */
export function tablesMadeBy(sql: string): string[] {
  const made = /^\s*(?:CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?|ALTER TABLE \S+ RENAME TO )"?(\w+)"?/gim
  return [...sql.matchAll(made)].flatMap(([, name]) => (name === undefined ? [] : [name]))
}

/** referencedFirst orders tables so that each stands after those that it references. */
export function referencedFirst(tables: CatalogTable[]): CatalogTable[] {
  const sorted: CatalogTable[] = []
  const waiting = new Map(tables.map((table) => [table.name, table]))
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter((table) => !table.references.some((name) => waiting.has(name)))
    if (ready.length === 0) throw new Error(`these tables reference each other: ${[...waiting.keys()].join(', ')}`)
    for (const table of ready) {
      sorted.push(table)
      waiting.delete(table.name)
    }
  }
  return sorted
}

const counterRow = z.object({ table: z.string(), column: z.string(), sequence: z.string() })

/** readCounters finds the sequence behind each identity or serial column of the tables. */
export async function readCounters(client: pg.Client, tables: CatalogTable[]) {
  const { rows } = await client.query(
    `SELECT c.relname::text AS table, a.attname::text AS column, s.oid::regclass::text AS sequence
    FROM pg_depend AS d
    JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_class AS c ON c.oid = d.refobjid
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1)`,
    [tables.map((table) => table.name)],
  )
  return z.array(counterRow).parse(rows)
}

/** quoted writes a name as an SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
