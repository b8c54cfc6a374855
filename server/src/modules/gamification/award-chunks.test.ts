import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../platform/logger.ts'
import { createAwardChunks } from './award-chunks.ts'
import type { AwardOutcome, AwardRequest } from './award-repository.ts'

const log = createLog({ level: 'silent' })

const requests = (count: number): AwardRequest[] =>
  Array.from({ length: count }, (_, nth) => ({
    caller: null,
    businessId: null,
    source: 'api_key',
    namespace: 'api_key:1',
    idempotencyKey: String(nth),
    fingerprint: '',
    actorId: null,
    type: 'sale',
    metadata: null,
    occurredAt: new Date(0),
  }))
const outcomeOf = (request: AwardRequest): AwardOutcome => ({
  ordinal: Number(request.idempotencyKey),
  outcome: 'no_business',
})

test('a long array is awarded in order, some hundred at a time, and answered in order', async () => {
  const sizes: number[] = []
  const seen: string[] = []
  const chunks = createAwardChunks({
    log,
    award: async (asked) => {
      sizes.push(asked.length)
      seen.push(...asked.map(({ idempotencyKey }) => idempotencyKey))
      return asked.map(outcomeOf)
    },
  })
  const all = requests(950)
  assert.deepEqual(await chunks.award(all), all.map(outcomeOf))
  assert.deepEqual(
    seen,
    all.map(({ idempotencyKey }) => idempotencyKey),
  )
  assert.ok(Math.max(...sizes) <= 200)
  assert.deepEqual(await chunks.award([]), [])
})

test('what the database cannot take fails alone', async () => {
  const chunks = createAwardChunks({
    log,
    award: async (asked) => {
      const bad = asked.find(({ idempotencyKey }) => ['3', '199', '200'].includes(idempotencyKey))
      if (bad) throw new Error(`nobody foresaw ${bad.idempotencyKey}`)
      return asked.map(outcomeOf)
    },
  })
  const outcomes = await chunks.award(requests(300))
  const failed = outcomes.flatMap((outcome, nth) => (outcome instanceof Error ? [nth] : []))
  assert.deepEqual(failed, [3, 199, 200])
  assert.equal(outcomes.length, 300)
})

test('with the database away the call fails as a whole, without trying each', async () => {
  let tries = 0
  const chunks = createAwardChunks({
    log,
    award: async () => {
      tries++
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
    },
  })
  await assert.rejects(chunks.award(requests(300)), /ECONNREFUSED/)
  assert.equal(tries, 1)
})

test('few arrays are under way at once, and all come to their turn', async () => {
  let underWay = 0
  let most = 0
  const chunks = createAwardChunks({
    log,
    award: async (asked) => {
      most = Math.max(most, ++underWay)
      await new Promise(setImmediate)
      underWay--
      return asked.map(outcomeOf)
    },
  })
  const answers = await Promise.all(Array.from({ length: 40 }, () => chunks.award(requests(3))))
  assert.ok(answers.every((outcomes) => outcomes.length === 3))
  assert.equal(most, 4)
  assert.equal(underWay, 0)
})
