import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { QueryConfig } from 'pg'
import { type Game, startGame } from '../../../test/game.ts'
import type { Store } from '../../platform/db/database.ts'
import { createGatheringQueue } from '../../platform/gathering-queue.ts'
import { type AwardOutcome, type AwardRequest, createAwardRepository } from './award-repository.ts'

const requestFor = (businessId: string, more: Partial<AwardRequest> & { type: string }): AwardRequest => ({
  caller: null,
  businessId,
  source: 'api_key',
  namespace: 'api_key:test',
  idempotencyKey: randomUUID(),
  fingerprint: 'f',
  actorId: null,
  metadata: null,
  occurredAt: new Date('2026-11-22T08:00:00Z'),
  ...more,
})

/** awardsOf is a repository of its own, of which every event is expected to be answered. */
function awardsOf(store: Store) {
  const { award } = createAwardRepository(store)
  return {
    async award(requests: AwardRequest[]): Promise<AwardOutcome[]> {
      return (await award(requests)).map((outcome) => {
        if (outcome instanceof Error) throw outcome
        return outcome
      })
    },
  }
}

const resultOf = (outcome: AwardOutcome) => {
  if (!('receipt' in outcome)) return [outcome.outcome]
  const { points_awarded: points, total_points: total, reason } = outcome.receipt
  return [outcome.outcome, points, total, reason ?? null]
}

