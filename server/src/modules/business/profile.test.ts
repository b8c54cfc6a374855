import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { newId } from '../../platform/ids.ts'
import { users } from '../auth/index.ts'
import { businesses, businessStandings } from './schema.ts'

const warung = { business_name: 'Warung Sari', business_category: 'Food & Beverage', business_stage: 'Operational' }
const address = {
  street: 'Jl. Melati 5',
  city: 'Bandung',
  state: 'Jawa Barat',
  zip_code: '40115',
  country: 'Indonesia',
}

let server: TestServer
before(async () => {
  server = await startTestServer()
})
after(() => server.close())

const create = (token: string | undefined, body: unknown) => server.api('POST', '/business/profile', { token, body })
const read = (token: string | undefined, businessId?: string) =>
  server.api('GET', `/business/profile${businessId === undefined ? '' : `?business_id=${businessId}`}`, { token })
const change = (token: string | undefined, body: unknown, businessId?: string) =>
  server.api('PATCH', `/business/profile${businessId === undefined ? '' : `?business_id=${businessId}`}`, {
    token,
    body,
  })
const newcomer = async () => (await server.owner({ business: false })).token
const standingOf = async (id: string) =>
  (await server.db.select().from(businessStandings).where(eq(businessStandings.businessId, id)))[0]
const lowestLevel = async () => (await server.api('GET', '/business/levels', { token: await newcomer() })).json[0]

describe('a new business', () => {
  test('has what was said, the defaults for the rest, and stands where 0 points stand', async () => {
    const { token, user } = await server.owner({ business: false })
    const level = await lowestLevel()
    const answer = await create(token, warung)
    assert.equal(answer.status, 201)
    const { id, created_at, updated_at, ...rest } = answer.json
    assert.equal(created_at, updated_at)
    assert.deepEqual(rest, {
      ...warung,
      user_id: user.id,
      business_description: null,
      address: null,
      target_market: null,
      primary_goal: null,
      time_zone: 'UTC',
      currency: 'USD',
      board_visibility: 'shown',
      total_points: 0,
      level_id: level.id,
      level_name: level.name,
      level_icon: level.icon,
    })
    assert.equal((await standingOf(id))?.onBoard, true)
    assert.deepEqual((await read(token)).json, answer.json)
  })

  test('takes everything that can be said', async () => {
    const said = {
      ...warung,
      business_description: 'Nasi goreng.\nDan kopi.',
      address,
      target_market: 'Students',
      primary_goal: 'A second stall',
      time_zone: 'Asia/Jakarta',
      currency: 'IDR',
    }
    const answer = await create(await newcomer(), said)
    assert.equal(answer.status, 201)
    for (const [field, value] of Object.entries(said)) assert.deepEqual(answer.json[field], value, field)
  })

  test('cannot say its own points, level, owner or id', async () => {
    const other = await server.owner()
    const { token, user } = await server.owner({ business: false })
    const answer = await create(token, {
      ...warung,
      id: other.business.id,
      user_id: other.user.id,
      total_points: 1_000_000,
      level_id: newId(),
      level_name: 'Legend',
      created_at: '1970-01-01T00:00:00.000Z',
    })
    assert.equal(answer.status, 201)
    assert.notEqual(answer.json.id, other.business.id)
    assert.equal(answer.json.user_id, user.id)
    assert.equal(answer.json.total_points, 0)
    assert.notEqual(answer.json.level_name, 'Legend')
    assert.equal((await standingOf(answer.json.id))?.totalPoints, 0)
  })

  const refused: [what: string, body: unknown, path: string][] = [
    ['no name', { ...warung, business_name: undefined }, 'business_name'],
    ['a name of blanks', { ...warung, business_name: ' \u200B ' }, 'business_name'],
    ['a name of 201 characters', { ...warung, business_name: 'x'.repeat(201) }, 'business_name'],
    ['no category', { ...warung, business_category: undefined }, 'business_category'],
    ['a category of 101 characters', { ...warung, business_category: 'x'.repeat(101) }, 'business_category'],
    ['no stage', { ...warung, business_stage: '' }, 'business_stage'],
    [
      'a description of 5,001 characters',
      { ...warung, business_description: 'x'.repeat(5001) },
      'business_description',
    ],
    ['an address that is a text', { ...warung, address: 'Bandung' }, 'address'],
    ['a city of 201 characters', { ...warung, address: { city: 'x'.repeat(201) } }, 'address.city'],
    ['a time zone that is none', { ...warung, time_zone: 'Mars/Olympus' }, 'time_zone'],
    ['an offset for a time zone', { ...warung, time_zone: '+07:00' }, 'time_zone'],
    ['a time zone that only the runtime knows', { ...warung, time_zone: 'PNT' }, 'time_zone'],
    ['a currency that is none', { ...warung, currency: 'GOLD' }, 'currency'],
    ['a list', [], 'body'],
  ]
  for (const [what, body, path] of refused) {
    test(`is refused with ${what}, and nothing is made`, async () => {
      const token = await newcomer()
      const answer = await create(token, body)
      assert.equal(answer.status, 422, answer.text)
      assert.ok(
        answer.json.errors.some((error: { path: string }) => error.path === path),
        answer.text,
      )
      assert.equal((await read(token)).json.code, 'no_business')
    })
  }

  test('needs somebody who is signed in and still there', async () => {
    assert.equal((await create(undefined, warung)).status, 401)
    const { token, user } = await server.owner({ business: false })
    await server.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, user.id))
    assert.equal((await create(token, warung)).status, 401)
    await server.db.delete(users).where(eq(users.id, user.id))
    assert.equal((await create(token, warung)).status, 401)
    assert.deepEqual(await server.db.select().from(businesses).where(eq(businesses.userId, user.id)), [])
  })

  test('is the last of twenty, however many are made at once', async () => {
    const { token, user } = await server.owner()
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) => create(token, { ...warung, business_name: `Number ${index}` })),
    )
    const statuses = answers.map((answer) => answer.status).toSorted()
    assert.deepEqual(statuses, [...Array(19).fill(201), ...Array(5).fill(409)])
    assert.equal(answers.find((answer) => answer.status === 409)?.json.code, 'too_many_businesses')
    const stored = await server.db.select().from(businesses).where(eq(businesses.userId, user.id))
    assert.equal(stored.length, 20)
  })

  test('is made whole or not at all: a listener that fails leaves nothing behind', async () => {
    const { token, user } = await server.owner({ business: false })
    server.app.business.onCreated(async (_tx, business) => {
      if (business.businessName === 'Broken') throw new Error('broken on purpose')
    })
    assert.equal((await create(token, { ...warung, business_name: 'Broken' })).status, 500)
    assert.deepEqual(await server.db.select().from(businesses).where(eq(businesses.userId, user.id)), [])
    assert.equal((await create(token, warung)).status, 201)
  })
})

