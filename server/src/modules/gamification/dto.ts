import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, instantSchema, multiLine, oneLine, timestamp } from '../../platform/text.ts'
import { externalIdSchema } from '../business/index.ts'

/** MOST_POINTS bounds every number of points that comes from outside, either way. */
export const MOST_POINTS = 1_000_000_000

const threshold = z.int().min(0).max(MOST_POINTS)
// An address, shown as a picture, would make everybody's browser call somebody else's server.
const icon = oneLine(0, 32)
  .refine((text) => !/[/\\]|^[a-z][a-z0-9+.-]*:|^www\./i.test(text), 'must be an emoji or a short name, not an address')
  .transform((text) => text || null)
  .nullable()
const eventType = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/, 'must be 1 to 200 letters, digits, or _ . : -')

/** MOST_METADATA_BYTES bounds the metadata of one event, as JSON. */
export const MOST_METADATA_BYTES = 16_384

// Deeper nesting says nothing that a person needs, and some thousand levels exhaust the stack of JSON.stringify.
const MOST_METADATA_LEVELS = 20

function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => isNestedWithin(inner, levels - 1))
}

const UNSTORABLE = 'must not have NUL characters or halves of characters'

// PostgreSQL takes neither NUL nor a lone surrogate into text or JSON.
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => isStorable(name) && isStorable(inner))
}

const metadata = z
  .record(z.string(), z.unknown())
  .refine((value) => isNestedWithin(value, MOST_METADATA_LEVELS), {
    error: `must be nested at most ${MOST_METADATA_LEVELS} levels deep`,
    abort: true,
  })
  .refine(
    (value) => JSON.stringify(value).length <= MOST_METADATA_BYTES,
    `must have at most ${MOST_METADATA_BYTES} bytes`,
  )
  .refine(isStorable, UNSTORABLE)

// A key is compared and never shown, so it is taken as it is.
const idempotencyKey = z
  .string()
  .min(1)
  .refine((text) => [...text].length <= 200, 'must have at most 200 characters')
  .refine(isStorable, UNSTORABLE)
  .meta({ minLength: 1, maxLength: 200 })

/** eventInput is what is posted to be awarded by rule. */
export const eventInput = z
  .object({
    type: z.string().min(1).max(200).refine(isStorable, UNSTORABLE),
    business_id: externalIdSchema
      .optional()
      .describe('of an owner: one of their own, their first when left out; of an API key: needed, or an `external_id`'),
    external_id: externalIdSchema
      .optional()
      .describe('of an API key: its own id of the business, by a link; `business_id` takes it, too'),
    idempotency_key: idempotencyKey,
    occurred_at: instantSchema.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'Event' })

/** EventInput is a parsed event. */
export type EventInput = z.output<typeof eventInput>

/** MOST_EVENTS is how many events one batch may have. */
export const MOST_EVENTS = 1_000

/** batchInput is several events, of which each is looked at by itself. */
export const batchInput = z
  .object({
    // Not parsed with the body: one bad event fails alone.
    events: z
      .array(z.unknown().meta({ $ref: '#/components/schemas/EventInput' }))
      .min(1)
      .max(MOST_EVENTS),
  })
  .meta({ id: 'EventBatch' })

/** adjustmentInput is points given or taken by an admin, with the reason that the ledger keeps. */
export const adjustmentInput = z
  .object({
    business_id: idSchema,
    points: z
      .int()
      .min(-MOST_POINTS)
      .max(MOST_POINTS)
      .refine((points) => points !== 0, 'must not be 0'),
    reason: multiLine(1, 5000),
    idempotency_key: idempotencyKey,
  })
  .meta({ id: 'Adjustment' })

const levelName = z.object({ id: z.string(), name: z.string() })

