import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Game, startGame } from '../../../test/game.ts'
import { createRanking } from './ranking.ts'

type Owner = Awaited<ReturnType<Game['owner']>>
type Place = {
  id: string
  owner: string
  ownerName: string
  name: string
  visibility: 'shown' | 'alias' | 'hidden'
  total: number
  reachedAt: string
  achievements: number
  rank: number
}

const OWNERS = 7
const BUSINESSES = 4

let game: Game
let owners: Owner[]
let ids: string[]
let idle: Owner

before(async () => {
  game = await startGame()
  await game.boardWarm
  for (const points of [0, 2, 5]) await game.level(points)
  for (const points of [1, 4]) await game.achievement(points)
  owners = await Promise.all(
    Array.from({ length: OWNERS }, (_, index) => game.owner({ name: `Owner ${index}`, business: false })),
  )
  idle = await game.owner({ business: false })
  ids = []
  for (const [index, { token }] of owners.entries()) {
    for (let nth = 0; nth < (index % BUSINESSES) + 1; nth++) {
      const made = await game.api('POST', '/business/profile', {
        token,
        body: { business_name: `Secret ${index} ${nth}`, business_category: 'Food', business_stage: 'Idea' },
      })
      ids.push(made.json.id)
    }
  }
})
after(() => game.close())

/** byBruteForce reads every business and ranks it by counting, without any of the service's own code. */
async function byBruteForce(): Promise<Place[]> {
  const rows = await game.rows(`
    SELECT b.id, b.user_id, u.name AS owner_name, b.business_name, b.board_visibility, s.total_points,
      to_char(s.reached_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS reached_at,
      (SELECT count(*) FROM user_achievements AS x WHERE x.business_id = b.id) AS achievements
    FROM businesses AS b JOIN business_standings AS s ON s.business_id = b.id JOIN users AS u ON u.id = b.user_id`)
  const places = rows
    .map((row): Omit<Place, 'rank'> => ({
      id: String(row['id']),
      owner: String(row['user_id']),
      ownerName: String(row['owner_name']),
      name: String(row['business_name']),
      visibility:
        row['board_visibility'] === 'shown' ? 'shown' : row['board_visibility'] === 'alias' ? 'alias' : 'hidden',
      total: Number(row['total_points']),
      reachedAt: String(row['reached_at']),
      achievements: Number(row['achievements']),
    }))
    .filter((place) => place.visibility !== 'hidden')
  const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return places
    .map((place) => ({ ...place, rank: 1 + places.filter((other) => other.total > place.total).length }))
    .toSorted((a, b) => b.total - a.total || before(a.reachedAt, b.reachedAt) || before(a.id, b.id))
}

const levelName = (total: number) => `Level ${[5, 2, 0].find((required) => required <= total)}`

/** expectedBoard is the list as a person should see it: the top, and then the own business where it is not among it. */
function expectedBoard(places: Place[], query: { userId: string; businessId: string | undefined; limit: number }) {
  const top = places.slice(0, query.limit)
  const named = query.businessId ?? ids.filter((id) => ownerOf(id) === query.userId).toSorted()[0]
  const own = places.find((place) => place.id === named)
  return [...top, ...(own && !top.includes(own) ? [own] : [])].map((place) => {
    const isOwn = place.owner === query.userId
    const isVeiled = place.visibility === 'alias' && !isOwn
    return {
      rank: place.rank,
      business_id: place.id,
      business_name: isVeiled ? null : place.name,
      total_points: place.total,
      level_name: levelName(place.total),
      achievements_count: place.achievements,
      user_id: isVeiled ? null : place.owner,
      user_name: isVeiled ? null : place.ownerName,
      is_current_user: isOwn,
    }
  })
}

const ownerOf = (id: string) => {
  const index = ids.indexOf(id)
  let seen = 0
  for (const [owner, { user }] of owners.entries()) {
    seen += (owner % BUSINESSES) + 1
    if (index < seen) return user.id
  }
  return undefined
}

