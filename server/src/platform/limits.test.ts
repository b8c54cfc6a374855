import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { becomes, hasRedis, type RedisServer, startRedis } from '../../test/redis-server.ts'
import { type CreateLimiter, createLimiter, sharedLimiters } from './limits.ts'
import { createLog } from './logger.ts'
import { createRedis } from './redis.ts'

const options = { name: 'tests', points: 3, durationSeconds: 60, message: 'Too often.' }

const lawful = (make: () => CreateLimiter) => {
  test('lets as many through as it says, and tells the next one when to come back', async () => {
    const limiter = make()(options)
    for (let use = 0; use < 3; use++) {
      await limiter.check('lawful')
      await limiter.take('lawful')
    }
    for (const call of [limiter.check, limiter.take])
      await assert.rejects(call('lawful'), (error: { status: number; headers: Record<string, string> }) => {
        const wait = Number(error.headers['retry-after'])
        return error.status === 429 && wait >= 1 && wait <= 60
      })
    await limiter.take('another')
  })

  test('has no limit at 0', async () => {
    const limiter = make()({ ...options, name: 'unlimited', points: 0 })
    for (let use = 0; use < 100; use++) await limiter.take('anybody')
  })
}

describe('a limiter of one process', () => {
  lawful(() => createLimiter)
})

if (hasRedis)
  describe('limiters that share a Redis', () => {
    let server: RedisServer
    let connections: ReturnType<typeof createRedis>[] = []
    let one: CreateLimiter
    let other: CreateLimiter
    before(async () => {
      server = await startRedis()
      connections = [1, 2].map(() => createRedis(server.url, createLog({ level: 'silent' })))
      for (const { connect } of connections) connect()
      await ready()
      const [first, second] = connections.map(({ redis }) => sharedLimiters(redis))
      assert.ok(first && second)
      one = first
      other = second
    })
    after(async () => {
      for (const { close } of connections) close()
      await server.close()
    })
    beforeEach(() => ready())

    async function ready(): Promise<void> {
      for (const { redis } of connections) if (redis.status !== 'ready') await becomes(redis, 'ready')
    }
    /** taken counts how many of some uses at both limiters, side by side, are let through. */
    async function taken(uses: number, name: string): Promise<number> {
      const both = [one({ ...options, name }), other({ ...options, name })]
      const results = await Promise.allSettled(
        Array.from({ length: uses }, (_, nth) => both[nth % 2]?.take('somebody')),
      )
      for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.status, 429)
      return results.filter(({ status }) => status === 'fulfilled').length
    }

    lawful(() => one)

    test('count together, and each name for itself', async () => {
      assert.equal(await taken(20, 'together'), 3)
      assert.equal(await taken(20, 'apart'), 3)
    })

    test('let nothing fail while Redis is away, and count together again when it is back', async () => {
      const gone = connections.map(({ redis }) => becomes(redis, 'close'))
      await server.kill()
      await Promise.all(gone)
      assert.equal(await taken(20, 'away'), 6)
      await server.restart()
      await ready()
      assert.equal(await taken(20, 'back'), 3)
    })

    test('do not wait for a Redis that does not answer', async () => {
      server.freeze()
      const began = performance.now()
      assert.equal(await taken(20, 'frozen'), 6)
      assert.ok(performance.now() - began < 2_000)
      server.thaw()
    })
  })

test('a Redis that was never there fails nothing', async () => {
  const connection = createRedis('redis://127.0.0.1:1', createLog({ level: 'silent' }))
  const limiter = sharedLimiters(connection.redis)(options)
  connection.connect()
  for (let use = 0; use < 3; use++) await limiter.take('somebody')
  await assert.rejects(limiter.take('somebody'), { status: 429 })
  connection.close()
})
