import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'
import { openPool } from '../../platform/db/database.ts'
import { createAwardRepository } from './award-repository.ts'

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const LEVELS = '/admin/business/levels'
const ACHIEVEMENTS = '/admin/gamification/achievements'

/** untilBlocked resolves when at least `count` connections to the game's database wait for a lock. */
async function untilBlocked(game: Game, count = 1): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until;) {
    const waiting = await game.counted('pg_stat_activity', "datname = current_database() AND wait_event_type = 'Lock'")
    if (waiting >= count) return
  }
  assert.fail(`${count} connections did not come to wait for a lock`)
}

/** holding runs a piece of a test while a transaction that has made the statement stays open, and answers its result. */
async function holding<T>(game: Game, statement: string, values: unknown[], work: () => Promise<T>): Promise<T> {
  const holder = await game.pool.connect()
  try {
    await holder.query('BEGIN')
    await holder.query(statement, values)
    return await work()
  } finally {
    await holder.query('COMMIT')
    holder.release()
  }
}

describe('an edit of levels and achievements', () => {
  let game: Game
  before(async () => {
    game = await startGame()
    await game.rule('sale', 10)
  })
  after(() => game.close())

  const edit = async (method: string, path: string, body?: unknown) => {
    const answer = await game.api(method, path, { token: game.admin, body })
    assert.ok(answer.status < 300, answer.text)
    return answer.json
  }
  const levelOf = async (businessId: string) => (await game.standing(businessId))['level']

  test('puts everyone on the level of their total, up and down, before it is answered', async () => {
    const owners = await Promise.all(times(6, () => game.owner()))
    await Promise.all(owners.map((owner, index) => index > 0 && game.adjust(owner.business.id, index * 100)))
    const levels = () => Promise.all(owners.map((owner) => levelOf(owner.business.id)))
    assert.deepEqual(await levels(), [null, null, null, null, null, null])
    const low = await game.level(200, 'Low')
    assert.deepEqual(await levels(), [null, null, 'Low', 'Low', 'Low', 'Low'])
    const high = await game.level(400, 'High')
    assert.deepEqual(await levels(), [null, null, 'Low', 'Low', 'High', 'High'])
    await edit('PUT', `${LEVELS}/${high.id}`, { required_points: 100 })
    assert.deepEqual(await levels(), [null, 'High', 'Low', 'Low', 'Low', 'Low'])
    await edit('PUT', `${LEVELS}/${low.id}`, { required_points: 500, name: 'Top' })
    assert.deepEqual(await levels(), [null, 'High', 'High', 'High', 'High', 'Top'])
    await edit('DELETE', `${LEVELS}/${high.id}`)
    assert.deepEqual(await levels(), [null, null, null, null, null, 'Top'])
    await edit('DELETE', `${LEVELS}/${low.id}`)
    assert.deepEqual(await levels(), [null, null, null, null, null, null])
    assert.deepEqual(await game.untruths(), [])
  })

  test('unlocks a new or easier achievement for everyone who has reached it, and announces it once', async () => {
    const [reached, fell, below] = await Promise.all(times(3, () => game.owner()))
    assert.ok(reached && fell && below)
    await game.adjust(reached.business.id, 50)
    await game.adjust(fell.business.id, 50)
    await game.adjust(fell.business.id, -50)
    await game.adjust(below.business.id, 49)
    const made = await game.achievement(1_000, 'Fifty')
    await edit('PUT', `${ACHIEVEMENTS}/${made.id}`, { required_points: 50 })
    // Made harder again, what was earned stays; made easier once more, nobody hears of it twice.
    await edit('PUT', `${ACHIEVEMENTS}/${made.id}`, { required_points: 2_000 })
    await edit('PUT', `${ACHIEVEMENTS}/${made.id}`, { required_points: 50 })
    for (const owner of [reached, fell]) {
      assert.deepEqual(await game.unlocked(owner.business.id), ['Fifty'])
      assert.deepEqual(await game.announced(owner.business.id, 'achievement'), ['Fifty'])
    }
    assert.deepEqual(await game.unlocked(below.business.id), [])
    await edit('DELETE', `${ACHIEVEMENTS}/${made.id}`)
    const list = await game.api('GET', '/gamification/achievements', { token: reached.token })
    assert.ok(list.json.every((row: { title: string }) => row.title !== 'Fifty'))
    assert.deepEqual(await game.unlocked(reached.business.id), ['Fifty'], 'the history of who earned it stays')
    assert.deepEqual(await game.untruths(), [])
  })

  test('leaves nothing to be judged', async () => {
    const made = await game.achievement(5)
    await edit('DELETE', `${ACHIEVEMENTS}/${made.id}`)
    const level = await game.level(5)
    await edit('DELETE', `${LEVELS}/${level.id}`)
    assert.equal(await game.counted('definition_changes', 'revision > evaluated_revision'), 0)
  })

  test('that raises a level does not announce it again to who reaches it a second time', async () => {
    const { business } = await game.owner()
    const level = await game.level(10, 'Moving')
    await game.adjust(business.id, 15)
    await edit('PUT', `${LEVELS}/${level.id}`, { required_points: 20 })
    assert.equal(await levelOf(business.id), null)
    assert.deepEqual((await game.adjust(business.id, 10)).json.levels_gained, ['Moving'])
    assert.deepEqual(await game.announced(business.id, 'level_up'), ['Moving'])
    await edit('DELETE', `${LEVELS}/${level.id}`)
  })

  test('of the same two thresholds by several admins at once ends in one order and never in a 5xx', async () => {
    const [one, two] = [await game.level(1_001), await game.level(1_002)]
    const answers = await Promise.all(
      times(24, (index) =>
        game.api('PUT', `${LEVELS}/${(index % 2 ? one : two).id}`, {
          token: game.admin,
          body: { required_points: 1_001 + (index % 3) },
        }),
      ),
    )
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200 && status !== 409).map((answer) => answer.text),
      [],
    )
    const versions = await game.rows('SELECT version FROM definition_versions WHERE definition_id = $1 ORDER BY 1', [
      one.id,
    ])
    assert.deepEqual(
      versions.map((row) => row['version']),
      times(versions.length, (index) => index + 1),
    )
    await edit('DELETE', `${LEVELS}/${one.id}`)
    await edit('DELETE', `${LEVELS}/${two.id}`)
  })

  test('under way while an award runs: the award that read the old levels ends on the right one', async () => {
    const owner = await game.owner()
    const level = await game.level(100, 'Edited')
    await game.adjust(owner.business.id, 45)
    // The award has read the definitions, and waits where it enters its points; the edit has committed, and waits for it.
    const heldPlace = `DO $$ BEGIN
      INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, occurred_at, created_at)
      SELECT gen_random_uuid(), business_id, 2, event_id, type, points, total_after, occurred_at, created_at
      FROM ledger_entries WHERE business_id = '${owner.business.id}';
      DELETE FROM ledger_entries WHERE business_id = '${owner.business.id}' AND sequence = 2;
    END $$`
    const calls = await holding(game, heldPlace, [], async () => {
      const award = game.post(owner, 'sale')
      await untilBlocked(game)
      const edited = game.api('PUT', `${LEVELS}/${level.id}`, { token: game.admin, body: { required_points: 50 } })
      await untilBlocked(game, 2)
      return [award, edited]
    })
    const [receipt] = await Promise.all(calls)
    assert.equal(receipt?.json.total_points, 55)
    assert.equal(receipt?.json.level, null)
    assert.equal(await levelOf(owner.business.id), 'Edited')
    assert.deepEqual(await game.untruths(), [])
    await edit('DELETE', `${LEVELS}/${level.id}`)
  })

  test('that has not committed is not seen by an award, and judges what the award made of it', async () => {
    const owner = await game.owner()
    const level = await game.level(100, 'Held')
    const uncommitted = `WITH raised AS (UPDATE definition_changes SET revision = revision + 1)
      UPDATE business_levels SET required_points = 10 WHERE id = $1`
    await holding(game, uncommitted, [level.id], async () => {
      assert.equal((await game.post(owner, 'sale')).json.level, null)
    })
    const after = await game.post(owner, 'sale')
    assert.deepEqual([after.json.level.name, after.json.levels_gained], ['Held', []])
    await game.app.gamification.service.start()
    assert.deepEqual(await game.untruths(), [])
    await edit('DELETE', `${LEVELS}/${level.id}`)
  })

  test('under way while a business is made: the new one is judged by it', async () => {
    const { token } = await game.owner({ business: false })
    const profile = { business_name: 'Baru', business_category: 'Food', business_stage: 'Idea' }
    const first = await game.achievement(0, 'First')
    // The new business has been judged, and waits where it enters its unlock; the edit has committed, and waits for it.
    await game.pool.query(`
      CREATE FUNCTION wait_to_unlock() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END';
      CREATE TRIGGER waits BEFORE INSERT ON user_achievements FOR EACH ROW EXECUTE FUNCTION wait_to_unlock()`)
    const calls = await holding(game, 'SELECT pg_advisory_xact_lock(4711)', [], async () => {
      const made = game.api('POST', '/business/profile', { token, body: profile })
      await untilBlocked(game)
      const level = game.level(0, 'Ground')
      await untilBlocked(game, 2)
      return [made, level, game.achievement(0, 'Second')] as const
    })
    const [business, ground, second] = await Promise.all(calls)
    await game.pool.query('DROP TRIGGER waits ON user_achievements; DROP FUNCTION wait_to_unlock')
    assert.equal(business.status, 201, business.text)
    assert.equal(await levelOf(business.json.id), 'Ground')
    assert.deepEqual(await game.unlocked(business.json.id), ['First', 'Second'])
    assert.deepEqual(await game.untruths(), [])
    await edit('DELETE', `${LEVELS}/${ground.id}`)
    for (const { id } of [first, second]) await edit('DELETE', `${ACHIEVEMENTS}/${id}`)
  })

  test('many at once beside many awards leave level = f(total) and every reached achievement unlocked', async () => {
    const owners = await Promise.all(times(6, () => game.owner()))
    const levels = await Promise.all(times(4, (index) => game.level(index * 40 + 7)))
    const achievements = await Promise.all(times(4, (index) => game.achievement(index * 40 + 7)))
    let seed = 20_261_122
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    const editing = async () => {
      for (let nth = 0; nth < 12; nth++) {
        const [path, list] = random(2) ? [LEVELS, levels] : [ACHIEVEMENTS, achievements]
        const id = list[random(list.length)]?.id
        await game.api('PUT', `${path}/${id}`, { token: game.admin, body: { required_points: random(200) } })
        if (random(4) === 0) {
          const created = random(2) ? await game.achievement(random(200)) : undefined
          if (created && random(2)) await edit('DELETE', `${ACHIEVEMENTS}/${created.id}`)
        }
      }
    }
    const earning = async (owner: (typeof owners)[number]) => {
      for (let nth = 0; nth < 20; nth++) {
        if (random(4) === 0) await game.adjust(owner.business.id, random(60) - 40)
        else await game.post(owner, 'sale')
      }
    }
    const joining = async () => {
      for (let nth = 0; nth < 5; nth++) await game.owner()
    }
    await Promise.all([editing(), editing(), joining(), ...owners.map(earning)])
    assert.equal(await game.counted('definition_changes', 'revision > evaluated_revision'), 0)
    assert.deepEqual(await game.untruths(), [])
  })
})