type Entry = ReturnType<typeof expectedBoard>[number]
// A neutral name is any that does not tell the real one.
const withoutAlias = (entry: Entry): Entry =>
  entry.user_id === null && !String(entry.business_name).includes('Secret') ? { ...entry, business_name: null } : entry

const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ business: fc.nat(100), points: fc.integer({ min: -4, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ business: fc.nat(100), visibility: fc.constantFrom('shown', 'alias', 'hidden') }),
  },
)

describe('random boards full of ties, with hidden and alias businesses', () => {
  test('rank top list, own rank and gaps as counting does, from memory and from the database', async () => {
    const ranking = createRanking(game.pool)
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), async (changes, limit) => {
        const more = limit % 5
        await Promise.all(
          changes.map((one) => {
            const id = ids[one.business % ids.length] ?? ''
            if ('points' in one) return one.points === 0 ? undefined : game.adjust(id, one.points)
            const body = { board_visibility: one.visibility }
            return game.api('PATCH', `/admin/businesses/${id}`, { token: game.admin, body })
          }),
        )
        const places = await byBruteForce()
        const inMemory = async (owner: Owner, businessId: string | undefined) => {
          const query = businessId === undefined ? '' : `&business_id=${businessId}`
          const answer = await game.api('GET', `/gamification/leaderboard?limit=${limit}${query}`, {
            token: owner.token,
          })
          assert.equal(answer.status, 200)
          for (const place of places)
            if (place.visibility === 'alias' && place.owner !== owner.user.id)
              assert.ok(!answer.text.includes(place.name), `${place.name} is shown to ${owner.user.id}`)
          return answer.json
        }
        for (const owner of [...owners.slice(0, 4), idle]) {
          const named = ids.filter((id) => ownerOf(id) === owner.user.id).at(-1)
          for (const businessId of new Set([undefined, named])) {
            const expected = expectedBoard(places, { userId: owner.user.id, businessId, limit })
            assert.deepEqual((await inMemory(owner, businessId)).map(withoutAlias), expected)
            const rows = await ranking.board({ limit, userId: owner.user.id, businessId })
            assert.deepEqual(
              rows.map((row) => [row.rank, row.business_id, row.total_points, row.level_name, row.achievements_count]),
              expected.map((row) => [
                row.rank,
                row.business_id,
                row.total_points,
                row.level_name,
                row.achievements_count,
              ]),
            )
          }
        }
        const ranks = await ranking.ranksOf(ids)
        for (const id of ids) {
          const place = places.find((other) => other.id === id)
          const standing = await game.app.gamification.service.standingOf(id)
          assert.equal(standing.rank, place?.rank ?? null)
          assert.equal(ranks.get(id), place?.rank ?? null)
          assert.equal(standing.ranked, places.length)
          if (!place) {
            assert.deepEqual([standing.pointsToNextRank, standing.leadOverNextRank], [null, null])
            continue
          }
          const above = places.filter((other) => other.total > place.total).map((other) => other.total)
          const below = places.filter((other) => other.total < place.total).map((other) => other.total)
          assert.deepEqual(
            [standing.totalPoints, standing.pointsToNextRank, standing.leadOverNextRank],
            [
              place.total,
              above.length > 0 ? Math.min(...above) - place.total : null,
              below.length > 0 ? place.total - Math.max(...below) : null,
            ],
          )
          const total = place.total + more
          const ahead = places.filter((other) => other.total > total).map((other) => other.total)
          const imagined = await game.app.gamification.service.standingWith(id, more)
          const toNext = ahead.length > 0 ? Math.min(...ahead) - total : null
          assert.deepEqual(
            [imagined.totalPoints, imagined.rank, imagined.ranked, imagined.pointsToNextRank],
            [total, ahead.length + 1, places.length, toNext],
          )
          const imaginedByDatabase = await ranking.placeWith(id, more)
          assert.deepEqual(
            [imaginedByDatabase?.rank, imaginedByDatabase?.level?.name, imaginedByDatabase?.nextLevel?.name],
            [imagined.rank, imagined.level?.name, imagined.nextLevel?.name],
          )
          const fromDatabase = await ranking.placeOf(id)
          assert.deepEqual(
            [fromDatabase?.rank, fromDatabase?.ranked, fromDatabase?.totalPoints],
            [place.rank, places.length, place.total],
          )
        }
      }),
      { numRuns: 15 },
    )
    assert.deepEqual(await game.untruths(), [])
  })

  test('are the same for the receipt of an award', async () => {
    await game.rule('sale', 1)
    await Promise.all(
      owners.map(async (owner) => {
        for (let nth = 0; nth < 5; nth++) await game.post(owner, 'sale')
      }),
    )
    for (const owner of owners) {
      const body = { idempotency_key: 'last', type: 'sale' }
      await game.post(owner, 'sale', body)
    }
    const places = await byBruteForce()
    for (const owner of owners) {
      const { json } = await game.post(owner, 'sale', { idempotency_key: 'last' })
      assert.equal(json.replayed, true)
      assert.equal(json.rank, places.find((place) => place.id === json.business_id)?.rank ?? null)
    }
  })
})

