import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { StartupRefusal } from '../../startup-refusal.ts'
import { databaseFolderOf } from '../data-dir.ts'
import { postmasterFilePath } from './postmaster-file.ts'
import { isAlive } from './process-state.ts'
import { startStoreProcess } from './testing/store-process.ts'
import { eventually, isRoot, makeTemporaryPlace } from './testing/temporary-place.ts'
import type { TemporaryPlace } from './testing/temporary-place.ts'

async function ask<Row extends pg.QueryResultRow>(connection: pg.PoolConfig, statement: string): Promise<Row[]> {
  const client = new pg.Client(connection)
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

function mode(found: { mode: number }): string {
  return (found.mode & 0o777).toString(8)
}

describe('a database from its first start to its second', () => {
  let place: TemporaryPlace
  before(async () => (place = await makeTemporaryPlace()))
  after(() => place.remove())

  it('is durable, listens on no port, and is private to its account', async () => {
    const database = await place.open()
    const [settings] = await ask<Record<string, string>>(
      database.connection,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
        current_setting('full_page_writes') as full_page_writes, current_setting('listen_addresses') as listen_addresses,
        current_setting('server_encoding') as encoding, current_setting('is_superuser') as is_superuser, lower('Ä') as lower`,
    )
    assert.deepEqual(settings, {
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      listen_addresses: '',
      encoding: 'UTF8',
      is_superuser: 'off',
      lower: 'ä',
    })
    assert.equal(mode(await stat(place.dataDir)), isRoot ? '711' : '700')
    assert.equal(mode(await stat(databaseFolderOf(place.dataDir))), '700')
    for (const name of ['database-password', 'database.log', 'start.lock']) {
      assert.equal(mode(await stat(join(place.dataDir, name))), '600', name)
    }
    assert.equal((await stat(databaseFolderOf(place.dataDir))).uid === 0, false, 'the folder is not root’s')
    await database.close()
    assert.equal(await place.postmaster(), undefined, 'close stops the server')
  })

  it('takes no other password', async () => {
    const database = await place.open()
    await assert.rejects(ask({ ...database.connection, password: 'guess' }, 'select 1'), { code: '28P01' })
    await database.close()
  })

  it('keeps its data', async () => {
    const first = await place.open()
    await ask(first.connection, `create table kept (word text); insert into kept values ('still here')`)
    await first.close()
    const second = await place.open()
    assert.deepEqual(await ask(second.connection, 'select word from kept'), [{ word: 'still here' }])
    await second.close()
  })

  it('writes no statement and no value of a row into its log', async () => {
    const database = await place.open()
    await ask(database.connection, 'create table people (email text primary key)')
    await ask(database.connection, `insert into people values ('ani@example.org')`)
    await assert.rejects(ask(database.connection, `insert into people values ('ani@example.org')`), { code: '23505' })
    await database.close()
    assert.doesNotMatch(await readFile(join(place.dataDir, 'database.log'), 'utf8'), /ani@example/)
  })

  it('starts over a postmaster.pid whose number now belongs to a stranger', async () => {
    // The stranger runs as the account of the database: a process of any other, PostgreSQL would overlook by itself.
    const { uid, gid } = await stat(databaseFolderOf(place.dataDir))
    const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid } : {})
    const path = postmasterFilePath(databaseFolderOf(place.dataDir))
    await writeFile(
      path,
      `${stranger.pid}\n${databaseFolderOf(place.dataDir)}\n1700000000\n5432\n/gone\n\n  1 2\nready\n`,
    )
    if (isRoot) await chown(path, uid, gid)
    const database = await place.open()
    assert.deepEqual(await ask(database.connection, 'select word from kept'), [{ word: 'still here' }])
    assert.equal(await isAlive(stranger.pid ?? 0), true, 'the stranger is left alone')
    stranger.kill()
    await database.close()
  })

  it('takes a folder that was restored with open permissions, and another owner as root', async () => {
    const folder = databaseFolderOf(place.dataDir)
    if (isRoot) {
      for (const name of await readdir(folder, { recursive: true })) await chown(join(folder, name), 0, 0)
      await chown(folder, 0, 0)
    }
    await chmod(folder, 0o755)
    const database = await place.open()
    assert.deepEqual(await ask(database.connection, 'select word from kept'), [{ word: 'still here' }])
    await database.close()
    assert.equal(mode(await stat(folder)), '700')
  })

  it('refuses to go on without its password file, and says which', async () => {
    const path = join(place.dataDir, 'database-password')
    const password = await readFile(path)
    await rm(path)
    await assert.rejects(place.open(), (error) => error instanceof StartupRefusal && error.message.includes(path))
    await writeFile(path, password, { mode: 0o600 })
  })

  it('refuses the folder of another major version with one line that names the way out', async () => {
    const path = join(databaseFolderOf(place.dataDir), 'PG_VERSION')
    const version = await readFile(path)
    await writeFile(path, '17\n')
    await assert.rejects(place.open(), (error) => {
      assert.ok(error instanceof StartupRefusal)
      assert.match(error.message, /made by PostgreSQL 17 .* set DATABASE_URL/)
      assert.doesNotMatch(error.message, /\n/)
      return true
    })
    await writeFile(path, version)
  })
})

describe('one server to a data folder', () => {
  let place: TemporaryPlace
  before(async () => (place = await makeTemporaryPlace()))
  after(() => place.remove())

  it('a second server is refused with one clear line, and the first goes on', async () => {
    const first = await place.open()
    await assert.rejects(place.open(), (error) => {
      assert.ok(error instanceof StartupRefusal)
      assert.match(error.message, /^Another Tangga server is already running on the data folder .*DATA_DIR[^\n]*$/)
      assert.ok(error.message.includes(place.dataDir))
      return true
    })
    assert.deepEqual(await ask(first.connection, 'select 1 as one'), [{ one: 1 }])
    await first.close()
  })

  it('of two that start at once on an empty folder, one wins and the other is refused', async () => {
    await rm(place.dataDir, { recursive: true })
    const outcomes = await Promise.allSettled([place.open(), place.open()])
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const losers = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(winners.length, 1)
    assert.match(String(losers[0]), /Another Tangga server is already running/)
    for (const winner of winners) await winner.close()
  })

  it('a tool works beside a running server and leaves it running', async () => {
    const server = await place.open()
    const tool = await place.open({ exclusive: false })
    assert.deepEqual(await ask(tool.connection, 'select 1 as one'), [{ one: 1 }])
    await tool.close()
    assert.deepEqual(await ask(server.connection, 'select 1 as one'), [{ one: 1 }])
    await server.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('a tool alone starts the database and stops it again', async () => {
    const tool = await place.open({ exclusive: false })
    assert.deepEqual(await ask(tool.connection, 'select 1 as one'), [{ one: 1 }])
    await tool.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('a server that joins the database of a tool keeps it when the tool is done', async () => {
    const tool = await place.open({ exclusive: false })
    const server = await place.open()
    await tool.close()
    assert.deepEqual(await ask(server.connection, 'select 1 as one'), [{ one: 1 }])
    await server.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('of several tools that leave at once, one stops the database', async () => {
    const tools = await Promise.all([1, 2, 3].map(() => place.open({ exclusive: false })))
    await Promise.all(tools.map((tool) => tool.close()))
    assert.equal(await place.postmaster(), undefined)
  })
})

describe('a database whose processes are killed', () => {
  let place: TemporaryPlace
  before(async () => (place = await makeTemporaryPlace()))
  after(() => place.remove())

  it('a server killed with -9 loses no acknowledged write, and the next one takes over from the orphan', async () => {
    for (let round = 1; round <= 3; round++) {
      const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true, writes: true })
      await server.until((line) => ('ready' in line ? line.ready : undefined))
      await eventually(async () => server.lines.filter((line) => 'written' in line).length > 100)
      process.kill(server.pid, 'SIGKILL')
      await server.exited
      const orphan = await place.postmaster()
      assert.notEqual(orphan, undefined, 'the database outlives its server')

      const next = await place.open()
      const rows = await ask<{ id: number }>(next.connection, 'select id from acknowledged')
      const stored = new Set(rows.map(({ id }) => id))
      const written = server.lines.flatMap((line) => ('written' in line ? [line.written] : []))
      assert.deepEqual(
        written.filter((id) => !stored.has(id)),
        [],
      )
      assert.notEqual(await place.postmaster(), orphan, 'the orphan is replaced')
      await next.close()
    }
  })

  it('a tool uses an orphan as it is, and stops it when nobody else does', async () => {
    const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true })
    await server.until((line) => ('ready' in line ? line.ready : undefined))
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    const tool = await place.open({ exclusive: false })
    await ask(tool.connection, 'select 1')
    await tool.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('a database that dies underneath its server comes back by itself, with the same settings to connect', async () => {
    const server = await place.open()
    await ask(server.connection, `create table survivors (word text); insert into survivors values ('here')`)
    const killed = await place.postmaster()
    assert.ok(killed)
    process.kill(killed, 'SIGKILL')
    const rows = await eventually(() => ask(server.connection, 'select word from survivors').catch(() => undefined))
    assert.deepEqual(rows, [{ word: 'here' }])
    assert.notEqual(await place.postmaster(), killed)
    await assert.rejects(place.open(), /Another Tangga server is already running/, 'the server holds its place again')
    await server.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('a database that is killed again and again while it comes back is brought back each time', async () => {
    const server = await place.open()
    for (let round = 0; round < 4; round++) {
      const killed = await eventually(() => place.postmaster())
      process.kill(killed, 'SIGKILL')
      await eventually(async () => (await place.postmaster()) !== killed)
    }
    await eventually(() => ask(server.connection, 'select 1').catch(() => undefined))
    assert.doesNotMatch(place.log.join('\n'), /did not start/)
    await server.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('a crash of one connection, which ends all of them, leaves the server in its place', async () => {
    const server = await place.open()
    const client = new pg.Client(server.connection)
    client.on('error', () => undefined)
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const toldBefore = place.log.length
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL')
    await eventually(async () => place.log.slice(toldBefore).some((line) => /is back after/.test(line)))
    await ask(server.connection, 'select 1')
    await assert.rejects(place.open(), /Another Tangga server is already running/)
    await server.close()
  })

  it('a database that is stopped politely underneath its server comes back too', async () => {
    const server = await place.open()
    const stopped = await place.postmaster()
    assert.ok(stopped)
    process.kill(stopped, 'SIGTERM')
    process.kill(stopped, 'SIGINT')
    await eventually(async () => !(await isAlive(stopped)))
    await eventually(() => ask(server.connection, 'select 1').catch(() => undefined))
    await server.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('closing while the database is down or coming back ends, and leaves none running', async () => {
    const server = await place.open()
    const killed = await place.postmaster()
    assert.ok(killed)
    process.kill(killed, 'SIGKILL')
    await server.close()
    assert.equal(await place.postmaster(), undefined)
  })

  it('Ctrl-C reaches the server but not its database, which still serves the drain', async () => {
    const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true })
    await server.until((line) => ('ready' in line ? line.ready : undefined))
    const database = await place.postmaster()
    assert.ok(database)
    process.kill(-server.pid, 'SIGINT')
    const rows = await server.until((line) => ('rowsAfterInterrupt' in line ? line.rowsAfterInterrupt : undefined))
    assert.ok(rows >= 0, 'the database answers')
    assert.equal(await place.postmaster(), database)
    process.kill(-server.pid, 'SIGTERM')
    assert.deepEqual(await server.exited, { code: 0, signal: null })
    assert.equal(await place.postmaster(), undefined)
  })

  it('a server that exits without closing takes its database along', async () => {
    const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true })
    await server.until((line) => ('ready' in line ? line.ready : undefined))
    process.kill(server.pid, 'SIGHUP')
    assert.deepEqual(await server.exited, { code: 3, signal: null })
    await eventually(async () => (await place.postmaster()) === undefined)
  })

  it('a start that was killed during initdb leaves nothing in the way of the next', async () => {
    await rm(place.dataDir, { recursive: true })
    const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true })
    const drafts = async () =>
      (await readdir(place.dataDir, { recursive: true }).catch((): string[] => [])).filter((path) => /draft/.test(path))
    await eventually(async () => (await drafts()).some((path) => path.endsWith('/data/PG_VERSION')))
    process.kill(-server.pid, 'SIGKILL')
    await server.exited
    const next = await place.open()
    assert.deepEqual(await ask(next.connection, 'select 1 as one'), [{ one: 1 }])
    await next.close()
    assert.deepEqual(await drafts(), [])
  })
})

describe('a data folder with a long path', () => {
  let place: TemporaryPlace
  before(async () => (place = await makeTemporaryPlace()))
  after(() => place.remove())

  it('of 150 characters works, with its socket in a private folder that goes with the server', async () => {
    const dataDir = join(place.root, 'd'.repeat(150 - place.root.length - 1))
    assert.equal(dataDir.length, 150)
    const bases = join(place.root, 's')
    await mkdir(bases, { mode: 0o755 })
    const database = await place.open({ dataDir, socketBases: [bases] })
    assert.deepEqual(await ask(database.connection, 'select 1 as one'), [{ one: 1 }])
    const folder = String(database.connection.host)
    assert.ok(folder.startsWith(bases))
    assert.equal(mode(await stat(folder)), '700')
    await database.close()
    await assert.rejects(stat(folder), { code: 'ENOENT' })
    const again = await place.open({ dataDir, socketBases: [bases] })
    assert.equal(again.connection.host, folder)
    await again.close()
  })

  it('works with spaces, commas and an apostrophe too', async () => {
    const database = await place.open({ dataDir: join(place.root, "it's ours, all") })
    assert.deepEqual(await ask(database.connection, 'select 1 as one'), [{ one: 1 }])
    await database.close()
  })
})
