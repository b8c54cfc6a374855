import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'

type Owner = Awaited<ReturnType<Game['owner']>>

const definitions = [
  {
    kind: 'achievement',
    path: '/admin/gamification/achievements',
    whole: { title: 'Steady', description: 'Every day.', required_points: 40, badge_icon: '🏅' },
    least: { title: 'Plain', description: 'Nothing more.', required_points: 41 },
    filledIn: { badge_icon: null },
    change: { title: 'Steadier', required_points: 42 },
    invalid: {
      title: ['', ' \n ', 'x'.repeat(201), 5, null, undefined],
      description: ['', 'x'.repeat(5_001), null, undefined],
      required_points: [-1, 1.5, '7', 1_000_000_001, null, undefined],
      badge_icon: ['x'.repeat(33), 7],
    },
  },
  {
    kind: 'level',
    path: '/admin/business/levels',
    whole: { name: 'Grove', required_points: 700, order: 3, icon: '🌳' },
    least: { name: 'Copse', required_points: 701 },
    filledIn: { icon: null, order: 4 },
    change: { name: 'Wood', required_points: 702, icon: null },
    invalid: {
      name: ['', '\u200b', 'x'.repeat(201), 5, null, undefined],
      required_points: [-1, 0.5, '7', 1_000_000_001, null, undefined],
      order: [1.5, 'first', 1e12, null],
      icon: ['x'.repeat(33), 7],
    },
  },
  {
    kind: 'rule',
    path: '/admin/gamification/rules',
    whole: { type: 'sale', points: 5, daily_cap: 20, cooldown_seconds: 60, sources: ['owner'], active: false },
    least: { type: 'visit', points: 0 },
    filledIn: { daily_cap: null, cooldown_seconds: null, sources: ['owner', 'api_key'], active: true },
    change: { points: 6, daily_cap: null, active: true },
    invalid: {
      type: ['', 'two words', 'x'.repeat(201), '-first', 'naïve', 5, null, undefined],
      points: [-1, 1.5, '5', 1_000_000_001, null, undefined],
      daily_cap: [-1, 1.5, 'none'],
      cooldown_seconds: [-1, 1.5, 31_536_001],
      sources: [['everybody'], 'owner', null],
      active: ['yes', 1, null],
    },
  },
] as const

