import { z } from 'zod'
import type { Database } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { findUser } from '../auth/index.ts'
import type { BusinessService } from '../business/index.ts'
import type { PointExplanation } from './dto.ts'
import { explainPoints, type Language, type PointFacts } from './point-explanation.ts'
import type { Repository } from './repository.ts'

type ExplainerOptions = { db: Database; repository: Repository; business: BusinessService }

/** Asking is who wants which entry explained; `language` is that of the request, or undefined where it named none of ours. */
export type Asking = { userId: string; id: string; language: Language | undefined }

type Found = NonNullable<Awaited<ReturnType<Repository['entryOf']>>>

// The definition as it stood; parsed loosely, since older versions may know less.
const ruleContent = z.object({
  points: z.int(),
  daily_cap: z.int().nullable().default(null),
  cooldown_seconds: z.int().nullable().default(null),
})

/** createPointExplainer makes the explanations of ledger entries, for owners and for admins. */
export function createPointExplainer({ db, repository, business }: ExplainerOptions) {
  async function explained(found: Found, { userId, language }: Asking): Promise<PointExplanation> {
    const chosen = language ?? ((await findUser(db, userId))?.locale === 'id' ? 'id' : 'en')
    const earnedBefore = await repository.earnedBefore(found)
    return toWire(found, { earnedBefore, language: chosen })
  }

  return {
    /** explainPoint tells an owner why an entry of a business of theirs has its points. */
    async explainPoint(asking: Asking): Promise<PointExplanation> {
      const found = await repository.entryOf(asking.id)
      if (!found) throw problem.notFound()
      await business.businessFor(asking.userId, found.entry.businessId)
      return explained(found, asking)
    },

    /** explainPointToAdmin tells it of any business. Admins only: the routes hold that. */
    async explainPointToAdmin(asking: Asking): Promise<PointExplanation> {
      const found = await repository.entryOf(asking.id)
      if (!found) throw problem.notFound()
      return explained(found, asking)
    },
  }
}

function toWire(
  { entry, event, definition, reversed }: Found,
  { earnedBefore, language }: { earnedBefore: number; language: Language },
): PointExplanation {
  const content = ruleContent.safeParse(definition)
  const rule =
    content.success && entry.ruleId !== null && entry.ruleVersion !== null
      ? { id: entry.ruleId, version: entry.ruleVersion, ...content.data }
      : null
  const facts: PointFacts = {
    type: entry.type,
    points: entry.points,
    totalAfter: entry.totalAfter,
    source: event.source,
    day: event.day,
    reason: entry.reason,
    rule: rule && {
      version: rule.version,
      points: rule.points,
      dailyCap: rule.daily_cap,
      cooldownSeconds: rule.cooldown_seconds,
    },
    earnedBefore: rule && rule.daily_cap !== null ? earnedBefore : null,
    reverses: reversed,
  }
  return {
    id: entry.id,
    business_id: entry.businessId,
    event_id: entry.eventId,
    type: entry.type,
    source: event.source,
    sentence: explainPoints(facts, language),
    language,
    points: entry.points,
    total_before: entry.totalAfter - entry.points,
    total_after: entry.totalAfter,
    reason: entry.reason,
    rule,
    day: event.day,
    earned_before: facts.earnedBefore,
    reverses_id: entry.reversesId,
    occurred_at: entry.occurredAt.toISOString(),
    created_at: entry.createdAt.toISOString(),
  }
}
