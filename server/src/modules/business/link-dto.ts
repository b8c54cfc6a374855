import { z } from 'zod'
import { idSchema, timestamp } from '../../platform/text.ts'
import type { BusinessLink } from './link-repository.ts'

/** externalIdSchema is an integrator's own id of a business; it is compared and never shown, so it is taken as it is. */
export const externalIdSchema = z
  .string()
  .min(1, 'must not be empty')
  .refine((text) => [...text].length <= 200, 'must have at most 200 characters')
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must not have NUL characters or halves of characters')
  .meta({ minLength: 1, maxLength: 200 })

/** linkParams name a link by the integrator's own id. */
export const linkParams = z.object({ external_id: externalIdSchema })

/** linkBody names the business that is meant. */
export const linkBody = z.object({ business_id: idSchema }).meta({ id: 'BusinessLinkTarget' })

/** linkSchema is a link on the wire. */
export const linkSchema = z
  .object({ external_id: z.string(), business_id: z.string(), created_at: timestamp })
  .meta({ id: 'BusinessLink' })

/** toLinkView gives a link's row its wire shape. */
export function toLinkView(link: BusinessLink): z.output<typeof linkSchema> {
  return { external_id: link.externalId, business_id: link.businessId, created_at: link.createdAt.toISOString() }
}
