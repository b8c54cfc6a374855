import { Problem } from '../../platform/errors.ts'
import { type CreateLimiter, createLimiter, type Limiter } from '../../platform/limits.ts'
import { createOneAtATime } from './one-at-a-time.ts'

/** Attempt says whose password is tried, and from which address. */
export type Attempt = { email: string; address: string }

/** LoginLimits bounds how often passwords can be guessed and accounts made. */
export type LoginLimits = {
  /** registration counts one registration of an address; 429 above the limit. */
  registration(address: string): Promise<void>
  /**
   * guess runs `check`, which compares a password, and counts it when it answers undefined. Right passwords never count.
   * 429 when the e-mail or the address has failed too often within the last minute; the window starts with its first
   * failure and refused attempts do not lengthen it, so an attacker cannot keep an owner out for longer than that.
   */
  guess<T>(attempt: Attempt, check: () => Promise<T | undefined>): Promise<T | undefined>
}

/** createLoginLimits takes failures a minute for one e-mail (tenfold for one address) and registrations; 0 is no limit. */
export function createLoginLimits(options: {
  failuresPerMinute: number
  registrationsPerMinute: number
  limiter?: CreateLimiter
}): LoginLimits {
  const { limiter = createLimiter } = options
  const window = { durationSeconds: 60, message: 'Too many failed attempts. Please wait a minute.' }
  const ofEmail = limiter({ ...window, name: 'login-email', points: options.failuresPerMinute })
  const ofAddress = limiter({ ...window, name: 'login-address', points: options.failuresPerMinute * 10 })
  const registrations = limiter({
    name: 'registration',
    points: options.registrationsPerMinute,
    durationSeconds: 60,
    message: 'Too many accounts were made from here. Please wait a minute.',
  })
  // Side by side, a hundred guesses would all be checked before the first of them has counted.
  const oneAtATime = createOneAtATime()

  return {
    registration: (address) => registrations.take(address),
    guess({ email, address }, check) {
      const key = email.toLowerCase()
      return oneAtATime(key, async () => {
        await ofAddress.check(address)
        await ofEmail.check(key)
        const result = await check()
        if (result === undefined) {
          await count(ofAddress, address)
          await count(ofEmail, key)
        }
        return result
      })
    },
  }
}

async function count(limiter: Limiter, key: string): Promise<void> {
  try {
    await limiter.take(key)
  } catch (error) {
    // The failure that spends the window is answered as the failure it was; the next attempt is refused.
    if (!(error instanceof Problem)) throw error
  }
}
