import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import pg from 'pg'
import { type Game, startGame } from '../../test/game.ts'
import { createTestDatabase, startTestServer, testPassword } from '../../test/harness.ts'
import { knownMigrations, migrate, migrateWithin } from '../platform/db/migrate.ts'
import { StartupRefusal } from '../platform/startup-refusal.ts'
import { backup } from './backup.ts'
import { type BackupHeader, FORMAT, frame, RowSeal } from './backup-format.ts'
import { withBackup } from './backup-reader.ts'
import { writeBackup } from './backup-writer.ts'
import { restore } from './restore.ts'
import { quoted, readTables, referencedFirst } from './table-catalog.ts'
import { verify } from './verify.ts'

const quiet = () => ({ advance() {}, done() {} })
const secretKey = 'a secret key of the tests, long enough'

let game: Game
let folder: string
let sound: string

const connectionOf = (url: string) => ({ connectionString: url })
const here = () => ({
  connection: connectionOf(game.databaseUrl),
  dataDir: join(folder, 'none'),
  secretKey,
  progress: quiet,
})

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tangga-backup-test-'))
  game = await startGame({ seeded: true })
  const owner = await game.owner({ name: 'Sari\\N "Dewi" \u{1F469}\u200D\u{1F373}' })
  for (const type of ['sales_recorded', 'lesson_completed'])
    await game.post(owner, type, { metadata: { note: 'tab\t, line\nbreak, \\N and \\.\n\\.' } })
  await game.adjust(owner.business.id, 900)
  await game.adjust(owner.business.id, -300, { reason: 'two\nlines' })
  await game.api('POST', '/chat/completion', { token: owner.token, body: { content: 'What is my level?' } })
  await game.level(4_321)
  await game.owner({ business: { board_visibility: 'hidden', business_description: '' } })
  sound = join(folder, 'sound.tangga')
  await backup({ ...here(), file: sound })
})
after(async () => {
  await game.close()
  await rm(folder, { recursive: true, force: true })
})

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A database with nothing in it at all, as an operator makes one. */
async function emptyDatabase() {
  const database = await createTestDatabase()
  await withClient(database.url, (client) =>
    client.query('DROP SCHEMA drizzle CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public'),
  )
  return database
}

async function into(url: string, options: { file?: string; secretKey?: string | undefined; dataDir?: string } = {}) {
  return restore({
    connection: connectionOf(url),
    dataDir: join(folder, 'other'),
    file: sound,
    progress: quiet,
    ...options,
    secretKey: 'secretKey' in options ? options.secretKey : secretKey,
  })
}

/** What every table holds, columns that count transactions aside. */
async function contentsOf(url: string): Promise<Record<string, string[]>> {
  return withClient(url, async (client) => {
    await client.query(`SET TimeZone = 'UTC'`)
    const contents: Record<string, string[]> = {}
    for (const { name, columns } of await readTables(client)) {
      const { rows } = await client.query(
        `SELECT to_jsonb(t)::text AS row FROM (SELECT ${columns.map(quoted).join(', ')} FROM ${quoted(name)}) AS t ORDER BY 1`,
      )
      contents[name] = rows.map(({ row }) => row)
    }
    return contents
  })
}

const refused = (words: RegExp) => (error: unknown) =>
  error instanceof StartupRefusal && words.test(error.message) && !error.message.includes('\n')

test('a backup brings every row of every table into a database that had nothing', async () => {
  const database = await emptyDatabase()
  const restored = await into(database.url)
  const contents = await contentsOf(database.url)
  assert.deepEqual(contents, await contentsOf(game.databaseUrl))
  assert.equal(restored.rows, Object.values(contents).flat().length)
  for (const name of ['users', 'businesses', 'ledger_entries', 'announcements', 'chat_messages', 'audit_entries'])
    assert.ok((contents[name]?.length ?? 0) > 0, name)
  const verified = await verify({ connection: connectionOf(database.url), progress: quiet })
  assert.equal(verified.count, 0)
  await database.drop()
})

