import type { z } from 'zod'
import { recordAudit } from '../../platform/audit/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { idOfCursor, type Page, pageOf } from '../../platform/http/paging.ts'
import { type ApiKeys, newApiKey } from './api-keys.ts'
import { type apiKeySchema, type createKeyBody, expiryOf, toApiKeyView } from './key-dto.ts'
import { type ApiKey, deleteKey, insertKey, listKeys } from './key-repository.ts'
import { hashSecretToken } from './secret-token.ts'

type ApiKeyView = z.output<typeof apiKeySchema>

const HINT_LENGTH = 4

const audited = (key: ApiKey) => ({
  name: key.name,
  scopes: key.scopes,
  expires_at: key.expiresAt?.toISOString() ?? null,
})

/** KeyService is what admins do with API keys. Its routes let nobody else in. */
export type KeyService = ReturnType<typeof createKeyService>

/** createKeyService wires the administration of API keys. `actorId` is the admin who asks. */
export function createKeyService({ db, clock, keys }: { db: Database; clock: Clock; keys: ApiKeys }) {
  const revokedListeners: ((keyId: string) => void)[] = []

  return {
    /** onRevoked adds a listener that hears the id of every key that was revoked here. */
    onRevoked: (listener: (keyId: string) => void) => void revokedListeners.push(listener),

    /** createKey makes a key and answers it, this once, in clear; 422 when it would have expired already. */
    async createKey(actorId: string, body: z.output<typeof createKeyBody>): Promise<ApiKeyView & { key: string }> {
      const now = clock.now()
      const expiresAt = expiryOf(body.expires_at, now)
      const key = newApiKey()
      const created = await db.transaction(async (tx) => {
        const inserted = await insertKey(tx, {
          name: body.name,
          keyHash: hashSecretToken(key),
          hint: key.slice(-HINT_LENGTH),
          scopes: body.scopes,
          createdBy: actorId,
          createdAt: now,
          expiresAt,
        })
        await recordAudit(tx, {
          actorKind: 'user',
          actorId,
          action: 'api_key.create',
          subjectType: 'api_key',
          subjectId: inserted.id,
          before: null,
          after: audited(inserted),
        })
        return inserted
      })
      return { ...toApiKeyView(created), key }
    },

    /** listKeys pages through the keys, newest first, expired ones included. */
    async listKeys({ limit, cursor }: { limit: number; cursor?: string | undefined }): Promise<Page<ApiKeyView>> {
      const before = idOfCursor(cursor)
      const page = pageOf(await listKeys(db, { before, limit: limit + 1 }), limit, (key) => ({ id: key.id }))
      return { items: page.items.map(toApiKeyView), next: page.next }
    },

    /** revokeKey deletes a key, and with it what hangs on it; 404 when there is none. It holds no longer, at once. */
    async revokeKey(actorId: string, id: string): Promise<void> {
      const revoked = await db.transaction(async (tx) => {
        const deleted = await deleteKey(tx, id)
        if (!deleted) throw problem.notFound('not_found', 'There is no such API key.')
        await recordAudit(tx, {
          actorKind: 'user',
          actorId,
          action: 'api_key.delete',
          subjectType: 'api_key',
          subjectId: id,
          before: audited(deleted),
          after: null,
        })
        return deleted
      })
      keys.forget(revoked.keyHash)
      for (const listener of revokedListeners) listener(id)
    },
  }
}
