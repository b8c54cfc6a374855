import type { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { idOfCursor, type Page, pageOf } from '../../platform/http/paging.ts'
import type { Log } from '../../platform/logger.ts'
import {
  createKeyRecogniser,
  expiryOf,
  hashSecretToken,
  type KeyRecogniser,
  lockUser,
  newSecretToken,
  noteKeyUses,
} from '../auth/index.ts'
import { type createPersonalKeyBody, type personalKeySchema, toPersonalKeyView } from './personal-key-dto.ts'
import {
  countKeys,
  deletePersonalKey,
  findHoldingKey,
  insertPersonalKey,
  listPersonalKeys,
  type PersonalKey,
} from './personal-key-repository.ts'
import { personalKeys } from './schema.ts'
import type { BusinessService } from './service.ts'

type PersonalKeyView = z.output<typeof personalKeySchema>

/** MOST_PERSONAL_KEYS is how many keys an owner may have at once. */
export const MOST_PERSONAL_KEYS = 20

const HINT_LENGTH = 4

/**
 * createPersonalKeys makes the recogniser of personal keys. Every key is looked up each time, with its owner and their
 * access, so that it ends at once, at every instance, when either ends.
 */
export function createPersonalKeys(deps: { db: Database; clock: Clock; log: Log }): KeyRecogniser<PersonalKey> {
  const { db, clock, log } = deps
  return createKeyRecogniser({
    shape: /^tgp_[A-Za-z0-9_-]{43}$/,
    find: (keyHash) => findHoldingKey(db, keyHash),
    noteUses: (uses) => noteKeyUses(db, personalKeys, uses),
    rememberedMs: 0,
    clock,
    log,
  })
}

/** PersonalKeyService is what owners do with their personal keys. Everything of somebody else's is 404. */
export type PersonalKeyService = ReturnType<typeof createPersonalKeyService>

/** createPersonalKeyService wires it. */
export function createPersonalKeyService(deps: {
  db: Database
  clock: Clock
  business: Pick<BusinessService, 'businessFor'>
}) {
  const { db, clock, business } = deps
  return {
    /** createKey makes a key for one business and answers it, this once, in clear; 409 `too_many_keys` above 20. */
    async createKey(
      userId: string,
      body: z.output<typeof createPersonalKeyBody>,
    ): Promise<PersonalKeyView & { key: string }> {
      const { id: businessId } = await business.businessFor(userId, body.business_id ?? undefined)
      const now = clock.now()
      const expiresAt = expiryOf(body.expires_at, now)
      const key = `tgp_${newSecretToken()}`
      const created = await db.transaction(async (tx) => {
        // Held, so that two at once cannot both be the last one, and the account cannot be erased meanwhile.
        const user = await lockUser(tx, userId)
        if (!user || user.disabledAt) throw problem.unauthorized()
        if ((await countKeys(tx, userId)) >= MOST_PERSONAL_KEYS)
          throw problem.conflict('too_many_keys', `You may have at most ${MOST_PERSONAL_KEYS} keys. Revoke one first.`)
        return insertPersonalKey(tx, {
          userId,
          businessId,
          name: body.name,
          keyHash: hashSecretToken(key),
          hint: key.slice(-HINT_LENGTH),
          createdAt: now,
          expiresAt,
        })
      })
      return { ...toPersonalKeyView(created), key }
    },

    /** listKeys pages through the keys of an owner, newest first, expired ones included. */
    async listKeys(
      userId: string,
      { limit, cursor }: { limit: number; cursor?: string | undefined },
    ): Promise<Page<PersonalKeyView>> {
      const before = idOfCursor(cursor)
      const rows = await listPersonalKeys(db, { userId, before, limit: limit + 1 })
      const page = pageOf(rows, limit, (key) => ({ id: key.id }))
      return { items: page.items.map(toPersonalKeyView), next: page.next }
    },

    /** revokeKey deletes a key of an owner; it holds no longer, at once. */
    async revokeKey(userId: string, id: string): Promise<void> {
      if (!(await deletePersonalKey(db, { userId, id }))) throw problem.notFound('not_found', 'You have no such key.')
    },
  }
}