test('the schema after a restore is that of a new installation, with its keys and indexes, triggers enabled', async () => {
  const [fresh, database] = await Promise.all([createTestDatabase(), emptyDatabase()])
  await into(database.url)
  const shape = (url: string) =>
    withClient(url, async (client) => {
      const columns = await client.query(
        `SELECT table_name, column_name, data_type, column_default FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY 1, 2`,
      )
      const triggers = await client.query('SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1')
      const constraints = await client.query(
        `SELECT conrelid::regclass::text AS table, conname, pg_get_constraintdef(oid) AS definition, convalidated
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
      )
      const indexes = await client.query(`SELECT * FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname`)
      return [columns.rows, triggers.rows, constraints.rows, indexes.rows]
    })
  assert.deepEqual(await shape(database.url), await shape(fresh.url))
  await Promise.all([fresh.drop(), database.drop()])
})

test('a server on the restored database serves the same people, ranks and awards', async () => {
  const database = await emptyDatabase()
  await into(database.url)
  const server = await startTestServer({ databaseUrl: database.url })
  try {
    const admin = await server.login('admin@example.org', testPassword)
    const [theirs, ours] = await Promise.all([
      server.api('GET', '/admin/businesses', { token: admin }),
      game.api('GET', '/admin/businesses', { token: game.admin }),
    ])
    assert.deepEqual(theirs.json, ours.json)
    await server.boardWarm
    const owner = await server.owner()
    const given = await server.api('POST', '/gamification/events', {
      token: owner.token,
      body: { type: 'sales_recorded', idempotency_key: 'after' },
    })
    assert.equal(given.status, 201)
  } finally {
    await server.close()
    await database.drop()
  }
})

test('transaction ids begin anew, so that tails read what was restored and nothing is hidden from them', async () => {
  const [other, database] = await Promise.all([emptyDatabase(), emptyDatabase()])
  await into(other.url)
  // Further than this cluster will count for a long time.
  await withClient(other.url, (client) =>
    client.query(`INSERT INTO webhook_tail (bound, place) VALUES ('4000000000000', 'the old cluster')`),
  )
  const file = join(folder, 'far.tangga')
  await backup({ ...here(), connection: connectionOf(other.url), file })
  await into(database.url, { file })
  await withClient(database.url, async (client) => {
    // The oldest transaction of the whole cluster counts, which may be another test's.
    const isPast = async () => {
      const { rows } = await client.query(
        'SELECT bound < pg_snapshot_xmin(pg_current_snapshot()) AS is_past, place FROM webhook_tail',
      )
      assert.deepEqual(
        rows.map(({ place }) => place),
        ['restored'],
      )
      return rows[0].is_past === true
    }
    for (let tries = 0; !(await isPast()); tries++) {
      assert.ok(tries < 500, 'a tail is still ahead after ten seconds')
      await pause(20)
    }
    const { rows } = await client.query(
      `SELECT count(*)::integer AS rows, count(*) FILTER (
        WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot()))::integer AS readable FROM outbox`,
    )
    assert.ok(rows[0].rows > 0)
    assert.equal(rows[0].readable, rows[0].rows)
  })
  await Promise.all([other.drop(), database.drop()])
})

test('a backup made while awards go on is of one moment', async () => {
  const owners = await Promise.all([game.owner(), game.owner()])
  const over = new AbortController()
  const busy = owners.map(async (owner) => {
    while (!over.signal.aborted) await game.adjust(owner.business.id, 5)
  })
  const file = join(folder, 'busy.tangga')
  await backup({ ...here(), file })
  over.abort()
  await Promise.all(busy)
  const database = await emptyDatabase()
  await into(database.url, { file })
  assert.deepEqual((await verify({ connection: connectionOf(database.url), progress: quiet })).lines, [])
  await database.drop()
})

test('a backup is private, complete or absent, and replaces nothing', async () => {
  assert.equal((await stat(sound)).mode & 0o777, 0o600)
  await assert.rejects(backup({ ...here(), file: sound }), refused(/exists already/))
  await assert.rejects(backup({ ...here(), file: join(folder, 'nowhere', 'x') }), refused(/ENOENT/))
  const broken = (async function* () {
    yield Buffer.from('x')
    throw new Error('the database went away')
  })()
  await assert.rejects(writeBackup(join(folder, 'broken'), broken), /went away/)
  assert.deepEqual(
    (await readdir(folder)).filter((name) => /broken|partial/.test(name)),
    [],
  )
})

test('a backup is restored into an empty installation only, also one that has been started on', async () => {
  await assert.rejects(into(game.databaseUrl), refused(/users or businesses/))
  const database = await createTestDatabase()
  await into(database.url)
  await assert.rejects(into(database.url), refused(/users or businesses/))
  await database.drop()
})

test('a file that is damaged at any byte, or cut off anywhere, is refused whole', async () => {
  const database = await createTestDatabase()
  const untouched = await contentsOf(database.url)
  const bytes = await readFile(sound)
  const file = join(folder, 'damaged.tangga')
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ change
      await writeFile(file, damaged)
      await assert.rejects(into(database.url, { file }), refused(/damaged|another format|not a backup/))
    }),
    {
      numRuns: 120,
      examples: [
        [0, 1],
        [14, 1],
        [bytes.length - 1, 1],
        [bytes.length - 2, 1],
        [bytes.length - 74, 1],
      ],
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
      await writeFile(file, bytes)
      await truncate(file, length)
      await assert.rejects(into(database.url, { file }), refused(/damaged|not a backup/))
    }),
    { numRuns: 60, examples: [[0], [1], [15], [bytes.length - 1]] },
  )
  await writeFile(file, bytes)
  await appendFile(file, '\n')
  await assert.rejects(into(database.url, { file }), refused(/damaged/))
  await assert.rejects(into(database.url, { file: join(folder, 'absent') }), refused(/ENOENT/))
  assert.deepEqual(await contentsOf(database.url), untouched)
  await database.drop()
})

test('a file whose checksum holds but whose parts do not fit together is refused', async () => {
  const header: BackupHeader = {
    format: FORMAT,
    tangga: '0',
    created_at: new Date().toISOString(),
    migration: knownMigrations().at(-1)?.folderMillis ?? 0,
    postgres: '18',
    secret_key: null,
    secret_mark: null,
    counters: [],
  }
  const row = Buffer.from('x\n')
  const seal = new RowSeal()
  seal.add(row)
  const sealed = seal.end()
  const users = frame('T', { name: 'users', columns: ['id'] })
  const bad: Record<string, Buffer[]> = {
    nothing: [],
    headless: [frame('Z', { tables: 0, rows: 0 })],
    endless: [frame('H', header)],
    'twice begun': [frame('H', header), frame('H', header), frame('Z', { tables: 0, rows: 0 })],
    'a lost row': [frame('H', header), users, frame('E', sealed), frame('Z', { tables: 1, rows: 1 })],
    'a lost table': [frame('H', header), frame('Z', { tables: 1, rows: 1 })],
    'rows of no table': [frame('H', header), frame('D', row), frame('Z', { tables: 0, rows: 0 })],
    'half a frame': [frame('H', header), frame('Z', { tables: 0, rows: 0 }), Buffer.from('Z')],
    'a frame of 4 GB': [frame('H', header), Buffer.from('D\xff\xff\xff\xff', 'latin1')],
    'an odd header': [frame('H', { ...header, format: 2 }), frame('Z', { tables: 0, rows: 0 })],
  }
  for (const [name, frames] of Object.entries(bad)) {
    const file = join(folder, `bad ${name}`)
    await writeBackup(
      file,
      (async function* () {
        yield* frames
      })(),
    )
    await assert.rejects(
      withBackup(file, (opened) => opened.check(() => {})),
      refused(/damaged/),
      name,
    )
  }
})

test('what a table, a key or a foreign key does not take undoes the whole restore', async () => {
  const database = await createTestDatabase()
  const untouched = await contentsOf(database.url)
  const parts: Buffer[] = []
  await withBackup(sound, async (file) => {
    for await (const part of file.parts()) if (part.kind === 'header') parts.push(frame('H', part.header))
  })
  const cases: [string, string[], string][] = [
    ['users', ['id'], 'not a uuid\n'],
    ['definition_changes', ['singleton'], 't\nt\n'],
    ['business_standings', ['business_id', 'time_zone'], '01900000-0000-7000-8000-000000000999\tUTC\n'],
    ['users', ['nonsense'], 'x\n'],
  ]
  for (const [name, columns, text] of cases) {
    const seal = new RowSeal()
    seal.add(Buffer.from(text))
    const file = join(folder, `odd ${name} ${columns[0]}`)
    await writeBackup(
      file,
      (async function* () {
        yield* parts
        yield frame('T', { name, columns })
        yield frame('D', Buffer.from(text))
        yield frame('E', seal.end())
        yield frame('Z', { tables: 1, rows: text.split('\n').length - 1 })
      })(),
    )
    await assert.rejects(into(database.url, { file }), refused(/nothing was restored|does not know/))
    assert.deepEqual(await contentsOf(database.url), untouched)
  }
  await database.drop()
})

test('a backup of an older schema is restored into that and brought up to date', async () => {
  const [older, database] = await Promise.all([emptyDatabase(), emptyDatabase()])
  const until = knownMigrations().at(-2)?.folderMillis ?? assert.fail()
  await withClient(older.url, async (client) => {
    await client.query('BEGIN')
    assert.equal(await migrateWithin(client, until), until)
    await client.query(`INSERT INTO users (id, email, name, locale)
      VALUES ('01900000-0000-7000-8000-000000000001', 'old@example.org', 'Old', 'en')`)
    await client.query('COMMIT')
  })
  const file = join(folder, 'older.tangga')
  await backup({ connection: connectionOf(older.url), dataDir: folder, secretKey, file, progress: quiet })
  const migrated = await createTestDatabase()
  await assert.rejects(into(migrated.url, { file }), refused(/newer than the backup/))
  assert.equal((await into(database.url, { file })).header.migration, until)
  await migrate(connectionOf(older.url))
  assert.deepEqual(await contentsOf(database.url), await contentsOf(older.url))
  await Promise.all([older.drop(), database.drop(), migrated.drop()])
})

test('a backup of a newer schema is refused', async () => {
  const newer = await createTestDatabase()
  await withClient(newer.url, (client) =>
    client.query(`INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('new', 9999999999999)`),
  )
  const file = join(folder, 'newer.tangga')
  await backup({ connection: connectionOf(newer.url), dataDir: folder, secretKey, file, progress: quiet })
  const database = await emptyDatabase()
  await assert.rejects(into(database.url, { file }), refused(/newer Tangga/))
  await Promise.all([newer.drop(), database.drop()])
})

test('a generated secret key moves along, and a chosen one must be set again', async () => {
  const [first, second, third] = await Promise.all([emptyDatabase(), emptyDatabase(), emptyDatabase()])
  const from = await mkdtemp(join(folder, 'from-'))
  const to = await mkdtemp(join(folder, 'to-'))
  await writeFile(join(from, 'secret-key'), 'generated-generated-generated-generated-000\n', { mode: 0o600 })
  const file = join(folder, 'generated.tangga')
  const made = await backup({ ...here(), dataDir: from, secretKey: undefined, file })
  assert.equal(made.holdsSecretKey, true)
  assert.ok(!(await readFile(sound)).includes(secretKey), 'a chosen key is in no backup')

  const moved = await into(first.url, { file, secretKey: undefined, dataDir: to })
  assert.equal(moved.keptSecretKey, true)
  assert.equal((await readFile(join(to, 'secret-key'), 'utf8')).trim(), 'generated-generated-generated-generated-000')
  assert.equal((await stat(join(to, 'secret-key'))).mode & 0o777, 0o600)
  assert.equal((await into(second.url, { file, secretKey: undefined, dataDir: to })).keptSecretKey, false)

  const unset = { secretKey: undefined, dataDir: join(folder, 'unset') }
  await assert.rejects(into(third.url, unset), refused(/set SECRET_KEY to the same one/))
  await assert.rejects(
    into(third.url, { file, secretKey: 'another key that is long enough....' }),
    refused(/another one/),
  )
  const accepted = await restore({
    connection: connectionOf(third.url),
    ...unset,
    file: sound,
    progress: quiet,
    acceptOtherSecretKey: true,
  })
  assert.equal(accepted.keptSecretKey, false)
  await Promise.all([first.drop(), second.drop(), third.drop()])
})

test('a backup takes the tables of Tangga, all of them, and nobody else’s', async () => {
  const database = await createTestDatabase()
  await withClient(database.url, async (client) => {
    await client.query('CREATE TABLE somebody_elses (id integer)')
    const { rows } = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
    const expected = rows.map(({ tablename }) => tablename).filter((name) => name !== 'somebody_elses')
    const tables = await readTables(client)
    assert.deepEqual(tables.map(({ name }) => name).toSorted(), expected.toSorted())
    for (const table of ['ledger_entries', 'announcements'])
      assert.equal(tables.find(({ name }) => name === table)?.columns.includes('transaction_id'), false, table)
  })
  await database.drop()
})

test('tables stand after those that they reference', () => {
  const table = (name: string, references: string[]) => ({ name, references, rows: 0, columns: [], bounds: [] })
  const sorted = referencedFirst([table('a', ['b', 'c']), table('b', ['c']), table('c', [])])
  assert.deepEqual(
    sorted.map(({ name }) => name),
    ['c', 'b', 'a'],
  )
  assert.throws(() => referencedFirst([table('a', ['b']), table('b', ['a'])]), /reference each other/)
})

test('there is nothing to back up where no Tangga is', async () => {
  const database = await emptyDatabase()
  await assert.rejects(
    backup({ ...here(), connection: connectionOf(database.url), file: join(folder, 'empty') }),
    refused(/nothing to back up/),
  )
  await database.drop()
})