describe('a profile', () => {
  test('is 404 no_business for somebody who has none, and 401 for nobody', async () => {
    const token = await newcomer()
    for (const answer of [await read(token), await change(token, { business_name: 'X' })]) {
      assert.equal(answer.status, 404)
      assert.equal(answer.json.code, 'no_business')
    }
    assert.equal((await read(undefined)).status, 401)
    assert.equal((await change(undefined, { business_name: 'X' })).status, 401)
  })

  test('is that of the first business, or of the one that is named', async () => {
    const { token, business: first } = await server.owner()
    const second = (await create(token, { ...warung, business_name: 'Second' })).json
    assert.equal((await read(token)).json.id, first.id)
    assert.equal((await read(token, second.id)).json.business_name, 'Second')
    assert.equal((await change(token, { business_stage: 'Idea' }, second.id)).json.id, second.id)
    assert.equal((await read(token)).json.business_stage, 'Operational')
  })

  test("is 404 when it is somebody else's or nobody's, and stays as it is", async () => {
    const owner = await server.owner()
    const stranger = await server.owner()
    const admin = await server.adminToken()
    for (const token of [stranger.token, admin]) {
      for (const answer of [
        await read(token, owner.business.id),
        await change(token, { business_name: 'Taken over', board_visibility: 'hidden' }, owner.business.id),
      ]) {
        assert.equal(answer.status, 404)
        assert.equal(answer.json.code, 'not_found')
        assert.ok(!answer.text.includes('Warung'))
      }
    }
    assert.deepEqual((await read(stranger.token, newId())).json, (await read(stranger.token, owner.business.id)).json)
    assert.deepEqual((await read(owner.token)).json, owner.business)
    assert.equal((await standingOf(owner.business.id))?.onBoard, true)
  })

  test('is named by a UUID', async () => {
    const { token } = await server.owner()
    assert.equal((await read(token, 'first')).status, 422)
    assert.equal((await change(token, {}, "' OR 1=1")).status, 422)
  })

  test('changes in what is sent and in nothing else', async () => {
    const { token, business } = await server.owner({ business: { business_description: 'Nasi goreng', address } })
    const answer = await change(token, { business_name: 'Warung Baru', currency: 'idr', time_zone: 'Asia/Makassar' })
    assert.equal(answer.status, 200)
    const { updated_at, ...changed } = answer.json
    assert.ok(updated_at >= business.updated_at)
    const { updated_at: _before, ...rest } = business
    assert.deepEqual(changed, {
      ...rest,
      business_name: 'Warung Baru',
      currency: 'IDR',
      time_zone: 'Asia/Makassar',
    })
    assert.deepEqual((await read(token)).json, answer.json)
    assert.equal((await change(token, {})).status, 200)
  })

  test('loses an optional field by null, and its address is replaced as a whole', async () => {
    const { token } = await server.owner({ business: { business_description: 'Nasi', target_market: 'All', address } })
    const moved = await change(token, { address: { city: 'Jakarta' } })
    assert.deepEqual(moved.json.address, { street: null, city: 'Jakarta', state: null, zip_code: null, country: null })
    const cleared = await change(token, { business_description: null, target_market: '', address: null })
    assert.equal(cleared.status, 200)
    assert.deepEqual(
      [cleared.json.business_description, cleared.json.target_market, cleared.json.address],
      [null, null, null],
    )
    for (const field of ['business_name', 'business_category', 'business_stage', 'time_zone', 'currency'])
      assert.equal((await change(token, { [field]: null })).status, 422, field)
  })

  test('cannot change its own points, level, owner or id', async () => {
    const stranger = await server.owner()
    const { token, business } = await server.owner()
    const answer = await change(token, {
      id: newId(),
      user_id: stranger.user.id,
      total_points: 999_999,
      level_id: newId(),
      level_name: 'Legend',
      erased_at: '2026-01-01T00:00:00.000Z',
      on_board: false,
    })
    assert.equal(answer.status, 200)
    const { updated_at: _now, ...after } = answer.json
    const { updated_at: _before, ...before } = business
    assert.deepEqual(after, before)
    const standing = await standingOf(business.id)
    assert.deepEqual([standing?.totalPoints, standing?.highestPoints, standing?.onBoard], [0, 0, true])
  })

  test('is on the board exactly while it is not hidden', async () => {
    const { token, business } = await server.owner()
    for (const [visibility, onBoard] of [
      ['alias', true],
      ['hidden', false],
      ['shown', true],
    ] as const) {
      const answer = await change(token, { board_visibility: visibility })
      assert.equal(answer.json.board_visibility, visibility)
      assert.equal((await standingOf(business.id))?.onBoard, onBoard)
    }
    assert.equal((await change(token, { board_visibility: 'invisible' })).status, 422)
  })

  test('refuses a change that is partly wrong as a whole', async () => {
    const { token, business } = await server.owner()
    const answer = await change(token, { business_name: 'New', time_zone: 'Mars/Olympus' })
    assert.equal(answer.status, 422)
    assert.deepEqual((await read(token)).json, business)
  })

  test('holds texts as texts', async () => {
    const token = await newcomer()
    const name = `Robert'); DROP TABLE businesses;-- <b>"&`
    const answer = await create(token, { ...warung, business_name: name, business_description: 'a\0b' })
    assert.equal(answer.json.business_name, name)
    assert.equal(answer.json.business_description, 'ab')
  })
})

