import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../../../test/harness.ts'
import { systemClock } from '../../platform/clock.ts'
import { Problem } from '../../platform/errors.ts'
import { createAccessTokens } from './access-token.ts'
import { createLoginLimits } from './login-limits.ts'
import type { PasswordHasher } from './password-hash.ts'
import { createRefreshFamilies } from './refresh-families.ts'
import { createAuthService } from './service.ts'

test('a login does the same work for an unknown e-mail as for a wrong password: one comparison', async () => {
  const server = await startTestServer()
  try {
    const { email } = await server.owner({ business: false })
    const compared: (string | undefined)[] = []
    const passwords: PasswordHasher = {
      hash: async () => 'never stored here',
      verify: async (_password, storedHash) => {
        compared.push(storedHash)
        return false
      },
    }
    const { db, settings } = server
    const service = createAuthService({
      db,
      settings,
      clock: systemClock,
      passwords,
      tokens: createAccessTokens({ secretKey: 'a secret key of this test', clock: systemClock }),
      families: createRefreshFamilies({ db, clock: systemClock }),
      limits: createLoginLimits({ failuresPerMinute: 0, registrationsPerMinute: 0 }),
    })
    for (const tried of [email, 'nobody@example.org'])
      await assert.rejects(
        service.login({ email: tried, password: 'wrong' }, '10.0.0.1'),
        (error) => error instanceof Problem && error.status === 401,
      )
    assert.equal(compared.length, 2)
    assert.match(compared[0] ?? '', /^\$argon2id\$/)
    assert.equal(compared[1], undefined)
  } finally {
    await server.close()
  }
})