describe('the leaderboard', () => {
  let small: Game
  before(async () => {
    small = await startGame()
    await small.boardWarm
  })
  after(() => small.close())
  const board = (token: string | undefined, query = '') =>
    small.api('GET', `/gamification/leaderboard${query}`, { token })

  test('lists 10 unless told otherwise, and last the own business with its true rank', async () => {
    const many = await Promise.all(Array.from({ length: 12 }, () => small.owner()))
    await Promise.all(many.slice(0, 11).map(({ business }, index) => small.adjust(business.id, 100 - index)))
    const last = many[11] ?? assert.fail()
    const { json } = await board(last.token)
    assert.deepEqual(
      json.map((entry: { rank: number }) => entry.rank),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12],
    )
    assert.deepEqual(
      [json[10].business_id, json[10].is_current_user, json[10].total_points],
      [last.business.id, true, 0],
      'a business without points counts',
    )
    assert.equal((await board(last.token, '?limit=100')).json.length, 12)
    assert.equal((await board(many[0]?.token)).json.length, 10)
    const { token } = await small.owner({ business: false })
    assert.equal((await board(token)).json.length, 10, 'who has no business gets just the list')
  })

  test('lists ties by when the total was reached, and lets who reaches it again stand last', async () => {
    const [first, second, third] = await Promise.all(Array.from({ length: 3 }, () => small.owner()))
    assert.ok(first && second && third)
    for (const { business } of [first, second, third]) await small.adjust(business.id, 5_000)
    const tied = async () =>
      (await board(first.token)).json
        .filter((entry: { total_points: number }) => entry.total_points === 5_000)
        .map((entry: { rank: number; business_id: string }) => [entry.rank, entry.business_id])
    const ranked = (...list: (typeof first)[]) => list.map((owner) => [1, owner.business.id])
    assert.deepEqual(await tied(), ranked(first, second, third))
    await small.adjust(first.business.id, -1)
    await small.adjust(first.business.id, 1)
    assert.deepEqual(await tied(), ranked(second, third, first))
  })

  test('refuses a limit out of range, and a business that is not the caller’s', async () => {
    const { token } = await small.owner()
    const other = await small.owner()
    for (const limit of ['0', '101', '-1', 'abc', '1.5', ''])
      assert.equal((await board(token, `?limit=${limit}`)).status, 422, limit)
    assert.equal((await board(token, '?business_id=none')).status, 422)
    assert.equal((await board(token, `?business_id=${other.business.id}`)).status, 404)
    assert.equal((await board(undefined)).status, 401)
  })
})
