import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../platform/ids.ts'
import { createLog } from '../../platform/logger.ts'
import { createAwardLanes } from './award-lanes.ts'
import type { AwardOutcome, AwardRequest } from './award-repository.ts'

const log = createLog({ level: 'silent' })

const request = (nth: number, businessId: string): AwardRequest => ({
  caller: null,
  businessId,
  source: 'api_key',
  namespace: 'api_key:1',
  idempotencyKey: String(nth),
  fingerprint: '',
  actorId: null,
  type: 'sale',
  metadata: null,
  occurredAt: new Date(0),
})
const requests = (count: number) => Array.from({ length: count }, (_, nth) => request(nth, newId()))
const outcomeOf = ({ idempotencyKey }: AwardRequest): AwardOutcome => ({
  outcome: 'replayed',
  receipt: {
    event_id: idempotencyKey,
    business_id: '',
    type: 'sale',
    points_awarded: 0,
    total_points: 0,
    level: null,
    levels_gained: [],
    unlocked: [],
  },
})
const keys = (asked: AwardRequest[]) => asked.map(({ idempotencyKey }) => Number(idempotencyKey))

test('a long array is answered in order, and awarded some hundred at a time', async () => {
  const sizes: number[] = []
  const lanes = createAwardLanes({
    log,
    award: async (asked) => {
      sizes.push(asked.length)
      return asked.map(outcomeOf)
    },
  })
  const all = requests(2_000)
  assert.deepEqual(await lanes.addAll(all), all.map(outcomeOf))
  assert.ok(Math.max(...sizes) <= 200)
  assert.deepEqual(await lanes.addAll([]), [])
})

test('no business is in two arrays at once, and its events keep their order', async () => {
  const businesses = Array.from({ length: 12 }, newId)
  const all = Array.from({ length: 600 }, (_, nth) => request(nth, businesses[nth % 12] ?? ''))
  const underWay = new Set<string | null>()
  const seen: AwardRequest[] = []
  const lanes = createAwardLanes({
    log,
    award: async (asked) => {
      const named = new Set(asked.map(({ businessId }) => businessId))
      for (const id of named) {
        assert.ok(!underWay.has(id))
        underWay.add(id)
      }
      await new Promise((resolve) => setImmediate(resolve))
      for (const id of named) underWay.delete(id)
      seen.push(...asked)
      return asked.map(outcomeOf)
    },
  })
  await Promise.all([lanes.addAll(all.slice(0, 300)), lanes.addAll(all.slice(300))])
  for (const businessId of businesses) {
    const own = keys(seen.filter((other) => other.businessId === businessId))
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
    )
    assert.equal(own.length, 50)
  }
})

test('what the database cannot take fails alone', async () => {
  const lanes = createAwardLanes({
    log,
    award: async (asked) => {
      const bad = keys(asked).find((key) => [3, 199, 200].includes(key))
      if (bad !== undefined) throw new Error(`nobody foresaw ${bad}`)
      return asked.map(outcomeOf)
    },
  })
  const outcomes = await lanes.addAll(requests(300))
  const failed = outcomes.flatMap((outcome, nth) => (outcome instanceof Error ? [nth] : []))
  assert.deepEqual(failed, [3, 199, 200])
  assert.equal(outcomes.length, 300)
})

test('with the database away the call fails as a whole, without trying each', async () => {
  let tries = 0
  const lanes = createAwardLanes({
    log,
    award: async () => {
      tries++
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
    },
  })
  await assert.rejects(lanes.addAll(requests(300)), /ECONNREFUSED/)
  assert.ok(tries <= 4, `${tries} tries for 300 requests`)
})
