import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { becomes, hasRedis, type RedisServer, startRedis } from '../../../test/redis-server.ts'
import { createLog } from '../logger.ts'
import { createRedis } from '../redis.ts'
import { createOpenStreams, type OpenStreams } from './open-streams.ts'

const refused = { status: 429 }

/** taken counts how many of some streams, asked for side by side, are let through, and answers how to end them. */
async function taken(streams: (OpenStreams | undefined)[], count: number, owner: string) {
  const results = await Promise.allSettled(
    Array.from({ length: count }, async (_, nth) => streams[nth % streams.length]?.reserve(owner)),
  )
  for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.status, 429)
  const releases = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []))
  return { count: releases.length, release: () => releases.forEach((end) => end()) }
}

describe('places for open streams', () => {
  test('are limited for each owner, and free again once released, however often that is said', async () => {
    const streams = createOpenStreams({ perOwner: 2 })
    const release = await streams.reserve('a')
    await streams.reserve('a')
    await assert.rejects(streams.reserve('a'), refused)
    await streams.reserve('b')
    release()
    release()
    await streams.reserve('a')
    await assert.rejects(streams.reserve('a'), refused)
  })

  test('are limited for calls side by side, too', async () => {
    assert.equal((await taken([createOpenStreams({ perOwner: 3 })], 20, 'a')).count, 3)
  })

  test('are without limit at 0', async () => {
    const streams = createOpenStreams({ perOwner: 0 })
    for (let i = 0; i < 1_000; i++) await streams.reserve('a')
  })
})

if (hasRedis)
  describe('places that instances share through Redis', () => {
    let server: RedisServer
    let connections: ReturnType<typeof createRedis>[]
    const made: OpenStreams[] = []
    before(async () => {
      server = await startRedis()
      connections = [1, 2].map(() => createRedis(server.url, createLog({ level: 'silent' })))
      for (const { connect } of connections) connect()
    })
    after(async () => {
      for (const streams of made) streams.close()
      for (const { close } of connections) close()
      await server.close()
    })
    beforeEach(async () => {
      for (const { redis } of connections) if (redis.status !== 'ready') await becomes(redis, 'ready')
    })

    /** instances are two processes, as far as Redis can tell. */
    const instances = (leaseMs?: number) =>
      connections.map(({ redis }) => {
        const streams = createOpenStreams({ perOwner: 3, redis, ...(leaseMs === undefined ? {} : { leaseMs }) })
        made.push(streams)
        return streams
      })

    test('are counted together, and free for others once released', async () => {
      const both = instances()
      const first = await taken(both, 20, 'together')
      assert.equal(first.count, 3)
      first.release()
      assert.equal((await taken(both, 20, 'together')).count, 3)
      assert.equal((await taken(both, 20, 'another')).count, 3)
    })

    test('are kept by who lives, for longer than a lease, and given up by who was killed', async () => {
      // Long enough that a busy machine renews in time.
      const [living, killed] = instances(2_000)
      assert.ok(living && killed)
      await living.reserve('crash')
      await taken([killed], 2, 'crash')
      await assert.rejects(living.reserve('crash'), refused)
      // Nobody renews its places any more, as after kill -9.
      killed.close()
      // Both of the killed process become free, one right after the other.
      for (let free = 0; free < 2;) {
        const isFree = await living.reserve('crash').catch(() => undefined)
        if (isFree) free++
      }
      // The first one of the living process is still counted, as somebody sees who holds none.
      const [, other] = instances(2_000)
      assert.ok(other)
      await assert.rejects(other.reserve('crash'), refused)
    })

    test('are counted by each for itself while Redis is away, and together again when it is back and empty', async () => {
      const both = instances(300)
      const [one, other] = both
      assert.ok(one && other)
      const held = await taken([one], 2, 'away')
      const gone = connections.map(({ redis }) => becomes(redis, 'close'))
      await server.kill()
      await Promise.all(gone)
      const meanwhile = await taken([other], 20, 'away')
      assert.equal(meanwhile.count, 3)
      meanwhile.release()
      const back = connections.map(({ redis }) => becomes(redis, 'ready'))
      await server.restart()
      await Promise.all(back)
      // Places that were taken before are told to the new one within a third of a lease.
      const [redis] = connections.map((connection) => connection.redis)
      while ((await redis?.zcard('tangga:streams:away')) !== 2) continue
      assert.equal((await taken([other], 20, 'away')).count, 1)
      held.release()
    })

    test('do not wait for a Redis that does not answer', async () => {
      server.freeze()
      const [one] = instances()
      assert.equal((await taken([one], 20, 'frozen')).count, 3)
      server.thaw()
    })
  })
