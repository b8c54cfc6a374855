import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { problem } from './errors.ts'

/** Limiter counts uses of a key (an address, an e-mail, a user id) in windows of time. */
export type Limiter = {
  /** take counts one use and throws 429 with Retry-After when the window is spent. */
  take(key: string): Promise<void>
  /** check throws like take without counting. */
  check(key: string): Promise<void>
}

const unlimited: Limiter = { take: async () => {}, check: async () => {} }

/** createLimiter allows `points` uses of a key in `durationSeconds`; 0 points is no limit. `message` is for the person. */
export function createLimiter(options: { points: number; durationSeconds: number; message: string }): Limiter {
  if (options.points === 0) return unlimited
  const limiter = new RateLimiterMemory({ points: options.points, duration: options.durationSeconds })
  const refusal = (state: RateLimiterRes) => problem.tooMany(options.message, state.msBeforeNext / 1000)
  return {
    async take(key) {
      try {
        await limiter.consume(key)
      } catch (error) {
        throw error instanceof RateLimiterRes ? refusal(error) : error
      }
    },
    async check(key) {
      const state = await limiter.get(key)
      if (state && state.consumedPoints >= options.points) throw refusal(state)
    },
  }
}