describe('the day of a cap', () => {
  let game: Game
  let awards: ReturnType<typeof awardsOf>
  before(async () => {
    game = await startGame()
    awards = awardsOf(game.store)
    await game.rule('daily', 10, { daily_cap: 10 })
    await game.rule('hourly', 10, { daily_cap: 100 })
  })
  after(() => game.close())

  const businessIn = async (time_zone: string): Promise<string> =>
    (await game.owner({ business: { time_zone } })).business.id
  async function given(businessId: string, type: string, at: string): Promise<number> {
    const [outcome] = await awards.award([requestFor(businessId, { type, occurredAt: new Date(at) })])
    assert.ok(outcome && 'receipt' in outcome)
    return outcome.receipt.points_awarded
  }

  test('begins and ends at midnight of the business, to the millisecond', async () => {
    const jakarta = await businessIn('Asia/Jakarta')
    assert.equal(await given(jakarta, 'daily', '2026-11-21T17:00:00.000Z'), 10, 'the first moment of the 22nd')
    assert.equal(await given(jakarta, 'daily', '2026-11-22T16:59:59.999Z'), 0, 'the last moment of the 22nd')
    assert.equal(await given(jakarta, 'daily', '2026-11-21T16:59:59.999Z'), 10, 'the last moment of the 21st')
    assert.equal(await given(jakarta, 'daily', '2026-11-22T17:00:00.000Z'), 10, 'the first moment of the 23rd')
  })

  test('is that of each business', async () => {
    const [samoa, kiritimati] = [await businessIn('Pacific/Pago_Pago'), await businessIn('Pacific/Kiritimati')]
    for (const business of [samoa, kiritimati]) assert.equal(await given(business, 'daily', '2026-11-22T10:30:00Z'), 10)
    // Eleven hours behind, 10:30 UTC is still the evening of the 21st; fourteen ahead, it is past midnight of the 23rd.
    assert.equal(await given(samoa, 'daily', '2026-11-22T11:00:00Z'), 10)
    assert.equal(await given(kiritimati, 'daily', '2026-11-22T11:00:00Z'), 0)
    assert.equal(await given(kiritimati, 'daily', '2026-11-22T09:59:59Z'), 10)
  })

  // Each of these days is run through in half hours; what a cap of one event a day gives is the number of local dates.
  for (const [timeZone, day, what] of [
    ['Europe/Berlin', '2026-03-29', 'has 23 hours'],
    ['Europe/Berlin', '2026-10-25', 'has 25 hours'],
    ['America/Havana', '2026-11-01', 'has midnight twice'],
    ['Atlantic/Azores', '2026-10-25', 'has midnight twice'],
    ['Asia/Beirut', '2026-03-29', 'begins at 1 o’clock'],
    ['Australia/Lord_Howe', '2026-04-05', 'has half an hour more'],
    ['Asia/Kathmandu', '2026-06-01', 'is 5:45 ahead'],
  ] as const) {
    test(`is one day in ${timeZone} on ${day}, which ${what}`, async () => {
      const business = await businessIn(timeZone)
      const start = Date.parse(`${day}T00:00:00Z`) - 24 * 3_600_000
      const dateIn = new Intl.DateTimeFormat('en-CA', { timeZone })
      const perDate = new Map<string, number>()
      const moments = Array.from({ length: 144 }, (_, index) => new Date(start + index * 1_800_000))
      const outcomes = await awards.award(
        moments.map((occurredAt) => requestFor(business, { type: 'daily', occurredAt })),
      )
      moments.forEach((moment, index) => {
        const outcome = outcomes[index]
        assert.ok(outcome && 'receipt' in outcome)
        const date = dateIn.format(moment)
        perDate.set(date, (perDate.get(date) ?? 0) + outcome.receipt.points_awarded)
      })
      assert.deepEqual([...new Set(perDate.values())], [10], JSON.stringify([...perDate]))
      // The same again, one call each, in the opposite order: every day is full.
      for (const moment of moments.toReversed()) assert.equal(await given(business, 'daily', moment.toISOString()), 0)
    })
  }

  test('is one day too in zones that were further from UTC long ago', async () => {
    const manila = await businessIn('Asia/Manila')
    assert.equal(await given(manila, 'daily', '1844-06-02T15:30:00Z'), 10, 'the evening of the 1st, 16 hours behind')
    assert.equal(await given(manila, 'daily', '1844-06-01T20:00:00Z'), 0, 'the morning of the 1st')
    const juneau = await businessIn('America/Juneau')
    assert.equal(await given(juneau, 'daily', '1860-05-31T09:30:00Z'), 10, 'past midnight of the 1st, 15 hours ahead')
    assert.equal(await given(juneau, 'daily', '1860-06-01T00:00:00Z'), 0, 'the afternoon of the 1st')
  })

  test('is not had again by moving to another time zone and back', async () => {
    const owner = await game.owner({ business: { time_zone: 'Asia/Jakarta' } })
    const at = '2026-11-22T08:00:00Z'
    const dates = new Set<string>()
    let total = 0
    for (const time_zone of ['Asia/Jakarta', 'UTC', 'Pacific/Pago_Pago', 'Pacific/Kiritimati', 'UTC', 'Asia/Jakarta']) {
      const moved = await game.api('PATCH', '/business/profile', { token: owner.token, body: { time_zone } })
      assert.equal(moved.status, 200)
      dates.add(new Intl.DateTimeFormat('en-CA', { timeZone: time_zone }).format(new Date(at)))
      for (let nth = 0; nth < 3; nth++) total += await given(owner.business.id, 'daily', at)
    }
    assert.equal(total, 10 * dates.size)
  })

  test('gives what is left when the rule became harder in the course of it', async () => {
    const business = await businessIn('UTC')
    for (let nth = 0; nth < 3; nth++) assert.equal(await given(business, 'hourly', '2026-11-22T08:00:00Z'), 10)
    const rule = (await game.rows("SELECT id FROM point_rules WHERE type = 'hourly'"))[0]
    const path = `/admin/gamification/rules/${rule?.['id']}`
    await game.api('PUT', path, { token: game.admin, body: { daily_cap: 20 } })
    assert.equal(await given(business, 'hourly', '2026-11-22T08:00:00Z'), 0)
    await game.api('PUT', path, { token: game.admin, body: { daily_cap: 34 } })
    assert.equal(await given(business, 'hourly', '2026-11-22T08:00:00Z'), 4)
    await game.api('PUT', path, { token: game.admin, body: { daily_cap: null } })
    assert.equal(await given(business, 'hourly', '2026-11-22T08:00:00Z'), 10)
  })
})