/** receiptSchema is what an accepted event did; `rank` is read when answering, the rest is stored. */
export const receiptSchema = z
  .object({
    event_id: z.string(),
    business_id: z.string(),
    type: z.string(),
    points_awarded: z.int(),
    total_points: z.int(),
    level: levelName.nullable(),
    levels_gained: z.array(z.string()).describe('names, lowest first'),
    unlocked: z.array(z.string()).describe('titles of the achievements that this event unlocked'),
    reason: z
      .string()
      .optional()
      .describe('`daily_cap` or `cooldown` where less was awarded, or the reason of an adjustment'),
    rank: z.int().nullable(),
    replayed: z.boolean(),
  })
  .meta({ id: 'Receipt' })

/** Receipt is the wire shape of an award. */
export type Receipt = z.output<typeof receiptSchema>

/** newsSchema is one consequence of an award, with the data that the live feed sends of it. */
export const newsSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('points'),
    data: z.object({
      event_id: z.string(),
      business_id: z.string(),
      type: z.string(),
      points: z.int(),
      total_points: z.int(),
    }),
  }),
  z.object({ kind: z.literal('level_up'), data: z.object({ business_id: z.string(), level: levelName }) }),
  z.object({
    kind: z.literal('achievement'),
    data: z.object({
      business_id: z.string(),
      achievement: z.object({ id: z.string(), title: z.string(), badge_icon: z.string().nullable() }),
    }),
  }),
])

/** News is one consequence of an award. */
export type News = z.output<typeof newsSchema>

/** achievementSchema is an achievement as its owner sees it. */
export const achievementSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    required_points: z.int(),
    badge_icon: z.string().nullable(),
    created_at: timestamp,
    is_unlocked: z.boolean(),
    unlocked_at: timestamp.nullable(),
    progress: z.number().min(0).max(1),
  })
  .meta({ id: 'AchievementProgress' })

/** leaderboardEntry is a place on the board. People under an alias have no user_id and no user_name. */
export const leaderboardEntry = z
  .object({
    rank: z.int(),
    business_id: z.string(),
    business_name: z.string(),
    total_points: z.int(),
    level_name: z.string().nullable(),
    achievements_count: z.int(),
    user_id: z.string().nullable(),
    user_name: z.string().nullable(),
    is_current_user: z.boolean(),
  })
  .meta({ id: 'LeaderboardEntry' })

/** LeaderboardEntry is the wire shape of a place on the board. */
export type LeaderboardEntry = z.output<typeof leaderboardEntry>

/** pointsEntry is one line of the ledger. */
export const pointsEntry = z
  .object({
    id: z.string(),
    event_id: z.string(),
    type: z.string(),
    points: z.int(),
    total_after: z.int(),
    reason: z.string().nullable(),
    occurred_at: timestamp,
    created_at: timestamp,
    rule_version: z.int().nullable(),
  })
  .meta({ id: 'PointsEntry' })

/** earnableRule is what an owner may record, and what it is worth. */
export const earnableRule = z
  .object({
    type: z.string(),
    points: z.int(),
    daily_cap: z.int().nullable(),
    cooldown_seconds: z.int().nullable(),
  })
  .meta({ id: 'EarnableRule' })

/** achievementInput is what an admin says of an achievement. */
export const achievementInput = z
  .object({
    title: oneLine(1, 200),
    description: multiLine(1, 5000),
    required_points: threshold,
    badge_icon: icon.optional(),
  })
  .meta({ id: 'Achievement' })

/** levelInput is what an admin says of a level; `order` is for display and follows required_points when left out. */
export const levelInput = z
  .object({
    name: oneLine(1, 200),
    required_points: threshold,
    order: z.int().min(-1_000_000).max(MOST_POINTS).optional(),
    icon: icon.optional(),
  })
  .meta({ id: 'Level' })

/** ruleInput is what an admin says of a point rule. */
export const ruleInput = z
  .object({
    type: eventType,
    points: threshold,
    daily_cap: z.int().min(0).max(MOST_POINTS).nullable().optional(),
    cooldown_seconds: z.int().min(0).max(31_536_000).nullable().optional(),
    sources: z
      .array(z.enum(['owner', 'api_key']))
      .transform((sources) => [...new Set(sources)])
      .optional(),
    active: z.boolean().optional(),
  })
  .meta({ id: 'Rule' })

