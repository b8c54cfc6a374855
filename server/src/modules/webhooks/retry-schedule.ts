const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** RETRY_FOR_MS is how long a delivery is tried, from when its event was fanned out. */
export const RETRY_FOR_MS = 24 * HOUR_MS

const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
]
const JITTER = 0.2

/**
 * nextAttemptAt is when a delivery that has failed `attempts` times is tried again, or null when its time is over. The
 * pause grows from 5 seconds to 8 hours, longer or shorter by up to a fifth, so that what failed together does not come
 * back together. The last attempt is made when the time ends. `random` is from 0 to below 1.
 */
export function nextAttemptAt(options: { attempts: number; now: Date; retryUntil: Date; random: number }): Date | null {
  const { attempts, now, retryUntil, random } = options
  if (now >= retryUntil) return null
  const delay = DELAYS_MS[Math.min(attempts, DELAYS_MS.length) - 1] ?? 0
  const at = now.getTime() + delay * (1 - JITTER + 2 * JITTER * random)
  return new Date(Math.min(at, retryUntil.getTime()))
}
