import { z } from 'zod'
import { idSchema, oneLine, timestamp } from '../../platform/text.ts'
import { keyExpiry } from '../auth/index.ts'
import type { PersonalKey } from './personal-key-repository.ts'

/** createPersonalKeyBody is what a personal key is made of. */
export const createPersonalKeyBody = z
  .object({
    name: oneLine(1, 200).describe('what tells it from others, such as the program that it is for'),
    business_id: idSchema.nullish().describe('of the caller; their first business when left out'),
    expires_at: keyExpiry,
  })
  .meta({ id: 'PersonalKeyCreation' })

const keyShape = {
  id: z.string(),
  name: z.string(),
  business_id: z.string().describe('the only business that the key is good for'),
  hint: z.string().describe('the last characters of the key'),
  created_at: timestamp,
  expires_at: timestamp.nullable(),
  last_used_at: timestamp.nullable().describe('to the minute'),
}

/** personalKeySchema is a personal key as its owner sees it; the key itself is not among it. */
export const personalKeySchema = z.object(keyShape).meta({ id: 'PersonalKey' })

/** newPersonalKeySchema is a personal key just made, the only time that the key itself is shown. */
export const newPersonalKeySchema = z
  .object({ ...keyShape, key: z.string().describe('shown only now; sent as a bearer token') })
  .meta({ id: 'NewPersonalKey' })

/** toPersonalKeyView gives a key's row its wire shape. */
export function toPersonalKeyView(key: PersonalKey): z.output<typeof personalKeySchema> {
  return {
    id: key.id,
    name: key.name,
    business_id: key.businessId,
    hint: key.hint,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  }
}
