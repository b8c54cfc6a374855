import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'

let game: Game
before(async () => {
  game = await startGame()
})
after(() => game.close())

const list = (query = '', token = game.admin) => game.api('GET', `/admin/audit${query}`, { token })

test('the trail tells who changed what, before and after, newest first', async () => {
  const made = await game.level(10, 'Low')
  await game.api('PUT', `/admin/business/levels/${made.id}`, { token: game.admin, body: { name: 'Lower' } })
  const { status, json } = await list(`?subject_type=level&subject_id=${made.id}`)
  assert.equal(status, 200)
  const [change, creation] = json
  assert.deepEqual(
    [change.action, change.before.name, change.after.name, creation.action, creation.before],
    ['level.update', 'Low', 'Lower', 'level.create', null],
  )
  assert.equal(change.actor_kind, 'user')
  assert.equal(typeof change.actor_name, 'string')
  assert.equal(change.subject_id, made.id)
  assert.equal(new Date(change.created_at).toISOString(), change.created_at)
})

test('filters by actor and subject narrow the trail, together too', async () => {
  const level = await game.level(20)
  const achievement = await game.achievement(30)
  const { json: all } = await list()
  const actorId = all[0].actor_id
  const ids = (answer: { json: { subject_id: string }[] }) => answer.json.map((entry) => entry.subject_id)
  assert.deepEqual(ids(await list(`?subject_id=${achievement.id}`)), [achievement.id])
  assert.ok(!ids(await list('?subject_type=achievement')).includes(level.id))
  assert.ok(ids(await list(`?actor_id=${actorId}`)).includes(level.id))
  assert.deepEqual(ids(await list(`?actor_id=${actorId}&subject_type=level&subject_id=${achievement.id}`)), [])
  assert.deepEqual(ids(await list(`?actor_id=${level.id}`)), [])
})

test('pages follow each other without a gap or a double', async () => {
  for (let index = 0; index < 5; index++) await game.level(1_000 + index)
  const { json: all } = await list('?subject_type=level')
  const seen: string[] = []
  for (let path: string | undefined = '/api/v1/admin/audit?subject_type=level&limit=2'; path;) {
    const page = await game.api('GET', path, { token: game.admin })
    seen.push(...page.json.map((entry: { id: string }) => entry.id))
    path = /<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1]
  }
  assert.deepEqual(
    seen,
    all.map((entry: { id: string }) => entry.id),
  )
})

test('only admins read the trail, and what cannot be meant is refused', async () => {
  const owner = await game.owner({ business: false })
  assert.equal((await game.api('GET', '/admin/audit')).status, 401)
  assert.equal((await list('', owner.token)).status, 403)
  for (const query of ['?subject_id=1', '?actor_id=x', '?subject_type=%00', '?limit=0', '?cursor=x'])
    assert.equal((await list(query)).status, 422, query)
})
