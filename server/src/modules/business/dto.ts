import { z } from 'zod'
import { isCurrency, isTimeZone } from '../../platform/config.ts'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, multiLine, oneLine, timestamp } from '../../platform/text.ts'
import { userShape } from '../auth/index.ts'
import type { Level, ProfileRow } from './repository.ts'

// An optional text without a character in it is no text.
const orNull = (text: string | null | undefined) => (text?.trim() ? text : null)
const longText = multiLine(0, 5000).nullable().transform(orNull)
const addressPart = oneLine(0, 200).nullish().transform(orNull)

/** timeZoneSchema is an IANA time zone name. */
const timeZoneSchema = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone such as Asia/Jakarta')
  .meta({ examples: ['Asia/Jakarta'] })

const currencySchema = z
  .string()
  .max(8)
  .transform((code) => code.trim().toUpperCase())
  .refine(isCurrency, 'must be an ISO 4217 code such as IDR')
  .meta({ type: 'string', examples: ['IDR'] })

/** visibilitySchema is how a business stands on the leaderboard. */
export const visibilitySchema = z
  .enum(['shown', 'alias', 'hidden'], 'must be shown, alias or hidden')
  .describe('`alias`: ranked under a neutral name; `hidden`: on no board and counted in no rank')

const addressBody = z
  .object({ street: addressPart, city: addressPart, state: addressPart, zip_code: addressPart, country: addressPart })
  // An address without a single part is no address.
  .transform((address) => (Object.values(address).some((part) => part !== null) ? address : null))
  .meta({ id: 'Address' })

const requiredFields = {
  business_name: oneLine(1, 200),
  business_category: oneLine(1, 100),
  business_stage: oneLine(1, 100),
}
const optionalFields = {
  business_description: longText.optional(),
  address: addressBody.nullable().optional(),
  target_market: longText.optional(),
  primary_goal: longText.optional(),
}

/** createProfileBody describes a new business; points, level and owner are not among what can be said. */
export const createProfileBody = z
  .object({
    ...requiredFields,
    ...optionalFields,
    time_zone: timeZoneSchema.nullish(),
    currency: currencySchema.nullish(),
  })
  .meta({ id: 'NewBusiness' })

/** updateProfileBody is any subset; null takes an optional field away, an address is replaced as a whole. */
export const updateProfileBody = z
  .object({
    ...z.object(requiredFields).partial().shape,
    ...optionalFields,
    time_zone: timeZoneSchema.optional(),
    currency: currencySchema.optional(),
    board_visibility: visibilitySchema.optional(),
  })
  .meta({ id: 'BusinessChanges' })

/** businessQuery names one of the caller's businesses; without it, it is their first. */
export const businessQuery = z.object({
  business_id: idSchema.optional().describe('one of your own businesses; your first, when it is not given'),
})

/** adminBusinessesQuery pages through businesses; `q` is looked for in their name and in name and e-mail of the owner. */
export const adminBusinessesQuery = pageQuery.extend({
  q: oneLine(0, 254).optional().describe('part of the business name, the owner’s name or e-mail, in any case'),
})

/** adminUpdateBody is what admins may change about a business. */
export const adminUpdateBody = z
  .object({ board_visibility: visibilitySchema.optional() })
  .meta({ id: 'AdminBusinessChanges' })

/** idParams names the thing that an address is about. */
export const idParams = z.object({ id: idSchema })

const part = z.string().nullable().default(null)
const addressSchema = z.object({ street: part, city: part, state: part, zip_code: part, country: part })

const profileShape = {
  id: idSchema,
  user_id: idSchema.nullable(),
  business_name: z.string(),
  business_category: z.string(),
  business_description: z.string().nullable(),
  address: addressSchema.nullable(),
  business_stage: z.string(),
  target_market: z.string().nullable(),
  primary_goal: z.string().nullable(),
  time_zone: z.string(),
  currency: z.string(),
  board_visibility: visibilitySchema,
  total_points: z.int(),
  level_id: idSchema.nullable(),
  level_name: z.string().nullable(),
  level_icon: z.string().nullable(),
  created_at: timestamp,
  updated_at: timestamp,
}

/** profileSchema is a business on the wire. */
export const profileSchema = z.object(profileShape).meta({ id: 'BusinessProfile' })

/** adminProfileSchema is a business with its owner, as admins see it. */
export const adminProfileSchema = z
  .object({ ...profileShape, owner: z.object({ id: idSchema, name: z.string(), email: z.string() }).nullable() })
  .meta({ id: 'AdminBusiness' })

/** meSchema is the signed-in person and their first business. */
export const meSchema = z.object({ ...userShape, business: profileSchema.nullable() }).meta({ id: 'Me' })

/** levelSchema is a rung of the ladder on the wire. */
export const levelSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    required_points: z.int(),
    order: z.int().describe('for display'),
    icon: z.string().nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'BusinessLevel' })

/** Profile is a business on the wire. */
export type Profile = z.output<typeof profileSchema>
/** LevelView is a level on the wire. */
export type LevelView = z.output<typeof levelSchema>

/** toProfile gives a business, its standing and its level their wire shape. */
export function toProfile({ business, totalPoints, level }: ProfileRow): Profile {
  return {
    id: business.id,
    user_id: business.userId,
    business_name: business.businessName,
    business_category: business.businessCategory,
    business_description: business.businessDescription,
    address: addressSchema.nullable().parse(business.address),
    business_stage: business.businessStage,
    target_market: business.targetMarket,
    primary_goal: business.primaryGoal,
    time_zone: business.timeZone,
    currency: business.currency,
    board_visibility: business.boardVisibility,
    total_points: totalPoints,
    level_id: level?.id ?? null,
    level_name: level?.name ?? null,
    level_icon: level?.icon ?? null,
    created_at: business.createdAt.toISOString(),
    updated_at: business.updatedAt.toISOString(),
  }
}

/** toLevelView gives a level row its wire shape. */
export function toLevelView(level: Level): LevelView {
  return {
    id: level.id,
    name: level.name,
    required_points: level.requiredPoints,
    order: level.order,
    icon: level.icon,
    created_at: level.createdAt.toISOString(),
  }
}