/** changes is a definition of which any subset may be sent. */
export const achievementChanges = achievementInput.partial().meta({ id: 'AchievementChanges' })
export const levelChanges = levelInput.partial().meta({ id: 'LevelChanges' })
export const ruleChanges = ruleInput.partial().meta({ id: 'RuleChanges' })

export type AchievementInput = z.output<typeof achievementInput>
export type LevelInput = z.output<typeof levelInput>
export type RuleInput = z.output<typeof ruleInput>

const stamped = { id: z.string(), version: z.int(), created_at: timestamp, updated_at: timestamp }

/** adminAchievement is an achievement as an admin sees it. */
export const adminAchievement = z
  .object({
    ...stamped,
    title: z.string(),
    description: z.string(),
    required_points: z.int(),
    badge_icon: z.string().nullable(),
  })
  .meta({ id: 'AdminAchievement' })

/** adminLevel is a level as an admin sees it. */
export const adminLevel = z
  .object({
    ...stamped,
    name: z.string(),
    required_points: z.int(),
    order: z.int(),
    icon: z.string().nullable(),
  })
  .meta({ id: 'AdminLevel' })

/** adminRule is a point rule as an admin sees it. */
export const adminRule = z
  .object({
    ...stamped,
    type: z.string(),
    points: z.int(),
    daily_cap: z.int().nullable(),
    cooldown_seconds: z.int().nullable(),
    sources: z.array(z.enum(['owner', 'api_key'])),
    active: z.boolean(),
  })
  .meta({ id: 'AdminRule' })

/** pointExplanation says why one line of the ledger has its points: in a sentence, and in what the sentence is made of. */
export const pointExplanation = z
  .object({
    id: z.string(),
    business_id: z.string(),
    event_id: z.string(),
    type: z.string(),
    source: z.enum(['owner', 'api_key', 'admin', 'server']),
    sentence: z.string(),
    language: z.enum(['en', 'id']),
    points: z.int(),
    total_before: z.int(),
    total_after: z.int(),
    reason: z.string().nullable().describe('`daily_cap` where it cut the points, or the reason of an adjustment'),
    rule: z
      .object({
        id: z.string(),
        version: z.int(),
        points: z.int(),
        daily_cap: z.int().nullable(),
        cooldown_seconds: z.int().nullable(),
      })
      .nullable()
      .describe('the rule as it stood then; null for adjustments and reversals'),
    day: z.iso.date().describe('the day that the event counted for, in the time zone of the business'),
    earned_before: z.int().nullable().describe('what the rule had given on that day before; null without a cap'),
    reverses_id: z.string().nullable(),
    occurred_at: timestamp,
    created_at: timestamp,
  })
  .meta({ id: 'PointExplanation' })

/** PointExplanation is the wire shape of an explanation. */
export type PointExplanation = z.output<typeof pointExplanation>

export const businessQuery = z.object({ business_id: idSchema.optional() })
export const businessPageQuery = pageQuery.extend(businessQuery.shape)
export const leaderboardQuery = businessQuery.extend({ limit: z.coerce.number().int().min(1).max(100).default(10) })
export const idParams = z.object({ id: idSchema })

/** feedQuery and feedHeaders say whose live feed is wanted, and after which event. */
export const feedQuery = z.object({
  business_id: externalIdSchema.optional().describe('an id or, with an API key, also a linked external_id'),
})
export const feedHeaders = z.looseObject({
  'last-event-id': z.string().min(1).max(1_000).optional().describe('the id of the last event that was seen'),
})

/** feedEvent is the JSON of one `data` line of the live feed. */
export const feedEvent = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('points'),
      data: z.object({
        event_id: z.string(),
        business_id: z.string(),
        type: z.string(),
        points: z.int(),
        total_points: z.int(),
      }),
    }),
    z.object({ type: z.literal('level_up'), data: z.object({ business_id: z.string(), level: levelName }) }),
    z.object({
      type: z.literal('achievement'),
      data: z.object({
        business_id: z.string(),
        achievement: z.object({ id: z.string(), title: z.string(), badge_icon: z.string().nullable() }),
      }),
    }),
  ])
  .meta({ id: 'FeedEvent' })
