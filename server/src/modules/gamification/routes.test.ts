import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'

type Owner = Awaited<ReturnType<Game['owner']>>

const READS = ['/gamification/achievements', '/gamification/leaderboard', '/gamification/points']

describe('the game, as owners see it', () => {
  let game: Game
  let owner: Owner
  let other: Owner
  before(async () => {
    game = await startGame({ seeded: true })
    await game.rule('sale', 10)
    owner = await game.owner()
    other = await game.owner()
  })
  after(async () => {
    assert.deepEqual(await game.untruths(), [])
    await game.close()
  })
  const get = (path: string, token: string | undefined = owner.token) => game.api('GET', path, { token })

  test('asks for a sign-in everywhere, and changes nothing without', async () => {
    const before = await game.footprint()
    for (const token of [undefined, 'nonsense', `${owner.token}x`]) {
      for (const path of [...READS, '/gamification/rules']) {
        const answer = await game.api('GET', path, { token })
        assert.equal(answer.status, 401, path)
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
      }
      const posted = await game.api('POST', '/gamification/events', {
        token,
        body: { type: 'sale', idempotency_key: 'k' },
      })
      assert.equal(posted.status, 401)
    }
    assert.deepEqual(await game.footprint(), before)
  })

  test('of somebody else is 404, and nothing of it is read or changed', async () => {
    await game.post(other, 'sale')
    const before = await game.footprint()
    for (const business of [other.business.id, randomUUID()]) {
      for (const path of READS) {
        const answer = await get(`${path}?business_id=${business}`)
        assert.deepEqual([answer.status, answer.json.code], [404, 'not_found'], path)
        assert.doesNotMatch(answer.text, /Warung/)
      }
      const posted = await game.post(owner, 'sale', { business_id: business })
      assert.deepEqual([posted.status, posted.json.code], [404, 'not_found'])
    }
    // The same key of the other owner says nothing about them either.
    await game.post(other, 'sale', { idempotency_key: 'secret' })
    assert.equal(
      (await game.post(owner, 'sale', { idempotency_key: 'secret', business_id: other.business.id })).status,
      404,
    )
    assert.equal((await game.footprint())[0]?.['events'], Number(before[0]?.['events']) + 1)
  })

  test('without a business is 404 no_business, but for the leaderboard', async () => {
    const { token } = await game.owner({ business: false })
    for (const path of ['/gamification/achievements', '/gamification/points'])
      assert.deepEqual([(await get(path, token)).status, (await get(path, token)).json.code], [404, 'no_business'])
    assert.equal((await get('/gamification/leaderboard', token)).status, 200)
    const posted = await game.api('POST', '/gamification/events', {
      token,
      body: { type: 'sale', idempotency_key: 'k' },
    })
    assert.deepEqual([posted.status, posted.json.code], [404, 'no_business'])
  })

  test('is that of the first business, or of the one that is named', async () => {
    const person = await game.owner()
    const second = await game.api('POST', '/business/profile', {
      token: person.token,
      body: { business_name: 'Second', business_category: 'Food', business_stage: 'Idea' },
    })
    assert.equal((await game.post(person, 'sale')).json.business_id, person.business.id)
    const named = await game.post(person, 'sale', { business_id: second.json.id })
    assert.equal(named.json.business_id, second.json.id)
    const ledger = await get(`/gamification/points?business_id=${second.json.id}`, person.token)
    assert.deepEqual(
      ledger.json.map((entry: { event_id: string }) => entry.event_id),
      [named.json.event_id],
    )
  })

  test('own points cannot be set through any endpoint', async () => {
    const person = await game.owner({
      business: { total_points: 999, level_id: randomUUID(), sequence: 7, points: 999, board_visibility: 'shown' },
    })
    assert.equal(person.business.total_points, 0)
    const { token } = person
    const attempts = {
      total_points: 999,
      highest_points: 999,
      points: 999,
      level_id: randomUUID(),
      level_name: 'Forest',
    }
    await game.api('PATCH', '/business/profile', { token, body: { ...attempts, business_name: 'Tried' } })
    await game.api('PATCH', '/auth/me', { token, body: { ...attempts, role: 'admin', business: attempts } })
    const event = await game.post(person, 'sale', {
      ...attempts,
      points_awarded: 999,
      source: 'admin',
      namespace: 'admin',
      caller: null,
      actor_id: other.user.id,
      rule_id: randomUUID(),
      timely: true,
      metadata: attempts,
    })
    assert.deepEqual([event.json.points_awarded, event.json.total_points], [10, 10])
    const { json } = await game.api('GET', '/business/profile', { token })
    assert.deepEqual([json.total_points, json.level_name], [10, 'Seed'])
    assert.equal((await game.post(person, 'adjustment', attempts)).status, 422)
    assert.equal((await game.api('GET', '/auth/me', { token })).json.role, 'user')
  })

  test('an event takes any offset, ignores unknown fields, and answers a whole receipt', async () => {
    const person = await game.owner()
    const { status, json } = await game.post(person, 'sale', {
      occurred_at: new Date(Date.now() - 3_600_000).toISOString().replace('Z', '+00:00'),
      metadata: { note: 'with "quotes" and \\u0000 spelt out', nested: [{ deep: 1.5 }] },
      unknown: 'field',
    })
    assert.equal(status, 201)
    const { event_id, level, rank, ...rest } = json
    assert.match(event_id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(Object.keys(level).toSorted(), ['id', 'name'])
    assert.ok(Number.isInteger(rank))
    assert.deepEqual(rest, {
      business_id: person.business.id,
      type: 'sale',
      points_awarded: 10,
      total_points: 10,
      levels_gained: [],
      unlocked: ['First step'],
      replayed: false,
    })
  })

  test('an invalid event is 422 and nothing is written', async () => {
    const before = await game.footprint()
    const invalid = {
      type: ['', 5, null, undefined, 'x'.repeat(201), 'a\0b', '\ud800'],
      idempotency_key: ['', 5, null, undefined, 'x'.repeat(201), 'a\0b', '\udc00'],
      business_id: ['none', 5, ''],
      occurred_at: ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', 5, '2026-01-01T00:00:00'],
      metadata: [
        'text',
        5,
        [],
        { note: 'x'.repeat(20_000) },
        { a: 'b\0c' },
        { 'a\0b': 1 },
        { a: '\ud800' },
        { a: ['\udfff'] },
      ],
    }
    for (const [field, values] of Object.entries(invalid)) {
      for (const value of values) {
        const answer = await game.post(owner, 'sale', { [field]: value })
        assert.equal(answer.status, 422, `${field}: ${JSON.stringify(value)?.slice(0, 40)} → ${answer.text}`)
        assert.ok(answer.json.errors.length > 0)
      }
    }
    const deep = `{"type":"sale","idempotency_key":"k","metadata":{"a":${'['.repeat(8_000)}${']'.repeat(8_000)}}}`
    assert.equal((await game.api('POST', '/gamification/events', { token: owner.token, body: deep })).status, 422)
    assert.equal((await game.api('POST', '/gamification/events', { token: owner.token, body: '{"type":' })).status, 400)
    const large = { type: 'sale', idempotency_key: 'k', metadata: { note: 'x'.repeat(1_100_000) } }
    assert.equal((await game.api('POST', '/gamification/events', { token: owner.token, body: large })).status, 413)
    assert.deepEqual(await game.footprint(), before)
  })

  test('a key of 200 characters of any script is taken', async () => {
    for (const key of ['x'.repeat(200), '🌶'.repeat(200), "'; DROP TABLE events; --", ' ', '{}', '\u202e'])
      assert.equal((await game.post(owner, 'sale', { idempotency_key: key })).status, 201)
  })

  test('invalid events beside good ones, all at once, fail alone', async () => {
    const person = await game.owner()
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        if (index % 6 === 1) return game.post(person, 'unheard_of')
        if (index % 6 === 2) return game.post(person, 'sale', { business_id: other.business.id })
        if (index % 6 === 3) return game.post(person, 'sale', { metadata: { a: '\ud800' } })
        return game.post(person, 'sale')
      }),
    )
    assert.deepEqual(
      answers.map((answer) => answer.status),
      answers.map((_, index) => [201, 422, 404, 422, 201, 201][index % 6]),
    )
    assert.equal((await game.standing(person.business.id))['total_points'], 300)
  })

  test('achievements are listed with how far each is', async () => {
    const person = await game.owner()
    await game.adjust(person.business.id, 50)
    const { status, json } = await get('/gamification/achievements', person.token)
    assert.equal(status, 200)
    const row = (title: string) => json.find((achievement: { title: string }) => achievement.title === title)
    assert.partialDeepStrictEqual(row('Warmed up'), { required_points: 25, is_unlocked: true, progress: 1 })
    assert.ok(Date.parse(row('Warmed up').unlocked_at) > 0)
    assert.partialDeepStrictEqual(row('Steady hands'), { is_unlocked: false, unlocked_at: null, progress: 0.5 })
    assert.deepEqual(Object.keys(row('Warmed up')).toSorted(), [
      'badge_icon',
      'created_at',
      'description',
      'id',
      'is_unlocked',
      'progress',
      'required_points',
      'title',
      'unlocked_at',
    ])
    await game.adjust(person.business.id, -50)
    const later = await get('/gamification/achievements', person.token)
    assert.ok(later.json.every((each: { progress: number }) => each.progress >= 0 && each.progress <= 1))
    assert.equal(later.json.filter((each: { is_unlocked: boolean }) => each.is_unlocked).length, 2)
  })

  test('rules are those that an owner can record', async () => {
    await game.rule('hidden_from_owners', 5, { sources: ['api_key'] })
    await game.rule('switched_off', 5, { active: false })
    const { json } = await get('/gamification/rules')
    const types = json.map((rule: { type: string }) => rule.type)
    assert.ok(types.includes('sale') && types.includes('daily_check_in'))
    assert.ok(!types.includes('hidden_from_owners') && !types.includes('switched_off'))
  })

  test('the ledger is listed newest first, page by page, every entry once, while it grows', async () => {
    const person = await game.owner()
    for (let nth = 1; nth <= 8; nth++) await game.adjust(person.business.id, nth)
    const seen: number[] = []
    for (let next: string | undefined = '/gamification/points?limit=3'; next;) {
      const answer = await game.api('GET', next, { token: person.token })
      assert.equal(answer.status, 200)
      seen.push(...answer.json.map((entry: { points: number }) => entry.points))
      next = answer.headers.get('link')?.match(/^<([^>]+)>; rel="next"$/)?.[1]
      await game.post(person, 'sale')
    }
    assert.deepEqual(seen, [8, 7, 6, 5, 4, 3, 2, 1])
    for (const query of ['limit=0', 'limit=201', 'limit=abc', 'cursor=abc', 'cursor=', 'cursor=e30', 'business_id=x'])
      assert.equal((await get(`/gamification/points?${query}`, person.token)).status, 422, query)
    const far = Buffer.from(JSON.stringify({ sequence: Number.MAX_SAFE_INTEGER })).toString('base64url')
    assert.equal((await get(`/gamification/points?cursor=${far}`, person.token)).status, 200)
    assert.equal((await get('/gamification/points/', person.token)).status, 200)
  })
})

describe('a new installation', () => {
  test('has levels from 0 on, achievements, and a cap on every rule that is open to owners', async () => {
    const game = await startGame({ seeded: true })
    try {
      const get = async (path: string) => (await game.api('GET', `${path}?limit=200`, { token: game.admin })).json
      const levels = await get('/admin/business/levels')
      const required = levels.map((level: { required_points: number }) => level.required_points)
      assert.ok(required.includes(0) && required.every((points: number) => points % 100 === 0))
      assert.ok((await get('/admin/gamification/achievements')).length > 0)
      const rules = await get('/admin/gamification/rules')
      for (const rule of rules) if (rule.sources.includes('owner')) assert.ok(rule.daily_cap > 0, rule.type)
      assert.ok(rules.some((rule: { sources: string[] }) => rule.sources.includes('owner')))
      const { business } = await game.owner()
      assert.equal(
        business.level_name,
        levels.find((level: { required_points: number }) => level.required_points === 0).name,
      )
    } finally {
      await game.close()
    }
  })
})
