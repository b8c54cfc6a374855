import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeTemporaryPlace, type TemporaryPlace } from '../src/platform/db/embedded/testing/temporary-place.ts'
import { createRanking } from '../src/modules/gamification/ranking.ts'
import { type DatabaseCable, startDatabaseCable } from './database-cable.ts'
import { type Game, startGame } from './game.ts'
import { type Answer, startTestServer } from './harness.ts'
import { freePort, startServerProcess } from './server-process.ts'

// The board in memory is filled by one COPY. Here the COPY stops half-way for as long as the test says, so that everything
// that can happen meanwhile happens.

const OTHERS = 400

type Server = {
  api(
    method: string,
    path: string,
    call: { token: string; body?: unknown },
  ): Promise<{ status: number; text: string; json: Answer['json'] }>
}
type Owner = Awaited<ReturnType<Game['owner']>>

let game: Game
let cable: DatabaseCable
let place: TemporaryPlace
let owners: Owner[]
before(async () => {
  game = await startGame()
  await game.boardWarm
  await game.level(0)
  await game.level(50)
  await game.achievement(20)
  await game.rule('sale', 7)
  owners = await Promise.all(Array.from({ length: 6 }, () => game.owner()))
  await game.pool.query(
    `INSERT INTO businesses (id, business_name, business_category, business_stage, time_zone, currency, user_id)
    SELECT gen_random_uuid(), 'Other ' || n, 'Food', 'Idea', 'UTC', 'IDR', $1 FROM generate_series(1, $2::integer) AS n`,
    [(await game.owner({ business: false })).user.id, OTHERS],
  )
  await game.pool
    .query(`INSERT INTO business_standings (business_id, total_points, highest_points, sequence, reached_at, owner_id, time_zone)
    SELECT id, points, points, 1, now() - make_interval(secs => points), user_id, time_zone
    FROM (SELECT *, 1 + abs(hashtext(business_name)) % 90 AS points FROM businesses WHERE business_name LIKE 'Other %') AS b`)
  await game.pool.query('SELECT judge_standings(ARRAY(SELECT id FROM businesses))')
  cable = await startDatabaseCable(new URL(game.databaseUrl))
  place = await makeTemporaryPlace()
})
after(async () => {
  await cable.close()
  await place.remove()
  await game.close()
})

/** mischief is some of everything that moves the board, done at a server that others must learn it from. */
async function mischief(at: Server): Promise<void> {
  for (const [nth, { token, business }] of owners.entries()) {
    for (let sale = 0; sale <= nth; sale++) {
      const body = { type: 'sale', idempotency_key: crypto.randomUUID() }
      assert.equal((await at.api('POST', '/gamification/events', { token, body })).status, 201)
    }
    const body = { business_name: `Renamed ${nth}`, board_visibility: nth % 3 === 2 ? 'hidden' : 'shown' }
    const renamed = await at.api('PATCH', `/business/profile?business_id=${business.id}`, { token, body })
    assert.equal(renamed.status, 200, renamed.text)
  }
  const { token } = owners[0] ?? assert.fail()
  const body = { business_name: 'Made just now', business_category: 'Food', business_stage: 'Idea' }
  assert.equal((await at.api('POST', '/business/profile', { token, body })).status, 201)
}

/** ofDatabase is the top of the board as the database counts it, without anything that is kept in memory. */
const ofDatabase = async ({ user }: Owner) =>
  (await createRanking(game.pool).board({ limit: 100, userId: user.id, businessId: undefined })).map((row) => [
    row.rank,
    row.business_id,
    row.total_points,
    row.achievements_count,
  ])

async function ofServer(at: Server, { token }: Owner) {
  const { status, json } = await at.api('GET', '/gamification/leaderboard?limit=100', { token })
  assert.equal(status, 200)
  return json.map((entry: Record<string, unknown>) => [
    entry['rank'],
    entry['business_id'],
    entry['total_points'],
    entry['achievements_count'],
  ])
}

async function agrees(at: Server): Promise<void> {
  for (const owner of owners) assert.deepEqual(await ofServer(at, owner), await ofDatabase(owner))
}

test('a server killed in the middle of filling its memory, and the next one in the middle of that, show what the database says', async () => {
  const port = await freePort()
  const env = { DATABASE_URL: cable.url, SECRET_KEY: 'a secret key of the tests, long enough' }
  const api = async (method: string, path: string, { token, body }: Parameters<Server['api']>[2]) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, text, json: JSON.parse(text) }
  }
  const killed = cable.holdCopies()
  const first = await startServerProcess({ dataDir: place.dataDir, port, env })
  await killed.held
  await agrees({ api })
  await mischief({ api })
  await agrees({ api })
  await first.end('SIGKILL')
  killed.release()

  const held = cable.holdCopies()
  const next = await startTestServer({ databaseUrl: cable.url })
  await held.held
  // Here, and at another instance, which is all that this one can know of it.
  await mischief(next)
  await mischief(game)
  await agrees(next)
  held.release()
  await next.boardWarm
  await agrees(next)
  const ranks = await game.rows(`SELECT business_id, rank() OVER (ORDER BY total_points DESC) AS rank
    FROM business_standings WHERE on_board`)
  for (const { business_id: id, rank } of ranks)
    assert.equal((await next.app.gamification.service.standingOf(String(id))).rank, Number(rank))

  await mischief(next)
  await agrees(next)
  await next.close()
  assert.ok(ranks.length > OTHERS)
})
