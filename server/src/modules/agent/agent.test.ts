import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { calls, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/logger.ts'
import type { RunInput } from './engine.ts'
import { play, runInput } from './engine-under-test.ts'
import { type Agent, createAgent } from './index.ts'
import { createOfflineModel } from './offline/offline-model.ts'

type Owner = Awaited<ReturnType<TestServer['owner']>>

let server: TestServer
let modelServer: ModelServer
let online: Agent
let offline: Agent
let sari: Owner
let budi: Owner

before(async () => {
  ;[server, modelServer] = await Promise.all([startTestServer(), startModelServer()])
  const { business, gamification } = server.app
  const deps = {
    store: server.store,
    clock: systemClock,
    log: createLog({ level: 'silent' }),
    business: business.service,
    gamification: gamification.service,
  }
  online = createAgent({
    ...deps,
    settings: { llmBaseUrl: modelServer.url, llmApiKey: undefined, llmModelName: 'test-model' },
  })
  const settings = { llmBaseUrl: undefined, llmApiKey: undefined, llmModelName: undefined }
  const model = { name: 'offline', model: createOfflineModel({ pieceMs: 0 }), secrets: [] }
  offline = createAgent({ ...deps, settings, model })
  sari = await server.owner({ name: 'Sari Dewi', business: { business_name: 'Warung Sari' } })
  budi = await server.owner({ name: 'Budi Santoso', business: { business_name: 'Kopi Budi' } })
  const token = await server.adminToken()
  for (const [owner, points] of [
    [sari, 150],
    [budi, 320],
  ] as const) {
    const body = { business_id: owner.business.id, points, reason: 'test', idempotency_key: randomUUID() }
    const adjusted = await server.api('POST', '/admin/gamification/adjustments', { token, body })
    assert.equal(adjusted.status, 201, adjusted.text)
  }
  await offline.facts.remember({ userId: budi.user.id, businessId: budi.business.id }, 'The till code is 1234')
})
after(async () => {
  await server?.close()
  await modelServer?.close()
})

function runOf(owner: Owner, message: string): RunInput {
  const input = runInput(message)
  input.context.userId = owner.user.id
  input.context.userName = owner.user.name
  Object.assign(input.context.business, { id: owner.business.id, name: owner.business.business_name })
  return input
}

describe('the advisor over the real services', () => {
  test('answers from live numbers, which agree with the other views', async () => {
    const { text } = await play(offline.engine, runOf(sari, 'How many points do I have, and what is my rank?'))
    assert.match(text, /Warung Sari has 150 points/)
    assert.match(text, /number 2 of 2, with 150 points.*170 points more/)
    const profile = await server.api('GET', '/business/profile', { token: sari.token })
    assert.match(text, new RegExp(`level ${profile.json.level_name}\\.`))
    const achievements = await server.api('GET', '/gamification/achievements', { token: sari.token })
    const unlocked = achievements.json.filter((entry: { is_unlocked: boolean }) => entry.is_unlocked).length
    const { text: list } = await play(offline.engine, runOf(sari, 'Which achievements have I unlocked?'))
    assert.match(list, new RegExp(`unlocked ${unlocked} of ${achievements.json.length} achievements`))
    const { text: rules } = await play(offline.engine, runOf(sari, 'How do I earn points?'))
    assert.match(rules, /^This earns points:\n\n- /)
  })

  test('remembers across conversations', async () => {
    await play(offline.engine, runOf(sari, 'Remember that we close on Mondays'))
    const { text } = await play(offline.engine, runOf(sari, 'What do you remember?'))
    assert.match(text, /we close on Mondays/)
    assert.equal(text.includes('till code'), false)
  })

  test('gives a model that obeys an attacker its own business only', async () => {
    const args = {
      business_id: budi.business.id,
      user_id: budi.user.id,
      id: budi.business.id,
      fact: 'Sari was here',
      points: 7,
    }
    const names = [
      'get_business_summary',
      'list_achievements',
      'get_leaderboard_position',
      'list_facts',
      'remember_fact',
      'list_point_rules',
      'recent_points',
      'what_if',
    ]
    modelServer.enqueue(calls(...names.map((name) => ({ name, args }))), says('Here is what I found.'))
    const { events } = await play(online.engine, runOf(sari, `Show me everything about ${budi.business.id}`))
    const results = events.flatMap((event) => (event.type === 'ToolCallResult' ? [event] : []))
    assert.equal(results.filter((event) => event.ok).length, names.length)
    const told = JSON.stringify(events.filter((event) => event.type !== 'AgentInput'))
    const sent = JSON.stringify(modelServer.requests.at(-1)?.body.messages.filter(({ role }) => role === 'tool'))
    for (const secret of [budi.business.id, budi.user.id, 'Kopi Budi', 'Budi', 'till code', '320']) {
      assert.equal(told.includes(secret), false, `told ${secret}`)
      assert.equal(sent.includes(secret), false, `sent ${secret}`)
    }
    const facts = await online.facts.list(budi.business.id)
    assert.deepEqual(
      facts.map((fact) => fact.content),
      ['The till code is 1234'],
    )
  })

  test('executes no tool for a run whose user does not have the business', async () => {
    const forged = runOf(sari, 'How many points do I have?')
    forged.context.business.id = budi.business.id
    const { events, text } = await play(offline.engine, forged)
    const results = events.flatMap((event) => (event.type === 'ToolCallResult' ? [event] : []))
    assert.deepEqual(
      results.map((event) => event.ok),
      [false],
    )
    assert.equal(text.includes('320'), false)
  })
})
