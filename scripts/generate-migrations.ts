import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'

const initialTag = '0000_initial'

type JournalEntry = { idx: number; version: string; when: number; tag: string; breakpoints: boolean }
type Journal = { version: string; dialect: string; entries: JournalEntry[] }

/**
 * generateMigrations answers what server/migrations should hold, as paths below `root` with their texts. Until the first
 * release there is one initial migration, made anew from the tables in every schema.ts; the hand-written ones (functions,
 * triggers: `0001_*.sql` and on) stay as they are and keep their place in the journal. Fails with drizzle-kit's own
 * words when a schema cannot be read.
 */
export async function generateMigrations(root: string): Promise<Map<string, string>> {
  const out = await mkdtemp(join(tmpdir(), 'tangga-migrations-'))
  try {
    const drizzleKit = join(root, 'node_modules/drizzle-kit/bin.cjs')
    const args = [drizzleKit, 'generate', '--config', 'server/drizzle.config.ts', '--name', 'initial']
    const result = await run(process.execPath, args, { cwd: root, env: { DRIZZLE_OUT: out } })
    const sql = await readFile(join(out, `${initialTag}.sql`), 'utf8').catch(() => undefined)
    // drizzle-kit ends with 0 after some failures, so the file itself is the proof.
    if (result.code !== 0 || sql === undefined)
      throw new Error(`drizzle-kit made no migration:\n${result.output.trim()}`)
    const snapshot = await readFile(join(out, 'meta/0000_snapshot.json'), 'utf8')

    const folder = join(root, 'server/migrations')
    const names = await readdir(folder).catch(() => [])
    const handWritten = names.filter((name) => name.endsWith('.sql') && name !== `${initialTag}.sql`).toSorted()
    const journal = writeJournal({
      tags: [initialTag, ...handWritten.map((name) => name.slice(0, -'.sql'.length))],
      previous: await readJournal(join(folder, 'meta/_journal.json')),
      now: Date.now(),
    })
    return new Map([
      [`server/migrations/${initialTag}.sql`, `${sql.trimEnd()}\n`],
      ['server/migrations/meta/0000_snapshot.json', withStableId(snapshot)],
      ['server/migrations/meta/_journal.json', `${JSON.stringify(journal, null, 2)}\n`],
    ])
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

async function readJournal(path: string): Promise<Journal | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/**
 * writeJournal lists migrations in the order they run. A migration that was listed before keeps its time, since databases
 * remember the time of the last one they ran and skip what is not newer; times rise strictly along the list.
 */
export function writeJournal(input: { tags: string[]; previous: Journal | undefined; now: number }): Journal {
  const known = new Map(input.previous?.entries.map((entry) => [entry.tag, entry.when]))
  let last = 0
  const entries = input.tags.map((tag, idx) => {
    const when = Math.max(known.get(tag) ?? input.now, last + 1)
    last = when
    return { idx, version: '7', when, tag, breakpoints: true }
  })
  return { version: '7', dialect: 'postgresql', entries }
}

/** withStableId puts an id made from the content where drizzle-kit put a random one, so that equal schemas give equal files. */
export function withStableId(snapshot: string): string {
  const parsed: Record<string, unknown> = JSON.parse(snapshot)
  const hash = createHash('sha256')
    .update(JSON.stringify({ ...parsed, id: undefined }))
    .digest('hex')
  const id = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5')
  return `${JSON.stringify({ ...parsed, id }, null, 2)}\n`
}