describe('judging everyone', () => {
  let game: Game
  before(async () => {
    game = await startGame()
    await game.level(0, 'Ground')
  })
  after(() => game.close())

  test('that a process left undone is made good at the next start', async () => {
    const { business } = await game.owner()
    await game.adjust(business.id, 75)
    // What a process leaves that dies after the commit of an edit and before the judging.
    await game.pool.query(
      `INSERT INTO business_levels (id, name, required_points, "order") VALUES ($1, 'Forgotten', 50, 9)`,
      [randomUUID()],
    )
    await game.pool.query(
      `INSERT INTO achievements (id, title, description, required_points) VALUES ($1, 'Late', 'Unlocked late.', 60)`,
      [randomUUID()],
    )
    await game.pool.query('UPDATE definition_changes SET revision = revision + 1')
    assert.equal((await game.untruths()).length, 2)
    const { startTestServer } = await import('../../../test/harness.ts')
    const restarted = await startTestServer({ databaseUrl: game.databaseUrl })
    try {
      assert.deepEqual(await game.untruths(), [])
      assert.equal(await game.counted('definition_changes', 'revision > evaluated_revision'), 0)
      assert.deepEqual(await game.announced(business.id, 'achievement'), ['Late'])
    } finally {
      await restarted.close()
    }
  })

  test('looks at every business, in as many pieces as it takes, and touches only those that are wrong', async () => {
    const store = openPool({ connectionString: game.databaseUrl }, () => {})
    try {
      const { rows } = await store.pool.query(`
        WITH made AS (
          INSERT INTO businesses (id, business_name, business_category, business_stage, time_zone, currency, user_id)
          SELECT gen_random_uuid(), 'Warung', 'Food', 'Idea', 'UTC', 'IDR', (SELECT min(id::text)::uuid FROM users)
          FROM generate_series(1, 12000) RETURNING id, user_id, time_zone)
        INSERT INTO business_standings (business_id, owner_id, time_zone)
        SELECT id, user_id, time_zone FROM made RETURNING business_id`)
      assert.equal(rows.length, 12_000)
      await createAwardRepository(store).judgeEveryone()
      assert.deepEqual(await game.untruths(), [])
      const written = () => game.rows('SELECT max(xmin::text::bigint) AS last FROM business_standings')
      const before = await written()
      await createAwardRepository(store).judgeEveryone()
      assert.deepEqual(await written(), before, 'a second time changes nothing')
    } finally {
      await store.pool.end()
    }
  })
})

