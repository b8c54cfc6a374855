import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makeTemporaryPlace, type TemporaryPlace } from '../src/platform/db/embedded/testing/temporary-place.ts'
import { testPassword } from './harness.ts'
import { freePort, type ServerProcess, startServerProcess } from './server-process.ts'

const AWARDS = 2_000
const KILLS = 10
const CALLERS = 32

type Receipt = { event_id: string; total_points: number; points_awarded: number; replayed: boolean }
type Entry = { event_id: string; points: number; total_after: number }

describe('a crash', () => {
  let place: TemporaryPlace
  let port: number
  let server: ServerProcess
  let token: string
  before(async () => {
    place = await makeTemporaryPlace()
    port = await freePort()
    server = await startServerProcess({ dataDir: place.dataDir, port })
    const person = { email: 'sari@example.org', password: testPassword }
    await call('POST', '/auth/register', { ...person, name: 'Sari' })
    token = (await call('POST', '/auth/login', { email: 'admin@example.org', password: testPassword })).json
      .access_token
    for (const type of ['sale', 'after_repair'])
      assert.equal((await call('POST', '/admin/gamification/rules', { type, points: 1 })).status, 201)
    token = (await call('POST', '/auth/login', person)).json.access_token
    const business = { business_name: 'Warung', business_category: 'Food', business_stage: 'Idea' }
    assert.equal((await call('POST', '/business/profile', business)).status, 201)
  })
  after(async () => {
    await server.end('SIGTERM')
    await place.remove()
  })

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      link: response.headers.get('link'),
      json: JSON.parse(await response.text()),
    }
  }
  const post = (type: string, key: string) => call('POST', '/gamification/events', { type, idempotency_key: key })

  async function ledger(): Promise<Entry[]> {
    const entries: Entry[] = []
    for (let path: string | undefined = '/gamification/points?limit=200'; path;) {
      const { json, link } = await call('GET', path)
      entries.push(...json)
      path = link?.match(/<\/api\/v1([^>]+)>/)?.[1]
    }
    return entries
  }

  function agrees(entries: Entry[], receipts: Map<string, Receipt>): void {
    assert.deepEqual(
      entries.map((entry) => entry.total_after),
      Array.from({ length: entries.length }, (_, index) => entries.length - index),
      'the totals run without a gap',
    )
    const totals = new Map(entries.map((entry) => [entry.event_id, entry.total_after]))
    assert.equal(totals.size, entries.length, 'no event is entered twice')
    for (const [key, receipt] of receipts)
      assert.equal(totals.get(receipt.event_id), receipt.total_points, `the receipt of ${key} stands in the ledger`)
  }

  test(`of the server with kill -9, ${KILLS} times within ${AWARDS} awards, loses no acknowledged award and doubles none`, async () => {
    const receipts = new Map<string, Receipt>()
    const open = Array.from({ length: AWARDS }, (_, index) => `key ${index}`)
    let kills = 0
    let restarted: Promise<void> = Promise.resolve()
    let unanswered = 0

    async function killAndRestart(): Promise<void> {
      await server.end('SIGKILL')
      server = await startServerProcess({ dataDir: place.dataDir, port })
    }
    async function caller(): Promise<void> {
      for (let key = open.shift(); key !== undefined; key = open.shift()) {
        const answer = await post('sale', key).catch(() => undefined)
        if (answer === undefined || answer.status === 503) {
          unanswered++
          open.push(key)
          await restarted
          continue
        }
        assert.ok(answer.status === 201 || answer.status === 200, JSON.stringify(answer.json))
        receipts.set(key, answer.json)
        // The calls of the other callers are under way at this moment.
        if (kills < KILLS && receipts.size > ((kills + 1) * AWARDS) / (KILLS + 2)) {
          kills++
          restarted = killAndRestart()
          await restarted
        }
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))

    assert.equal(kills, KILLS)
    assert.ok(unanswered > KILLS, `only ${unanswered} calls were cut off`)
    assert.equal(receipts.size, AWARDS)
    const entries = await ledger()
    assert.equal(entries.length, AWARDS)
    agrees(entries, receipts)
    // What was cut off had been committed now and then: its receipt came with the retry.
    for (const key of [...receipts.keys()].slice(0, 100)) {
      const { json } = await post('sale', key)
      assert.deepEqual([json.replayed, json.event_id], [true, receipts.get(key)?.event_id])
    }
  })

  for (const [signal, what] of [
    ['SIGKILL', 'killed'],
    ['SIGINT', 'stopped'],
  ] as const) {
    test(`of the database, ${what} under the running server, answers 503, heals, and loses nothing`, async () => {
      const receipts = new Map<string, Receipt>()
      const before = (await ledger()).length
      const others = new Set<string>()
      let unavailable = 0
      let nextKey = 0
      let healed = false
      const postmaster = await place.postmaster()
      assert.ok(postmaster)

      async function caller(): Promise<void> {
        while (!healed) {
          const key = `${what} ${nextKey++}`
          for (let isDone = false; !isDone;) {
            const { status, type, json } = await post('after_repair', key)
            if (status === 503) {
              unavailable++
              if (!type.startsWith('application/problem+json') || json.status !== 503)
                others.add(`${type} ${json.code}`)
              continue
            }
            isDone = true
            if (status !== 200 && status !== 201) others.add(`${status} ${json.code}`)
            receipts.set(key, json)
            if (receipts.size === 200) process.kill(postmaster ?? assert.fail(), signal)
            if (unavailable > 0 && receipts.size > 600) healed = true
          }
        }
      }
      await Promise.all(Array.from({ length: 8 }, caller))

      assert.deepEqual([...others], [], 'every answer was a receipt or a problem')
      assert.ok(unavailable > 0)
      assert.notEqual(await place.postmaster(), postmaster)
      const entries = await ledger()
      assert.equal(entries.length, before + receipts.size)
      agrees(entries, receipts)
    })
  }
})
