import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, it } from 'node:test'
import { StartupRefusal } from '../../startup-refusal.ts'
import { socketFitsIn, socketFolder, socketPathLimit } from './socket-folder.ts'

let root: string
before(async () => (root = await mkdtemp(join(tmpdir(), 'tangga-socket-'))))
after(() => rm(root, { recursive: true }))

const account = undefined
const databaseFolder = `/${'d'.repeat(150)}/database`

it('the limit counts bytes and the name of the socket', () => {
  const longest = socketPathLimit - '/.s.PGSQL.5432'.length
  assert.equal(socketFitsIn(`/${'a'.repeat(longest - 1)}`), true)
  assert.equal(socketFitsIn(`/${'a'.repeat(longest)}`), false)
  assert.equal(socketFitsIn(`/${'é'.repeat(Math.ceil(longest / 2))}`), false)
})

it('a folder of that name that is open to others, or a link, is passed over for the next place', async () => {
  const bases = ['open', 'linked', 'good'].map((name) => join(root, name))
  for (const base of bases) await mkdir(base)
  const [open = '', linked = '', good = ''] = bases
  const name = basename(await socketFolder({ databaseFolder, account, bases: [open] }))
  await chmod(join(open, name), 0o777)
  await symlink(root, join(linked, name))
  assert.equal(await socketFolder({ databaseFolder, account, bases }), join(good, name))
  await assert.rejects(
    socketFolder({ databaseFolder, account, bases: [open, linked, join(root, 'none')] }),
    StartupRefusal,
  )
})
