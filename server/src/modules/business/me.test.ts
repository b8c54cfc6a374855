import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eq, sql } from 'drizzle-orm'
import { startTestServer, type TestServer, testPassword } from '../../../test/harness.ts'
import { eventually } from '../../platform/db/embedded/testing/temporary-place.ts'
import { users } from '../auth/index.ts'
import { businesses, businessStandings } from './schema.ts'

let server: TestServer
before(async () => {
  server = await startTestServer()
})
after(() => server.close())

const me = (token?: string) => server.api('GET', '/auth/me', { token })
const change = (token: string | undefined, body: unknown) => server.api('PATCH', '/auth/me', { token, body })

describe('me', () => {
  test('is the person, with no business yet', async () => {
    const { token, user } = await server.owner({ business: false })
    const answer = await me(token)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { ...user, business: null })
  })

  test('is the person with the first of their businesses', async () => {
    const { token, user, business } = await server.owner()
    await server.api('POST', '/business/profile', {
      token,
      body: { business_name: 'Second', business_category: 'x', business_stage: 'x' },
    })
    assert.deepEqual((await me(token)).json, { ...user, business })
  })

  test('is nobody without a token, disabled, or erased', async () => {
    assert.equal((await me()).status, 401)
    assert.equal((await change(undefined, { name: 'X' })).status, 401)
    const { token, user } = await server.owner()
    await server.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, user.id))
    assert.equal((await me(token)).status, 401)
    assert.equal((await change(token, { name: 'X' })).status, 401)
    await server.db.delete(users).where(eq(users.id, user.id))
    assert.equal((await me(token)).status, 401)
  })

  test('changes name and language, and answers as it is then', async () => {
    const { token, user, business } = await server.owner()
    const answer = await change(token, { name: ' Sari\tBaru ', locale: 'id' })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { ...user, name: 'Sari Baru', locale: 'id', business })
    assert.deepEqual((await change(token, { locale: 'en' })).json.name, 'Sari Baru')
    assert.equal((await change(token, {})).status, 200)
  })

  test('cannot change role, e-mail or id', async () => {
    const { token, user, business } = await server.owner()
    const answer = await change(token, {
      role: 'admin',
      email: 'other@example.org',
      id: 'x',
      disabled: true,
      email_verified_at: '2026-01-01',
    })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { ...user, business })
    assert.equal((await server.api('GET', '/admin/users', { token })).status, 403)
  })

  test('refuses values that are none', async () => {
    const { token } = await server.owner({ business: false })
    for (const body of [{ name: '' }, { name: 'x'.repeat(201) }, { locale: 'fr' }, { name: null }])
      assert.equal((await change(token, body)).status, 422, JSON.stringify(body))
  })
})

describe('an erased account', () => {
  test('leaves a nameless business off the board, and nothing personal in it', async () => {
    const secret = 'Rahasia'
    const { token, user, business } = await server.owner({
      business: {
        business_name: `${secret} name`,
        business_category: `${secret} category`,
        business_description: `${secret} description`,
        business_stage: `${secret} stage`,
        target_market: `${secret} market`,
        primary_goal: `${secret} goal`,
        address: { street: secret, city: secret, state: secret, zip_code: secret, country: secret },
      },
    })
    const neighbour = await server.owner()
    assert.equal((await server.api('DELETE', '/auth/me', { token, body: { password: testPassword } })).status, 204)

    const [row] = await server.db.select().from(businesses).where(eq(businesses.id, business.id))
    assert.ok(row?.erasedAt)
    assert.equal(row.userId, null)
    assert.ok(!JSON.stringify(row).includes(secret))
    assert.ok(!JSON.stringify(row).includes(user.id))
    const [standing] = await server.db
      .select()
      .from(businessStandings)
      .where(eq(businessStandings.businessId, business.id))
    assert.equal(standing?.onBoard, false)

    const admin = await server.adminToken()
    const listed = await server.api('GET', '/admin/businesses?limit=200', { token: admin })
    assert.ok(!listed.text.includes(business.id))
    const shown = await server.api('PATCH', `/admin/businesses/${business.id}`, {
      token: admin,
      body: { board_visibility: 'shown' },
    })
    assert.equal(shown.status, 404)
    for (const path of ['/business/profile', `/business/profile?business_id=${business.id}`])
      assert.equal((await server.api('GET', path, { token })).status, 404)
    assert.deepEqual((await server.api('GET', '/business/profiles', { token })).json, [])
    assert.deepEqual(
      (await server.api('GET', '/business/profile', { token: neighbour.token })).json,
      neighbour.business,
    )
  })

  // In the order in which they wait for the business: a change, the erasure, another change.
  test('and changes of its business at once leave nothing personal behind either', async () => {
    const { token, business } = await server.owner()
    const rename = (name: string) =>
      server.api('PATCH', '/business/profile', { token, body: { business_name: name, board_visibility: 'shown' } })
    const waiting = (count: number) =>
      eventually(async () => {
        const { rows } = await server.db.execute<{ count: string }>(sql`SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`)
        return Number(rows[0]?.count) === count
      })

    const answers = await server.db.transaction(async (tx) => {
      await tx.select().from(businesses).where(eq(businesses.id, business.id)).for('update')
      const first = rename('Rahasia one')
      await waiting(1)
      const erasure = server.api('DELETE', '/auth/me', { token, body: { password: testPassword } })
      await waiting(2)
      const second = rename('Rahasia two')
      await waiting(3)
      return { first, erasure, second }
    })
    assert.equal((await answers.erasure).status, 204)
    assert.ok([200, 404].includes((await answers.first).status), (await answers.first).text)
    assert.equal((await answers.second).status, 404)

    const [row] = await server.db.select().from(businesses).where(eq(businesses.id, business.id))
    assert.equal(row?.businessName, '')
    const [standing] = await server.db
      .select()
      .from(businessStandings)
      .where(eq(businessStandings.businessId, business.id))
    assert.equal(standing?.onBoard, false)
  })
})