describe('the service for points that came by another way', () => {
  let game: Game
  before(async () => {
    game = await startGame()
    await game.level(0, 'Ground')
    await game.level(50, 'Fifty')
    await game.achievement(40, 'Forty')
    await game.achievement(30, 'Thirty')
  })
  after(() => game.close())

  // As a migration or a repair by hand would do it.
  const points = (businessId: string, total: number) =>
    game.pool.query('UPDATE business_standings SET total_points = $2, highest_points = $2 WHERE business_id = $1', [
      businessId,
      total,
    ])

  test('processGamification upgrades the level, unlocks, and answers the new titles; a second call answers none', async () => {
    const { business } = await game.owner()
    const { service } = game.app.gamification
    assert.deepEqual(await service.processGamification(business.id), [])
    await points(business.id, 60)
    assert.deepEqual(await service.processGamification(business.id), ['Thirty', 'Forty'])
    assert.equal((await game.standing(business.id))['level'], 'Fifty')
    const before = [await game.standing(business.id), await game.footprint()]
    assert.deepEqual(await service.processGamification(business.id), [])
    assert.deepEqual([await game.standing(business.id), await game.footprint()], before)
    assert.deepEqual(await game.announced(business.id, 'achievement'), ['Thirty', 'Forty'])
  })

  test('of two parallel processGamification one answers the titles', async () => {
    const { business } = await game.owner()
    await points(business.id, 60)
    const answers = await Promise.all(times(8, () => game.app.gamification.service.processGamification(business.id)))
    assert.deepEqual(answers.flat(), ['Thirty', 'Forty'])
  })

  test('checkAndUpdateLevel puts the business on its level, up and down, and answers it', async () => {
    const { business } = await game.owner()
    const { service } = game.app.gamification
    assert.equal((await service.checkAndUpdateLevel(business.id))?.name, 'Ground')
    await points(business.id, 50)
    assert.equal((await service.checkAndUpdateLevel(business.id))?.name, 'Fifty')
    assert.equal((await game.standing(business.id))['level'], 'Fifty')
    await points(business.id, 49)
    assert.equal((await service.checkAndUpdateLevel(business.id))?.name, 'Ground')
    assert.equal((await service.checkAndUpdateLevel(business.id))?.name, 'Ground')
  })

  test('neither knows a business that does not exist', async () => {
    const { service } = game.app.gamification
    await assert.rejects(service.processGamification(randomUUID()), { status: 404 })
    await assert.rejects(service.checkAndUpdateLevel(randomUUID()), { status: 404 })
  })

  test('an erased business keeps its points and unlocks, and takes no more', async () => {
    const owner = await game.owner()
    await game.adjust(owner.business.id, 35)
    await game.rule('sale', 10)
    await game.post(owner, 'sale', { metadata: { customer: 'Ibu Ani' } })
    const erased = await game.api('DELETE', '/auth/me', {
      token: owner.token,
      body: { password: 'a-long-enough-password' },
    })
    assert.equal(erased.status, 204, erased.text)
    assert.equal((await game.adjust(owner.business.id, 5)).status, 404)
    assert.ok((await game.post(owner, 'sale')).status >= 400)
    assert.equal((await game.standing(owner.business.id))['total_points'], 45)
    assert.deepEqual(await game.unlocked(owner.business.id), ['Thirty', 'Forty'])
    assert.equal(await game.counted('events', 'metadata IS NOT NULL AND business_id = $1', [owner.business.id]), 0)
    await game.achievement(10, 'Ten')
    assert.deepEqual(await game.unlocked(owner.business.id), ['Thirty', 'Forty'])
  })

  test('words that an award writes while its account is erased do not outlive the account', async () => {
    await game.rule('visit', 10)
    for (let round = 0; round < 5; round++) {
      const owner = await game.owner()
      const [, erased] = await Promise.all([
        Promise.all(times(8, () => game.post(owner, 'visit', { metadata: { customer: 'Ibu Ani' } }))),
        game.api('DELETE', '/auth/me', { token: owner.token, body: { password: 'a-long-enough-password' } }),
      ])
      assert.equal(erased.status, 204)
      assert.equal(await game.counted('events', 'metadata IS NOT NULL AND business_id = $1', [owner.business.id]), 0)
    }
  })
})
