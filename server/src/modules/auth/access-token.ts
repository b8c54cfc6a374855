import { createSigner, createVerifier } from 'fast-jwt'
import type { Clock } from '../../platform/clock.ts'
import { derivedKey } from './derived-key.ts'

/** ACCESS_TOKEN_SECONDS is how long an access token holds. */
export const ACCESS_TOKEN_SECONDS = 15 * 60

const REMEMBERED = 10_000
const LONGEST_TOKEN = 1024

type Claims = { sub: string; role: 'user' | 'admin'; exp: number }

/** AccessTokens issues and reads the tokens that callers show with each request. */
export type AccessTokens = {
  issue(holder: { userId: string; role: 'user' | 'admin' }): string
  /** read answers the claims, or why there are none. */
  read(token: string): Claims | 'invalid' | 'expired'
}

/**
 * createAccessTokens makes JWTs (HS256 and nothing else) with a key of their own and `typ: "access"`, which last 15
 * minutes by `clock`. Tokens that held are remembered until they expire, at most 10,000 of them: checking a signature
 * costs more than everything else of a short request. Refused ones are not, so that nobody can push the good ones out.
 */
export function createAccessTokens(options: { secretKey: string; clock: Clock }): AccessTokens {
  const { clock } = options
  const key = derivedKey(options.secretKey, 'access-token')
  const sign = createSigner({ key, algorithm: 'HS256' })
  // Expiry is compared below, by the clock that issued the token.
  const verify = createVerifier({ key, algorithms: ['HS256'], ignoreExpiration: true, cache: false })
  const remembered = new Map<string, Claims>()
  const seconds = () => Math.floor(clock.now().getTime() / 1000)

  return {
    issue({ userId, role }) {
      const now = seconds()
      return sign({ sub: userId, role, typ: 'access', iat: now, exp: now + ACCESS_TOKEN_SECONDS })
    },
    read(token) {
      const known = remembered.get(token)
      const claims = known ?? (token.length <= LONGEST_TOKEN ? verified(verify, token) : undefined)
      if (claims === undefined) return 'invalid'
      if (claims.exp <= seconds()) {
        remembered.delete(token)
        return 'expired'
      }
      if (known === undefined) {
        const oldest = remembered.size < REMEMBERED ? undefined : remembered.keys().next().value
        if (oldest !== undefined) remembered.delete(oldest)
        remembered.set(token, claims)
      }
      return claims
    },
  }
}

function verified(verify: (token: string) => unknown, token: string): Claims | undefined {
  try {
    const payload = verify(token)
    return isAccess(payload) ? { sub: payload.sub, role: payload.role, exp: payload.exp } : undefined
  } catch {
    // Whatever is wrong with it, it is not a token of ours.
    return undefined
  }
}

// By hand and not by schema, since the signature already says that we wrote it: only the purpose is in question.
function isAccess(payload: unknown): payload is Claims {
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'typ' in payload &&
    payload.typ === 'access' &&
    'sub' in payload &&
    typeof payload.sub === 'string' &&
    'exp' in payload &&
    typeof payload.exp === 'number' &&
    'role' in payload &&
    (payload.role === 'user' || payload.role === 'admin')
  )
}
