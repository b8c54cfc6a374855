import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, timestamp } from '../../platform/text.ts'
import { type Fact, factText } from './facts.ts'

const kind = z.enum(['business', 'owner'], 'must be business or owner').describe('what the fact is about')

/** factsQuery asks for what is remembered for a business. */
export const factsQuery = pageQuery.extend({ business_id: idSchema.optional() })

/** newFactBody is a fact that the owner writes by hand. */
export const newFactBody = z
  .object({
    content: factText.describe('one fact, as a sentence that is clear on its own'),
    kind: kind.default('business'),
    business_id: idSchema.nullish().describe('of the caller; their first business when left out'),
  })
  .meta({ id: 'NewAdvisorFact' })

/** factChanges is any subset of what can be changed of a fact. */
export const factChanges = z
  .object({ content: factText.optional(), kind: kind.optional() })
  .meta({ id: 'AdvisorFactChanges' })

/** factDto is a fact that the advisor remembers. */
export const factDto = z
  .object({
    id: z.uuid(),
    business_id: z.uuid(),
    content: z.string(),
    kind,
    source: z.enum(['advisor', 'owner']).describe('who wrote the present words'),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'AdvisorFact' })

/** toFactDto is a fact as the API shows it. */
export function toFactDto(fact: Fact): z.infer<typeof factDto> {
  return {
    id: fact.id,
    business_id: fact.businessId,
    content: fact.content,
    kind: fact.kind,
    source: fact.source,
    created_at: fact.createdAt.toISOString(),
    updated_at: fact.updatedAt.toISOString(),
  }
}