describe('an array of events', () => {
  let game: Game
  let awards: ReturnType<typeof awardsOf>
  before(async () => {
    game = await startGame()
    awards = awardsOf(game.store)
    await game.level(0)
    await game.level(20)
    await game.level(45)
    await game.achievement(30)
    await game.achievement(60)
    await game.rule('plain', 10)
    await game.rule('capped', 10, { daily_cap: 25 })
    await game.rule('cooled', 10, { cooldown_seconds: 600 })
    await game.rule('capped_and_cooled', 10, { daily_cap: 15, cooldown_seconds: 600 })
  })
  after(async () => {
    assert.deepEqual(await game.untruths(), [])
    await game.close()
  })

  const event = fc.record({
    business: fc.nat(1),
    type: fc.constantFrom('plain', 'capped', 'cooled', 'capped_and_cooled', 'unknown'),
    key: fc.option(fc.nat(5), { freq: 3 }),
    fingerprint: fc.constantFrom('f', 'f', 'f', 'g'),
    minutes: fc.constantFrom(0, 1, 5, 10, 11, 1_440),
  })

  test('gives what one call after the other gives', async () => {
    const { token } = await game.owner({ business: false })
    const business = async (): Promise<string> => {
      const { rows } = await game.pool.query(
        `INSERT INTO businesses (id, business_name, business_category, business_stage, time_zone, currency, user_id)
        SELECT gen_random_uuid(), 'Warung', 'Food', 'Idea', 'UTC', 'IDR', id FROM users LIMIT 1 RETURNING id`,
      )
      const id = String(rows[0]?.id)
      await game.pool.query(
        'INSERT INTO business_standings (business_id, owner_id, time_zone) SELECT id, user_id, time_zone FROM businesses WHERE id = $1',
        [id],
      )
      await game.pool.query('SELECT judge_standings($1)', [[id]])
      return id
    }
    assert.ok(token)
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 30 }), async (events) => {
        const [together, alone] = [
          [await business(), await business()],
          [await business(), await business()],
        ]
        const requests = (businesses: string[]) =>
          events.map(({ business: index, type, key, fingerprint, minutes }, nth) =>
            requestFor(businesses[index] ?? assert.fail(), {
              type,
              fingerprint: `${type} ${fingerprint} ${minutes}`,
              idempotencyKey: key === null ? `own ${nth}` : `key ${key}`,
              occurredAt: new Date(Date.UTC(2026, 10, 22) + minutes * 60_000),
            }),
          )
        const oneArray = await awards.award(requests(together))
        const oneByOne = []
        for (const request of requests(alone)) oneByOne.push(...(await awards.award([request])))
        const points = (outcomes: AwardOutcome[]) => outcomes.map((outcome) => resultOf(outcome).toSpliced(2, 1))
        assert.deepEqual(points(oneArray), points(oneByOne))
        for (const outcomes of [oneArray, oneByOne])
          for (const [nth, outcome] of outcomes.entries()) {
            if (outcome.outcome !== 'replayed') continue
            const first = outcomes.findIndex(
              (other, at) =>
                other.outcome === 'awarded' &&
                events[at]?.business === events[nth]?.business &&
                events[at]?.key === events[nth]?.key,
            )
            assert.deepEqual({ ...outcomes[first], change: null }, { ...outcome, outcome: 'awarded', change: null })
          }
        for (const index of [0, 1]) {
          const [one, other] = [
            await game.standing(together[index] ?? ''),
            await game.standing(alone[index] ?? ''),
          ].map(({ total_points, highest_points, level, sequence }) => ({
            total_points,
            highest_points,
            level,
            sequence,
          }))
          assert.deepEqual(one, other)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('takes adjustments in between, one after the other', async () => {
    const { business } = await game.owner()
    const adjustment = (points: number) =>
      requestFor(business.id, { type: 'adjustment', points, reason: 'r', source: 'admin', namespace: 'admin' })
    const outcomes = await awards.award([5, -10, 10, -15, -1, 3].map(adjustment))
    assert.deepEqual(outcomes.map(resultOf), [
      ['awarded', 5, 5, 'r'],
      ['below_zero'],
      ['awarded', 10, 15, 'r'],
      ['awarded', -15, 0, 'r'],
      ['below_zero'],
      ['awarded', 3, 3, 'r'],
    ])
  })

  test('answers a key that comes twice in it with one receipt, and another body with a conflict', async () => {
    const { business } = await game.owner()
    const same = { type: 'plain', idempotencyKey: 'k' }
    const outcomes = await awards.award([
      requestFor(business.id, same),
      requestFor(business.id, same),
      requestFor(business.id, { ...same, fingerprint: 'other' }),
      requestFor(business.id, same),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.outcome),
      ['awarded', 'replayed', 'key_conflict', 'replayed'],
    )
    const receipts = outcomes.flatMap((outcome) => ('receipt' in outcome ? [outcome.receipt] : []))
    for (const receipt of receipts) assert.deepEqual(receipt, receipts[0])
  })

  test('judges those of one business one after the other, also where another business lies between them', async () => {
    const [one, two] = [(await game.owner()).business.id, (await game.owner()).business.id]
    const outcomes = await awards.award([one, two, one, one, two].map((id) => requestFor(id, { type: 'plain' })))
    assert.deepEqual(
      outcomes.map((outcome) => resultOf(outcome)[2]),
      [10, 10, 20, 30, 20],
    )
  })

  test('has two of a business that its owner names in one and not in the other', async () => {
    const owner = await game.owner()
    const outcomes = await awards.award(
      [null, owner.business.id].map((businessId) => ({
        ...requestFor('', { type: 'plain', source: 'owner', namespace: 'owner' }),
        businessId,
        caller: owner.user.id,
      })),
    )
    assert.deepEqual(
      outcomes.map((outcome) => resultOf(outcome)[2]),
      [10, 20],
    )
  })

  test('goes by what memory says of an owner who names no business, where that is theirs', async () => {
    const [owner, erased, stranger] = [await game.owner(), await game.owner(), await game.owner()]
    await game.rows('UPDATE businesses SET erased_at = now(), user_id = NULL WHERE id = $1', [erased.business.id])
    const first = owner.business.id
    const body = { business_name: 'Second', business_category: 'Food', business_stage: 'Idea' }
    const second = (await game.api('POST', '/business/profile', { token: owner.token, body })).json.id
    const meant = async (likely: (string | null)[]) => {
      // A repository that has met a known key looks things up for a while.
      const outcomes = await awardsOf(game.store).award(
        likely.map((likelyBusinessId) => ({
          ...requestFor('', { type: 'plain', source: 'owner', namespace: 'owner' }),
          businessId: null,
          likelyBusinessId,
          caller: owner.user.id,
        })),
      )
      return outcomes.map((outcome) => 'receipt' in outcome && outcome.receipt.business_id)
    }
    for (const wrong of [stranger.business.id, erased.business.id, randomUUID()])
      assert.deepEqual(await meant([wrong]), [first])
    assert.deepEqual(await meant([second, stranger.business.id, first]), [second, first, first])
    assert.deepEqual(await meant([second, null, stranger.business.id]), [second, first, first])
    assert.equal(await game.counted('events', 'business_id = $1', [stranger.business.id]), 0)
  })

  test('with one that cannot be asked again after it was refused gives the others what they were awarded', async () => {
    const [one, two] = [(await game.owner()).business.id, (await game.owner()).business.id]
    let calls = 0
    const pool = Object.create(game.store.pool, {
      query: {
        value: (query: QueryConfig) =>
          ++calls === 2 ? Promise.reject(new Error('the connection was lost')) : game.store.pool.query(query),
      },
    })
    const lost = createAwardRepository({ ...game.store, pool })
    const outcomes = await lost.award([requestFor(one, { type: 'plain' }), requestFor(two, { type: 'no_such_type' })])
    const [awarded, refused] = outcomes
    assert.ok(awarded && 'receipt' in awarded && awarded.receipt.business_id === one)
    assert.ok(refused instanceof Error && refused.message === 'the connection was lost')
  })

  test('with two that nobody can tell to be of one business is refused as a whole, and awarded one by one', async () => {
    const owner = await game.owner()
    const both = [
      requestFor(owner.business.id, { type: 'plain' }),
      {
        ...requestFor('', { type: 'plain', source: 'owner', namespace: 'owner' }),
        businessId: null,
        caller: owner.user.id,
      },
    ]
    await assert.rejects(awards.award(both), { code: '23505' })
    assert.equal(await game.counted('events', 'business_id = $1', [owner.business.id]), 0)

    const queue = createGatheringQueue({ send: awards.award, batchSize: 10, lanes: 1, capacity: 10 })
    const outcomes = await Promise.all(both.map((request) => queue.add(request)))
    assert.deepEqual(outcomes.map(resultOf), [
      ['awarded', 10, 10, null],
      ['awarded', 10, 20, null],
    ])
  })

  test('with keys that are known answers what each was given, and why, as it was the first time', async () => {
    const businessId = (await game.owner()).business.id
    const requests = ['capped', 'capped', 'capped', 'capped', 'cooled', 'cooled', 'capped_and_cooled'].map((type) =>
      requestFor(businessId, { type }),
    )
    const receipts = (outcomes: AwardOutcome[]) =>
      outcomes.map((outcome) => ('receipt' in outcome ? outcome.receipt : assert.fail(outcome.outcome)))
    const first = await awards.award(requests)
    assert.deepEqual(
      receipts(first).map(({ points_awarded, reason }) => [points_awarded, reason]),
      [
        [10, undefined],
        [10, undefined],
        [5, 'daily_cap'],
        [0, 'daily_cap'],
        [10, undefined],
        [0, 'cooldown'],
        [10, undefined],
      ],
    )
    for (const again of [await awards.award(requests), await awards.award(requests.toReversed())]) {
      assert.ok(again.every(({ outcome }) => outcome === 'replayed'))
      const told = receipts(again)
      assert.deepEqual(told[0]?.event_id === receipts(first)[0]?.event_id ? told : told.toReversed(), receipts(first))
    }
  })

  test('with a key that is known among many that are new leaves nothing twice', async () => {
    const ids = (await Promise.all([1, 2, 3].map(() => game.owner()))).map(({ business }) => business.id)
    const known = requestFor(ids[0] ?? '', { type: 'plain' })
    assert.deepEqual((await awards.award([known])).map(resultOf), [['awarded', 10, 10, null]])
    for (const pause of [0, 1_100]) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      const fresh = ids.map((id) => requestFor(id, { type: 'plain' }))
      const outcomes = await awards.award([...fresh, known])
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ['awarded', 'awarded', 'awarded', 'replayed'],
      )
    }
    assert.equal(await game.counted('events', 'business_id = ANY ($1)', [ids]), 7)
  })

  test('lets a key be used by a later event when the first with it was refused', async () => {
    const { business } = await game.owner()
    const outcomes = await awardsOf(game.store).award([
      requestFor(business.id, { type: 'unknown', idempotencyKey: 'k' }),
      requestFor(business.id, { type: 'plain', idempotencyKey: 'k' }),
    ])
    assert.deepEqual(outcomes.map(resultOf), [['unknown_type'], ['awarded', 10, 10, null]])
  })

  test('of 1,000 events for 10 businesses is one round trip with a receipt for each', async () => {
    const owners = await Promise.all(Array.from({ length: 10 }, () => game.owner()))
    const outcomes = await awards.award(
      Array.from({ length: 1_000 }, (_, index) => requestFor(owners[index % 10]?.business.id, { type: 'plain' })),
    )
    assert.deepEqual(
      outcomes.map(resultOf),
      Array.from({ length: 1_000 }, (_, index) => ['awarded', 10, 10 * (1 + Math.floor(index / 10)), null]),
    )
  })

  test('of many businesses in opposite orders at once never deadlocks', async () => {
    const owners = await Promise.all(Array.from({ length: 12 }, () => game.owner()))
    const requests = owners.map((owner) => requestFor(owner.business.id, { type: 'plain' }))
    const fresh = (list: AwardRequest[]) => list.map((request) => ({ ...request, idempotencyKey: randomUUID() }))
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, round) => awards.award(fresh(round % 2 ? requests : requests.toReversed()))),
    )
    assert.ok(answers.flat().every((outcome) => outcome.outcome === 'awarded'))
    for (const owner of owners) assert.equal((await game.standing(owner.business.id))['total_points'], 300)
  })

  test('with one event that makes the statement itself fail awards all the others', async () => {
    const { business } = await game.owner()
    const queue = createGatheringQueue({ send: awards.award, batchSize: 200, lanes: 1, capacity: 1_000 })
    const poisons: Partial<AwardRequest>[] = [
      { metadata: { text: 'a\0b' } },
      { metadata: { text: '\ud800' } },
      { businessId: 'no uuid' },
      { points: 2 ** 40, reason: 'r' },
    ]
    const requests = Array.from({ length: 40 }, (_, index) => ({
      ...requestFor(business.id, { type: 'plain' }),
      ...(index % 10 === 3 ? poisons[Math.floor(index / 10)] : {}),
    }))
    const outcomes = await Promise.allSettled(requests.map((request) => queue.add(request)))
    outcomes.forEach((outcome, index) => {
      if (index % 10 === 3) assert.equal(outcome.status, 'rejected', String(index))
      else assert.ok(outcome.status === 'fulfilled' && outcome.value.outcome === 'awarded', String(index))
    })
    assert.equal((await game.standing(business.id))['total_points'], 360)
  })
})
