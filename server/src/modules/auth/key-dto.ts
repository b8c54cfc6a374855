import { z } from 'zod'
import { problem } from '../../platform/errors.ts'
import { oneLine, timestamp } from '../../platform/text.ts'
import type { ApiKey } from './key-repository.ts'
import { KEY_SCOPES } from './key-scopes.ts'

const scope = z.enum(KEY_SCOPES, `must be one of ${KEY_SCOPES.join(', ')}`)

/** keyExpiry is until when a key of any kind holds. */
export const keyExpiry = z.iso
  .datetime({ offset: true })
  .refine((text) => new Date(text).getTime() < Date.UTC(10_000, 0), 'must lie before the year 10000')
  .nullish()
  .describe('never, when left out')

/** expiryOf is the moment that a keyExpiry names, null for never; 422 when it has passed. */
export function expiryOf(text: string | null | undefined, now: Date): Date | null {
  const expiresAt = text ? new Date(text) : null
  if (expiresAt && expiresAt <= now) throw problem.invalid([{ path: 'expires_at', message: 'must lie in the future' }])
  return expiresAt
}

/** createKeyBody is what an API key is made of. */
export const createKeyBody = z
  .object({
    name: oneLine(1, 200),
    scopes: z
      .array(scope)
      .min(1, 'must name at least one scope')
      .max(100)
      .transform((scopes) => [...new Set(scopes)])
      .describe('`events:write` posts events, `links:write` keeps business links, `feed:read` follows the live feed'),
    expires_at: keyExpiry,
  })
  .meta({ id: 'ApiKeyCreation' })

const keyShape = {
  id: z.string(),
  name: z.string(),
  hint: z.string().describe('the last characters of the key'),
  scopes: z.array(z.string()),
  created_at: timestamp,
  expires_at: timestamp.nullable(),
  last_used_at: timestamp.nullable().describe('to the minute'),
}

/** apiKeySchema is an API key as admins see it; the key itself is not among it. */
export const apiKeySchema = z.object(keyShape).meta({ id: 'ApiKey' })

/** newApiKeySchema is an API key just made, the only time that the key itself is shown. */
export const newApiKeySchema = z
  .object({ ...keyShape, key: z.string().describe('shown only now; sent as X-Api-Key') })
  .meta({ id: 'NewApiKey' })

/** toApiKeyView gives a key's row its wire shape. */
export function toApiKeyView(key: ApiKey): z.output<typeof apiKeySchema> {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    scopes: key.scopes,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  }
}