describe('the list of profiles', () => {
  test("has all of the caller's, newest first, in pages, and nobody else's", async () => {
    const { token, business } = await server.owner()
    await server.owner()
    const second = (await create(token, { ...warung, business_name: 'Second' })).json
    const third = (await create(token, { ...warung, business_name: 'Third' })).json
    const all = await server.api('GET', '/business/profiles', { token })
    assert.deepEqual(all.json, [third, second, business])
    assert.equal(all.headers.get('link'), null)
    const first = await server.api('GET', '/business/profiles?limit=2', { token })
    assert.deepEqual(first.json, [third, second])
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? 'none'
    assert.deepEqual((await server.api('GET', next, { token })).json, [business])
  })

  test('is empty for a newcomer, closed to nobody, and refuses a page that is none', async () => {
    const token = await newcomer()
    assert.deepEqual((await server.api('GET', '/business/profiles', { token })).json, [])
    assert.equal((await server.api('GET', '/business/profiles')).status, 401)
    for (const query of ['limit=0', 'limit=201', 'cursor=nonsense'])
      assert.equal((await server.api('GET', `/business/profiles?${query}`, { token })).status, 422, query)
  })
})

describe('the list of levels', () => {
  test('is there by points for whoever is signed in, in pages without a gap', async () => {
    const token = await newcomer()
    const all = await server.api('GET', '/business/levels', { token })
    assert.equal(all.status, 200)
    const points = all.json.map((level: { required_points: number }) => level.required_points)
    assert.equal(points[0], 0)
    assert.deepEqual(
      points,
      points.toSorted((a: number, b: number) => a - b),
    )
    assert.deepEqual(Object.keys(all.json[0]).toSorted(), [
      'created_at',
      'icon',
      'id',
      'name',
      'order',
      'required_points',
    ])
    const paged: unknown[] = []
    for (let next: string | undefined = '/business/levels?limit=2'; next;) {
      const page = await server.api('GET', next, { token })
      paged.push(...page.json)
      next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
    }
    assert.deepEqual(paged, all.json)
    assert.equal((await server.api('GET', '/business/levels')).status, 401)
    assert.equal((await server.api('GET', '/business/levels?cursor=nonsense', { token })).status, 422)
  })
})
