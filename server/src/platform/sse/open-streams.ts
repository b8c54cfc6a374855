import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { problem } from '../errors.ts'
import type { RedisConnection } from '../redis.ts'

/** OpenStreams counts the streams that each owner, or API key, holds open, of whatever kind. */
export type OpenStreams = {
  /** reserve takes a place for one more stream, to be released once, or throws 429. */
  reserve(owner: string): Promise<() => void>
  /** Streams that are open in this process. */
  readonly open: number
  close(): void
}

type OpenStreamsOptions = {
  /** Streams of one owner at once; 0 is no limit. */
  perOwner: number
  /** Where there is one, places are counted together with those of other instances. */
  redis?: RedisConnection | undefined
  /** How long a place that nobody renews is still counted: that of a process that was killed. */
  leaseMs?: number
}

const LEASE_MS = 30_000

/** createOpenStreams counts in this process and, with Redis, in all of them together. */
export function createOpenStreams({ perOwner, redis, leaseMs = LEASE_MS }: OpenStreamsOptions): OpenStreams {
  const held = new Map<string, Set<string>>()
  const leases = redis && perOwner > 0 ? createLeases({ redis, perOwner, leaseMs, held }) : undefined

  return {
    async reserve(owner) {
      const places = held.get(owner) ?? new Set()
      if (perOwner > 0 && places.size >= perOwner) throw refusal()
      // Taken here before anything is waited for, so that calls side by side count each other.
      const place = randomUUID()
      held.set(owner, places.add(place))
      let isReleased = false
      function release(): void {
        if (isReleased) return
        isReleased = true
        places.delete(place)
        if (places.size === 0 && held.get(owner) === places) held.delete(owner)
        leases?.end(owner, place)
      }
      if (leases && !(await leases.begin(owner, place))) {
        release()
        throw refusal()
      }
      return release
    },
    get open() {
      return [...held.values()].reduce((sum, places) => sum + places.size, 0)
    },
    close: () => leases?.close(),
  }
}

const refusal = () => problem.tooMany('Too many streams are open at once. Close one first.', 5)

// A sorted set for each owner: its members are places, their scores the millisecond at which the lease of each ends, by
// the clock of Redis. Whoever renews a place that is gone, since Redis was away, puts it back.
const BEGIN = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1`
const RENEW = `
  local time = redis.call('TIME')
  local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
  for nth = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[nth]) end
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return 1`

type LeaseOptions = { redis: RedisConnection; perOwner: number; leaseMs: number; held: Map<string, Set<string>> }

/**
 * createLeases shares the places of this process. Each is a lease that ends by itself unless it is renewed, so that a
 * process that was killed holds none for long. While Redis is away each process counts for itself, and nothing fails.
 */
function createLeases({ redis, perOwner, leaseMs, held }: LeaseOptions) {
  const keyOf = (owner: string) => `tangga:streams:${owner}`

  async function renew(): Promise<void> {
    for (const [owner, places] of held) await redis.eval(RENEW, 1, keyOf(owner), leaseMs, ...places)
  }
  // What could not be renewed is renewed next time, three times within a lease.
  const renewing = setInterval(() => void renew().catch(() => {}), leaseMs / 3).unref()

  return {
    /** begin answers whether there is room for this place. */
    async begin(owner: string, place: string): Promise<boolean> {
      try {
        return z.number().parse(await redis.eval(BEGIN, 1, keyOf(owner), place, leaseMs, perOwner)) === 1
      } catch {
        return true
      }
    },
    /** end frees a place; where that does not arrive, its lease ends it. */
    end(owner: string, place: string): void {
      redis.zrem(keyOf(owner), place).catch(() => {})
    },
    close: () => clearInterval(renewing),
  }
}
