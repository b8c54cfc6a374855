import { createAccessTokens } from '../server/src/modules/auth/access-token.ts'
import { systemClock } from '../server/src/platform/clock.ts'
import { seededId } from './seed.ts'

/** ownerToken is the Authorization header of the n-th seeded owner. */
export function ownerToken(secretKey: string, n: number): string {
  const tokens = createAccessTokens({ secretKey, clock: systemClock })
  return `Bearer ${tokens.issue({ userId: seededId.user(n), role: 'user' })}`
}
