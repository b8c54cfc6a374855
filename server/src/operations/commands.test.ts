import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Game, startGame } from '../../test/game.ts'
import { createTestDatabase } from '../../test/harness.ts'

const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))

let game: Game
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tangga-commands-test-'))
  game = await startGame({ seeded: true })
})
after(async () => {
  await game.close()
  await rm(folder, { recursive: true, force: true })
})

type Ended = { code: number; out: string; err: string }

function tangga(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const settings = { PATH: process.env['PATH'], DATABASE_URL: game.databaseUrl, DATA_DIR: folder, ...env }
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { env: settings }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

test('verify ends with 0 where all is right and with 1 where something differs, until rebuild has run', async () => {
  const owner = await game.owner()
  await game.adjust(owner.business.id, 50)
  assert.deepEqual(await tangga(['verify']), { code: 0, out: '0 differences in 1 business\n', err: '' })

  await game.pool.query('UPDATE business_standings SET total_points = 49')
  const damaged = await tangga(['verify'])
  assert.equal(damaged.code, 1)
  assert.equal(
    damaged.out,
    `business ${owner.business.id}: total_points: is 49, the ledger makes 50\n1 difference in 1 business\n`,
  )

  const rebuilt = await tangga(['rebuild'])
  assert.equal(rebuilt.code, 0)
  assert.equal(
    rebuilt.out,
    `repaired business ${owner.business.id}: total_points: is 49, the ledger makes 50\n1 business repaired of 1\n`,
  )
  assert.equal((await tangga(['verify'])).code, 0)
})

test('backup and restore say what they did, and refuse in one line', async () => {
  const file = join(folder, 'all.tangga')
  const made = await tangga(['backup', file], { SECRET_KEY: 'a secret key of the tests, long enough' })
  assert.equal(made.code, 0, made.err)
  assert.match(made.out, /^[\d,]+ rows of \d+ tables in .+\nThe file holds personal data, but not your SECRET_KEY/)

  const inhabited = await tangga(['restore', file], { SECRET_KEY: 'a secret key of the tests, long enough' })
  assert.equal(inhabited.code, 1)
  assert.match(inhabited.err, /^This installation has users or businesses[^\n]+\n$/)

  const database = await createTestDatabase()
  const elsewhere = await tangga(['restore', file], { DATABASE_URL: database.url, DATA_DIR: join(folder, 'new') })
  assert.equal(elsewhere.code, 1)
  assert.match(elsewhere.err, /^The backup was made with a SECRET_KEY of its own[^\n]+\n$/)
  const moved = await tangga(['restore', file], {
    DATABASE_URL: database.url,
    SECRET_KEY: 'a secret key of the tests, long enough',
  })
  assert.equal(moved.code, 0, moved.err)
  assert.match(moved.out, /^[\d,]+ rows of \d+ tables restored, as of /)
  assert.equal((await tangga(['verify'], { DATABASE_URL: database.url })).code, 0)
  await database.drop()
})

test('a command that does not exist, or is called otherwise, shows the usage', async () => {
  for (const args of [
    ['nonsense'],
    ['toString'],
    ['backup'],
    ['verify', 'x'],
    ['backup', 'a', 'b'],
    ['verify', '--x'],
  ]) {
    const { code, err } = await tangga(args)
    assert.equal(code, 1, args.join(' '))
    assert.match(err, /tangga backup FILE/)
  }
  assert.equal((await tangga(['--help'])).code, 0)
})
