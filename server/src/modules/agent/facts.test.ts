import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { createFactStore, FACTS_PER_BUSINESS, type FactStore, type Owner } from './facts.ts'

let server: TestServer
let facts: FactStore
before(async () => {
  server = await startTestServer()
  facts = createFactStore({ db: server.db, clock: { now: () => new Date('2026-11-22T20:00:00Z') } })
})
after(() => server.close())

async function owner(): Promise<Owner> {
  const { user, business } = await server.owner()
  return { userId: user.id, businessId: business.id }
}
const contents = async (businessId: string) => (await facts.list(businessId)).map((fact) => fact.content)

describe('the memory of a business', () => {
  test('keeps facts in the words they were told, cleaned, newest first, and each business its own', async () => {
    const [sari, budi] = [await owner(), await owner()]
    await facts.remember(sari, 'We close on Mondays')
    await facts.remember(sari, '  Rent is due\non the\u00005th ')
    await facts.remember(budi, 'We sell coffee')
    assert.deepEqual(await contents(sari.businessId), ['Rent is due on the 5th', 'We close on Mondays'])
    assert.deepEqual(await contents(budi.businessId), ['We sell coffee'])
  })

  test('keeps a fact once, however often and in whatever case it is told, at the same time or later', async () => {
    const sari = await owner()
    const told = await Promise.all(
      Array.from({ length: 10 }, (_, index) => facts.remember(sari, index % 2 ? 'We sell SOTO' : 'we sell soto')),
    )
    assert.equal(told.filter(({ isNew }) => isNew).length, 1)
    assert.equal(new Set(told.map(({ fact }) => fact.id)).size, 1)
    assert.equal((await contents(sari.businessId)).length, 1)
  })

  test('forgets a fact by its own words, of that business alone', async () => {
    const [sari, budi] = [await owner(), await owner()]
    for (const one of [sari, budi]) await facts.remember(one, 'We close on Mondays')
    assert.equal(await facts.forget(sari.businessId, 'We close on'), undefined)
    assert.equal((await facts.forget(sari.businessId, 'we close on mondays!'))?.content, 'We close on Mondays')
    assert.equal(await facts.forget(sari.businessId, 'We close on Mondays'), undefined)
    assert.deepEqual([await contents(sari.businessId), await contents(budi.businessId)], [[], ['We close on Mondays']])
  })

  test('refuses what is empty or too long', async () => {
    const sari = await owner()
    for (const text of ['', ' \u200b\n', 'x'.repeat(501)]) await assert.rejects(facts.remember(sari, text))
    assert.equal((await facts.remember(sari, '🍲'.repeat(500))).isNew, true)
  })

  test('holds a hundred facts and not one more, even when told at the same time; known ones stay welcome', async () => {
    const sari = await owner()
    for (let index = 2; index < FACTS_PER_BUSINESS; index++) await facts.remember(sari, `fact ${index}`)
    const told = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((text) => facts.remember(sari, text)))
    const refused = told.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    assert.deepEqual(
      refused.map(({ code, detail }) => [code, detail]),
      Array.from({ length: 3 }, () => ['too_many_facts', 'At most 100 facts are kept of a business.']),
    )
    assert.equal((await contents(sari.businessId)).length, FACTS_PER_BUSINESS)
    assert.equal((await facts.remember(sari, 'fact 7')).isNew, false)
  })

  test('goes with its owner', async () => {
    const { user, business, token } = await server.owner()
    await facts.remember({ userId: user.id, businessId: business.id }, 'I was born in Solo')
    const erased = await server.api('DELETE', '/auth/me', { token, body: { password: 'a-long-enough-password' } })
    assert.equal(erased.status, 204)
    assert.deepEqual(await contents(business.id), [])
  })
})