for (const { kind, path, whole, least, filledIn, change, invalid } of definitions) {
  describe(`${kind}s, as admins write them`, () => {
    let game: Game
    let owner: Owner
    before(async () => {
      game = await startGame()
      owner = await game.owner()
    })
    after(() => game.close())
    const admin = (method: string, at: string, body?: unknown) => game.api(method, at, { token: game.admin, body })
    const trailOf = async (id: string) => ({
      audit: (
        await game.rows('SELECT * FROM audit_entries WHERE subject_type = $1 AND subject_id = $2 ORDER BY id', [
          kind,
          id,
        ])
      ).map((row) => [row['action'], row['actor_kind'], row['actor_id'], row['before'], row['after']]),
      versions: (
        await game.rows('SELECT * FROM definition_versions WHERE definition_id = $1 ORDER BY version', [id])
      ).map((row) => [row['version'], row['kind'], row['content']]),
    })

    test('are made, changed and deleted, each with an audit row and a version of its own', async () => {
      const { json: me } = await admin('GET', '/auth/me')
      const made = await admin('POST', path, {
        ...whole,
        id: randomUUID(),
        version: 9,
        created_at: 'never',
        extra: true,
      })
      assert.equal(made.status, 201)
      const { id, version, created_at, updated_at, ...said } = made.json
      assert.deepEqual(said, whole)
      assert.equal(version, 1)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
      assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000)
      assert.equal(updated_at, created_at)

      const changed = await admin('PUT', `${path}/${id}`, {
        ...change,
        id: randomUUID(),
        version: 7,
        deleted_at: 'now',
      })
      assert.equal(changed.status, 200)
      assert.deepEqual({ ...changed.json, updated_at }, { ...made.json, ...change, version: 2 })

      const gone = await admin('DELETE', `${path}/${id}`)
      assert.deepEqual([gone.status, gone.text], [204, ''])
      const { audit, versions } = await trailOf(id)
      assert.deepEqual(
        audit.map(([action, actorKind, actorId]) => [action, actorKind, actorId]),
        ['create', 'update', 'delete'].map((verb) => [`${kind}.${verb}`, 'user', me.id]),
      )
      assert.deepEqual([audit[0]?.[3], audit[0]?.[4]], [null, made.json])
      assert.deepEqual([audit[1]?.[3], audit[1]?.[4]], [made.json, changed.json])
      assert.equal(audit[2]?.[4], null)
      assert.deepEqual(versions, [
        [1, kind, made.json],
        [2, kind, changed.json],
        [3, kind, null],
      ])
    })

    test('take their defaults', async () => {
      const { json } = await admin('POST', path, least)
      assert.partialDeepStrictEqual(
        json,
        kind === 'level' ? { ...least, icon: null, order: 1 } : { ...least, ...filledIn },
      )
      if (kind === 'level') {
        const next = await admin('POST', path, { name: 'After', required_points: 800 })
        assert.equal(next.json.order, json.order + 1)
      }
    })

    test('refuse every invalid value with 422, name it, and change nothing', async () => {
      const { json: existing } = await admin('POST', path, {
        ...whole,
        ...(kind === 'rule' ? { type: 'kept' } : { required_points: 900 }),
      })
      const before = await game.footprint()
      for (const [field, values] of Object.entries(invalid)) {
        for (const value of values) {
          const what = `${field}: ${String(value)}`
          const created = await admin('POST', path, { ...whole, [field]: value })
          assert.equal(created.status, 422, what)
          assert.ok(
            created.json.errors.some((error: { path: string }) => error.path.split('.')[0] === field),
            `${what} → ${created.text}`,
          )
          if (value === undefined) continue
          assert.equal((await admin('PUT', `${path}/${existing.id}`, { [field]: value })).status, 422, what)
        }
      }
      for (const body of ['{', '[]', '"text"', 'null']) {
        const answer = await admin('POST', path, body)
        assert.ok(answer.status === 400 || answer.status === 422, `${body} → ${answer.status}`)
      }
      assert.deepEqual(await game.footprint(), before)
    })

    test('that are not there are 404, and so is one that was deleted', async () => {
      const before = await game.footprint()
      for (const id of [randomUUID(), owner.business.id, owner.user.id]) {
        assert.equal((await admin('PUT', `${path}/${id}`, change)).status, 404)
        assert.equal((await admin('DELETE', `${path}/${id}`)).status, 404)
      }
      assert.equal((await admin('DELETE', `${path}/none`)).status, 422)
      assert.deepEqual(await game.footprint(), before)
      const { json } = await admin('POST', path, {
        ...whole,
        ...(kind === 'rule' ? { type: 'gone' } : { required_points: 901 }),
      })
      assert.equal((await admin('DELETE', `${path}/${json.id}`)).status, 204)
      assert.equal((await admin('DELETE', `${path}/${json.id}`)).status, 404)
      assert.equal((await admin('PUT', `${path}/${json.id}`, change)).status, 404)
    })

    test('are closed to owners (403) and strangers (401), who change nothing', async () => {
      const { json } = await admin('POST', path, {
        ...whole,
        ...(kind === 'rule' ? { type: 'closed' } : { required_points: 902 }),
      })
      const before = await game.footprint()
      for (const [token, status] of [
        [owner.token, 403],
        [undefined, 401],
        ['nonsense', 401],
      ] as const) {
        for (const [method, at, body] of [
          ['POST', path, least],
          ['GET', path, undefined],
          ['PUT', `${path}/${json.id}`, change],
          ['DELETE', `${path}/${json.id}`, undefined],
          ['PUT', `${path}/${randomUUID()}`, change],
        ] as const) {
          const answer = await game.api(method, at, { token, body })
          assert.equal(answer.status, status, `${method} ${at}`)
          assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
          assert.equal(answer.headers.get('www-authenticate'), status === 401 ? 'Bearer' : null)
        }
      }
      assert.deepEqual(await game.footprint(), before)
    })

    test('are listed newest first, page by page, every one once', async () => {
      for (let nth = 0; nth < 7; nth++)
        await admin('POST', path, {
          ...whole,
          ...(kind === 'rule' ? { type: `page_${nth}` } : { required_points: 10_000 + nth }),
        })
      // All of one millisecond: the id decides.
      const table = { achievement: 'achievements', level: 'business_levels', rule: 'point_rules' }[kind]
      await game.pool.query(`UPDATE ${table} SET created_at = (SELECT max(created_at) FROM ${table})`)
      const { json: all } = await admin('GET', `${path}?limit=200`)
      const ids = all.map((row: { id: string }) => row.id)
      assert.deepEqual(ids, ids.toSorted().toReversed())
      const seen: string[] = []
      for (let next: string | undefined = `${path}?limit=3`; next;) {
        const answer = await admin('GET', next)
        assert.ok(answer.json.length >= 1 && answer.json.length <= 3)
        seen.push(...answer.json.map((row: { id: string }) => row.id))
        next = answer.headers.get('link')?.match(/^<([^>]+)>; rel="next"$/)?.[1]
      }
      assert.deepEqual(seen, ids)
    })

    test('refuse a limit out of range and a cursor that is none', async () => {
      const cursors = ['abc', '', '🐟', 'bnVsbA', 'e30', 'eyJpZCI6MX0', Buffer.from('[1]').toString('base64url')]
      for (const content of [
        { at: '0000-01-01T00:00:00.000Z', id: randomUUID() },
        { at: 'yesterday', id: randomUUID() },
        { at: new Date().toISOString(), id: "'; DROP TABLE users" },
      ])
        cursors.push(Buffer.from(JSON.stringify(content)).toString('base64url'))
      const wrong = [
        ...['0', '201', 'abc', '-1', '1.5', ''].map((limit) => `limit=${limit}`),
        ...cursors.map((cursor) => `cursor=${encodeURIComponent(cursor)}`),
      ]
      for (const query of wrong) assert.equal((await admin('GET', `${path}?${query}`)).status, 422, query)
    })
  })
}

