import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import { createKeyRecogniser, type KeyRecogniser } from './key-recogniser.ts'
import { type ApiKey, findKeyByHash, noteKeyUses } from './key-repository.ts'
import { apiKeys } from './schema.ts'
import { newSecretToken } from './secret-token.ts'

// How long another instance's revocation may go unnoticed here; one of this process is noticed at once.
const REMEMBERED_MS = 2_000

/** newApiKey is a key of 256 random bits. */
export const newApiKey = () => `tgk_${newSecretToken()}`

/** ApiKeys recognise keys, without asking the database for each request. */
export type ApiKeys = KeyRecogniser<ApiKey>

/** createApiKeys makes the recogniser of this process. */
export function createApiKeys({ db, clock, log }: { db: Database; clock: Clock; log: Log }): ApiKeys {
  return createKeyRecogniser({
    shape: /^tgk_[A-Za-z0-9_-]{43}$/,
    find: (keyHash) => findKeyByHash(db, keyHash),
    noteUses: (uses) => noteKeyUses(db, apiKeys, uses),
    rememberedMs: REMEMBERED_MS,
    clock,
    log,
  })
}
