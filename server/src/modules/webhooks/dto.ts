import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, oneLine, timestamp } from '../../platform/text.ts'
import type { Delivery, Target } from './repository.ts'
import { messageBody } from './signed-message.ts'

/** eventTypes are what a target can hear of. */
export const eventTypes = ['points', 'level_up', 'achievement'] as const

const MOST_OVERLAP_HOURS = 168

const eventType = z.enum(eventTypes, { error: `must be one of ${eventTypes.join(', ')}` })
const eventTypeList = z
  .array(eventType)
  .min(1)
  .max(eventTypes.length)
  .transform((types) => [...new Set(types)])
  .meta({ type: 'array', items: { type: 'string', enum: [...eventTypes] }, minItems: 1 })

const fields = {
  url: z
    .string()
    .trim()
    .min(1)
    .max(2_000)
    .describe('https address on the public internet, without credentials')
    .meta({ examples: ['https://hooks.example.org/tangga'] }),
  event_types: eventTypeList.describe('which events to send; all by default'),
  description: oneLine(0, 200).nullable(),
  active: z
    .boolean()
    .describe('an inactive target gets no new events, and what waits for it waits on; true by default'),
}

/** webhookInput registers a target. */
export const webhookInput = z
  .object({
    url: fields.url,
    event_types: fields.event_types.optional(),
    description: fields.description.optional(),
    active: fields.active.optional(),
  })
  .meta({ id: 'NewWebhook' })

/** webhookChanges is any subset. */
export const webhookChanges = z.object(fields).partial().meta({ id: 'WebhookChanges' })

/** rotationInput says for how long the old secret signs beside the new one. */
export const rotationInput = z
  .object({
    overlap_hours: z
      .int()
      .min(0)
      .max(MOST_OVERLAP_HOURS)
      .optional()
      .describe('how long both secrets sign; 24 by default, 0 for a secret that has leaked'),
  })
  .nullish()

/** idParams names the thing that an address is about. */
export const idParams = z.object({ id: idSchema })

const targetShape = {
  id: idSchema,
  url: z.string(),
  event_types: z.array(z.enum(eventTypes)),
  description: z.string().nullable(),
  active: z.boolean(),
  disabled_reason: z.enum(['gone']).nullable().describe('`gone`: it answered 410, and was made inactive'),
  previous_secret_until: timestamp.nullable().describe('until then the secret before the last rotation signs as well'),
  created_at: timestamp,
  updated_at: timestamp,
}

/** webhookSchema is a target on the wire. */
export const webhookSchema = z.object(targetShape).meta({ id: 'Webhook' })

/** webhookWithSecretSchema is a target with its signing secret, which is shown once. */
export const webhookWithSecretSchema = z
  .object({ ...targetShape, secret: z.string().describe('signs deliveries; shown only now') })
  .meta({ id: 'WebhookWithSecret' })

const statuses = ['pending', 'accepted', 'parked'] as const

/** deliveriesQuery pages through the deliveries of a target. */
export const deliveriesQuery = pageQuery.extend({ status: z.enum(statuses).optional() })

/** deliverySchema is a delivery on the wire. */
export const deliverySchema = z
  .object({
    id: idSchema.describe('also the `webhook-id` of every attempt'),
    webhook_id: idSchema,
    business_id: idSchema.nullable(),
    type: z.enum([...eventTypes, 'ping']),
    status: z.enum(statuses).describe('`parked`: given up; it can be sent again by hand'),
    attempts: z.int(),
    created_at: timestamp,
    last_attempt_at: timestamp.nullable(),
    next_attempt_at: timestamp
      .nullable()
      .describe('null when none is due: it is finished, on its way, or behind an earlier event of its business'),
    retry_until: timestamp,
    finished_at: timestamp.nullable(),
    request: z
      .object({ headers: z.record(z.string(), z.string()).nullable(), body: z.string() })
      .describe('as the last attempt sent it; no headers before the first'),
    answer: z
      .object({ status: z.int(), body: z.string().describe('the first 4 KB') })
      .nullable()
      .describe('of the last attempt'),
    duration_ms: z.int().nullable(),
    error: z.string().nullable().describe('why the last attempt got no answer'),
  })
  .meta({ id: 'WebhookDelivery' })

/** WebhookView is a target on the wire. */
export type WebhookView = z.output<typeof webhookSchema>
/** DeliveryView is a delivery on the wire. */
export type DeliveryView = z.output<typeof deliverySchema>

const storedHeaders = z.record(z.string(), z.string()).nullable()

/** toWebhookView gives a target its wire shape; secrets are not part of it. */
export function toWebhookView(target: Target, now: Date): WebhookView {
  const until = target.previousSecretUntil
  return {
    id: target.id,
    url: target.url,
    event_types: z.array(z.enum(eventTypes)).parse(target.eventTypes),
    description: target.description,
    active: target.active,
    disabled_reason: target.disabledReason,
    previous_secret_until: until && until > now ? until.toISOString() : null,
    created_at: target.createdAt.toISOString(),
    updated_at: target.updatedAt.toISOString(),
  }
}

/** toDeliveryView gives a delivery its wire shape. */
export function toDeliveryView(delivery: Delivery): DeliveryView {
  return {
    id: delivery.id,
    webhook_id: delivery.targetId,
    business_id: delivery.businessId,
    type: delivery.kind,
    status: delivery.status,
    attempts: delivery.attempts,
    created_at: delivery.createdAt.toISOString(),
    last_attempt_at: delivery.attemptedAt?.toISOString() ?? null,
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
    retry_until: delivery.retryUntil.toISOString(),
    finished_at: delivery.finishedAt?.toISOString() ?? null,
    request: { headers: storedHeaders.parse(delivery.requestHeaders), body: messageBody(delivery) },
    answer: delivery.answerStatus === null ? null : { status: delivery.answerStatus, body: delivery.answerBody ?? '' },
    duration_ms: delivery.durationMs,
    error: delivery.error,
  }
}
