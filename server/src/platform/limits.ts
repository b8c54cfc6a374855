import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { problem } from './errors.ts'
import type { RedisConnection } from './redis.ts'

/** Limiter counts uses of a key (an address, an e-mail, a user id) in windows of time. */
export type Limiter = {
  /** take counts one use and throws 429 with Retry-After when the window is spent. */
  take(key: string): Promise<void>
  /** giveBack takes one use off again, for what turned out to be none. */
  giveBack(key: string): Promise<void>
  /** check throws like take without counting. */
  check(key: string): Promise<void>
}

/** LimiterOptions allow `points` uses of a key in `durationSeconds`; 0 points is no limit. `message` is for the person. */
export type LimiterOptions = {
  /** Tells this limiter's counts from those of others. */
  name: string
  points: number
  durationSeconds: number
  message: string
}

/** CreateLimiter makes a limiter, here or shared with other instances. */
export type CreateLimiter = (options: LimiterOptions) => Limiter

const unlimited: Limiter = { take: async () => {}, giveBack: async () => {}, check: async () => {} }

/** createLimiter makes a limiter of this process. */
export const createLimiter: CreateLimiter = (options) => limiterOver(options, inMemory(options))

/**
 * sharedLimiters makes limiters whose counts are those of every instance that uses this Redis. While Redis is away each
 * process counts for itself, from nothing: a limit may then be spent once an instance, and no call fails for it.
 */
export function sharedLimiters(redis: RedisConnection): CreateLimiter {
  return (options) =>
    limiterOver(
      options,
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: `tangga:limit:${options.name}`,
        points: Math.max(1, options.points),
        duration: options.durationSeconds,
        rejectIfRedisNotReady: true,
        insuranceLimiter: inMemory(options),
      }),
    )
}

function inMemory({ points, durationSeconds }: LimiterOptions): RateLimiterMemory {
  return new RateLimiterMemory({ points, duration: durationSeconds })
}

function limiterOver(options: LimiterOptions, counts: RateLimiterMemory | RateLimiterRedis): Limiter {
  if (options.points === 0) return unlimited
  const refusal = (state: RateLimiterRes) => problem.tooMany(options.message, state.msBeforeNext / 1000)
  return {
    async take(key) {
      try {
        await counts.consume(key)
      } catch (error) {
        throw error instanceof RateLimiterRes ? refusal(error) : error
      }
    },
    async giveBack(key) {
      await counts.reward(key)
    },
    async check(key) {
      const state = await counts.get(key)
      if (state && state.consumedPoints >= options.points) throw refusal(state)
    },
  }
}
