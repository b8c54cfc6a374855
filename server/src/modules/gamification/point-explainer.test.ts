import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'

let game: Game
before(async () => {
  game = await startGame()
})
after(() => game.close())

type Owner = Awaited<ReturnType<Game['owner']>>

async function entriesOf(owner: Owner) {
  return (await game.api('GET', '/gamification/points', { token: owner.token })).json
}

const explain = (id: string, token: string | undefined, headers: Record<string, string> = {}) =>
  game.api('GET', `/gamification/points/${id}`, { token, headers })

test('an entry is explained by its rule as it stood then, with its arithmetic', async () => {
  const owner = await game.owner()
  const rule = await game.rule('sold', 8, { daily_cap: 20 })
  for (let count = 0; count < 3; count++) await game.post(owner, 'sold')
  await game.api('PUT', `/admin/gamification/rules/${rule.id}`, {
    token: game.admin,
    body: { points: 99, daily_cap: null },
  })
  const [last, second] = await entriesOf(owner)
  const { status, json, headers } = await explain(last.id, owner.token)
  assert.equal(status, 200)
  assert.equal(headers.get('content-language'), 'en')
  assert.match(
    json.sentence,
    /^4 points for sold on .+, because version 1 of its rule gave 8 points, at most 20 a day, of which 16 had been earned before, so that only 4 could be added; the total rose from 16 to 20\.$/,
  )
  assert.deepEqual(json.rule, { id: rule.id, version: 1, points: 8, daily_cap: 20, cooldown_seconds: null })
  assert.deepEqual(
    [json.points, json.total_before, json.total_after, json.earned_before, json.reason, json.source],
    [4, 16, 20, 16, 'daily_cap', 'owner'],
  )
  assert.equal((await explain(second.id, owner.token)).json.earned_before, 8)
})

test('an adjustment is explained by its reason, in the language of the account or of the request', async () => {
  const owner = await game.owner()
  await game.adjust(owner.business.id, 70, { reason: 'Juara pasar' })
  const [entry] = await entriesOf(owner)
  await game.api('PATCH', '/auth/me', { token: owner.token, body: { locale: 'id' } })
  const own = await explain(entry.id, owner.token)
  assert.equal(own.json.sentence, 'Admin memberi 70 poin: “Juara pasar”; total naik dari 0 menjadi 70.')
  assert.equal(own.headers.get('content-language'), 'id')
  const asked = await explain(entry.id, owner.token, { 'accept-language': 'en-GB, id;q=0.5' })
  assert.equal(asked.json.sentence, 'An admin gave 70 points: “Juara pasar”; the total rose from 0 to 70.')
  assert.equal(asked.json.rule, null)
})

test('entries of others are nobody’s, and admins see all of them on their own route', async () => {
  const [owner, stranger] = await Promise.all([game.owner(), game.owner()])
  await game.adjust(owner.business.id, 5)
  const [entry] = await entriesOf(owner)
  const absent = '01900000-0000-7000-8000-000000000999'
  const admin = (id: string, token?: string) => game.api('GET', `/admin/gamification/points/${id}`, { token })

  assert.equal((await explain(entry.id, stranger.token)).status, 404)
  assert.equal((await explain(entry.id, game.admin)).status, 404)
  assert.equal((await explain(absent, owner.token)).status, 404)
  assert.equal((await explain('1', owner.token)).status, 422)
  assert.equal((await explain(entry.id, undefined)).status, 401)

  assert.equal((await admin(entry.id, game.admin)).json.sentence.includes('5 points'), true)
  assert.equal((await admin(absent, game.admin)).status, 404)
  assert.equal((await admin('1', game.admin)).status, 422)
  assert.equal((await admin(entry.id, owner.token)).status, 403)
  assert.equal((await admin(entry.id)).status, 401)
})