describe('definitions', () => {
  let game: Game
  before(async () => {
    game = await startGame()
  })
  after(() => game.close())
  const admin = (method: string, at: string, body?: unknown) => game.api(method, at, { token: game.admin, body })

  test('two levels may not share required_points: 409, and neither changes', async () => {
    const [low, high] = [await game.level(10), await game.level(20)]
    const before = await game.footprint()
    const created = await admin('POST', '/admin/business/levels', { name: 'Twin', required_points: 10 })
    assert.deepEqual([created.status, created.json.code], [409, 'required_points_taken'])
    assert.equal((await admin('PUT', `/admin/business/levels/${high.id}`, { required_points: 10 })).status, 409)
    assert.equal((await admin('PUT', `/admin/business/levels/${low.id}`, { required_points: 10 })).status, 200)
    const after = await game.footprint()
    assert.deepEqual(
      [after[0]?.['levels'], after[0]?.['versions']],
      [before[0]?.['levels'], Number(before[0]?.['versions']) + 1],
    )
  })

  test('a type is taken once: 409, until its rule is deleted', async () => {
    const [sale, visit] = [await game.rule('sale', 1), await game.rule('visit', 1)]
    const before = await game.footprint()
    const created = await admin('POST', '/admin/gamification/rules', { type: 'sale', points: 2 })
    assert.deepEqual([created.status, created.json.code], [409, 'type_taken'])
    assert.equal((await admin('PUT', `/admin/gamification/rules/${visit.id}`, { type: 'sale' })).status, 409)
    assert.deepEqual(await game.footprint(), before)
    await admin('DELETE', `/admin/gamification/rules/${sale.id}`)
    assert.equal((await admin('PUT', `/admin/gamification/rules/${visit.id}`, { type: 'sale' })).status, 200)
  })

  test('of 8 equal ones at once one is made', async () => {
    for (const [path, body] of [
      ['/admin/business/levels', { name: 'Rush', required_points: 555 }],
      ['/admin/gamification/rules', { type: 'rush', points: 5 }],
    ] as const) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => admin('POST', path, body)))
      assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [201, ...Array(7).fill(409)])
    }
  })

  test('a ledger entry names the version of the rule that it was awarded by', async () => {
    const owner = await game.owner()
    const rule = await game.rule('versioned', 3)
    await game.post(owner, 'versioned')
    await admin('PUT', `/admin/gamification/rules/${rule.id}`, { points: 4 })
    await game.post(owner, 'versioned')
    const { json } = await game.api('GET', '/gamification/points', { token: owner.token })
    assert.deepEqual(
      json.map((entry: { points: number; rule_version: number }) => [entry.points, entry.rule_version]),
      [
        [4, 2],
        [3, 1],
      ],
    )
  })

  test('adjustments are closed to owners (403) and strangers (401), who change nothing', async () => {
    const owner = await game.owner()
    const body = { business_id: owner.business.id, points: 100, reason: 'mine', idempotency_key: 'k' }
    const before = await game.footprint()
    for (const [token, status] of [
      [owner.token, 403],
      [undefined, 401],
    ] as const)
      assert.equal((await game.api('POST', '/admin/gamification/adjustments', { token, body })).status, status)
    assert.deepEqual(await game.footprint(), before)
  })
})
