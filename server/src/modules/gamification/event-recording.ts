import type { Clock } from '../../platform/clock.ts'
import { type Problem, problem } from '../../platform/errors.ts'
import { problemDocument, toProblem } from '../../platform/http/problem-handler.ts'
import type { Log } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics/metrics.ts'
import { idSchema } from '../../platform/text.ts'
import type { LinkService } from '../business/index.ts'
import { createAwardLanes } from './award-lanes.ts'
import { measureAwards } from './award-metrics.ts'
import type { AwardOutcome, AwardRepository, AwardRequest } from './award-repository.ts'
import { type EventInput, eventInput, type Receipt } from './dto.ts'
import { fingerprint } from './fingerprint.ts'
import type { Leaderboard } from './leaderboard.ts'

const HOUR_MS = 3_600_000
const OWNER_PAST_MS = 48 * HOUR_MS
const AHEAD_MS = 5 * 60_000

/** BatchResult is what became of one event of a batch: its receipt, or the body of the error that it was refused with. */
export type BatchResult = Receipt | Record<string, unknown>

type RecordingOptions = {
  awards: AwardRepository
  leaderboard: Pick<Leaderboard, 'awarded' | 'firstBusinessOf' | 'rankOf' | 'ranksOf'>
  links: Pick<LinkService, 'businessesOf'>
  /** Called when awards have committed. */
  onAwarded: () => void
  metrics: Metrics
  clock: Clock
  log: Log
}

/** createEventRecording makes the ways in which points are given: by people, by programs, one by one and in batches. */
export function createEventRecording({ awards, leaderboard, links, onAwarded, metrics, clock, log }: RecordingOptions) {
  async function award(requests: AwardRequest[]): Promise<(AwardOutcome | Error)[]> {
    const outcomes = await awards.award(requests)
    const told = outcomes.filter((outcome): outcome is AwardOutcome => !(outcome instanceof Error))
    judged(told)
    await leaderboard.awarded(told)
    onAwarded()
    return outcomes
  }
  const lanes = createAwardLanes({ award, log })
  const judged = measureAwards(metrics, lanes)

  async function receiptFor(request: AwardRequest): Promise<Receipt> {
    const outcome = await lanes.add(request)
    if (outcome.outcome !== 'awarded' && outcome.outcome !== 'replayed') throw refusal(outcome.outcome, request)
    return {
      ...outcome.receipt,
      rank: await leaderboard.rankOf(outcome.receipt.business_id),
      replayed: outcome.outcome === 'replayed',
    }
  }

  /** businessesMeant answers for each event of a key which business it names, by id or by the key's own id, or why none. */
  async function businessesMeant(keyId: string, events: EventInput[]): Promise<(string | Problem)[]> {
    const named = events.map(({ business_id, external_id }) => {
      const isId = idSchema.safeParse(business_id).success
      const externals = [external_id, isId ? undefined : business_id].filter((name) => name !== undefined)
      return { id: isId ? business_id?.toLowerCase() : undefined, externals }
    })
    const linked = await links.businessesOf(
      keyId,
      named.flatMap(({ externals }) => externals),
    )
    return named.map(({ id, externals }) => {
      const meant = new Set<string>(id === undefined ? [] : [id])
      for (const external of externals) {
        const businessId = linked.get(external)
        if (businessId === undefined)
          return problem.notFound('external_id_unknown', 'This API key has no link of that external_id.')
        meant.add(businessId)
      }
      const [only, other] = meant
      if (only === undefined)
        return problem.invalid([{ path: 'business_id', message: 'is needed, or an external_id' }], 'business_needed')
      if (other !== undefined)
        return problem.invalid([{ path: 'external_id', message: 'is linked to another business than business_id' }])
      return only
    })
  }

  return {
    /** recordEvent awards an event that an owner posts for a business of their own, by its rule; a replay answers the stored receipt. */
    async recordEvent(userId: string, input: EventInput): Promise<Receipt> {
      const businessId = input.business_id?.toLowerCase() ?? null
      if (businessId !== null && !idSchema.safeParse(businessId).success)
        throw problem.invalid([{ path: 'business_id', message: 'must be a UUID' }])
      const now = clock.now()
      const content = contentOf(input, now)
      const age = now.getTime() - content.occurredAt.getTime()
      return receiptFor({
        ...content,
        caller: userId,
        businessId,
        likelyBusinessId: businessId === null ? leaderboard.firstBusinessOf(userId) : null,
        source: 'owner',
        namespace: 'owner',
        actorId: null,
        timely: age <= OWNER_PAST_MS && age >= -AHEAD_MS,
      })
    },

    /**
     * recordKeyEvent awards an event that a program posts for any business, named by its id or by an id of the program's
     * own; 422 when by neither, 404 when there is none.
     */
    async recordKeyEvent(keyId: string, input: EventInput): Promise<Receipt> {
      const [businessId] = await businessesMeant(keyId, [input])
      if (typeof businessId !== 'string') throw businessId ?? problem.notFound()
      return receiptFor(keyRequest({ keyId, businessId, input, now: clock.now() }))
    },

    /**
     * recordBatch awards events of a program in their order and answers what became of each: its receipt, or the body of
     * a problem. What is bad fails alone; with the database away the call fails as a whole.
     */
    async recordBatch({ keyId, events }: { keyId: string; events: unknown[] }): Promise<BatchResult[]> {
      const results = new Map<number, Problem | AwardOutcome>()
      const parsed: { at: number; input: EventInput }[] = []
      for (const [at, event] of events.entries()) {
        const { data, error } = eventInput.safeParse(event)
        if (data) parsed.push({ at, input: data })
        else results.set(at, malformed(error.issues))
      }

      const now = clock.now()
      const businesses = await businessesMeant(
        keyId,
        parsed.map(({ input }) => input),
      )
      const asked: { at: number; request: AwardRequest }[] = []
      for (const [nth, { at, input }] of parsed.entries()) {
        const businessId = businesses[nth] ?? problem.notFound()
        if (typeof businessId === 'string') asked.push({ at, request: keyRequest({ keyId, businessId, input, now }) })
        else results.set(at, businessId)
      }

      const outcomes = await lanes.addAll(asked.map(({ request }) => request))
      const ranks = await leaderboard.ranksOf(
        outcomes.flatMap((outcome) => ('receipt' in outcome ? [outcome.receipt.business_id] : [])),
      )
      for (const [nth, { at, request }] of asked.entries()) {
        const outcome = outcomes[nth]
        if (outcome instanceof Error) results.set(at, toProblem(outcome))
        else if (outcome) results.set(at, 'receipt' in outcome ? outcome : refusal(outcome.outcome, request))
      }
      return events.map((_event, at) => wireResult(results.get(at), ranks))
    },

    /** adjust gives or takes points by hand; 409 where the total would fall below 0. Admins only: the routes hold that. */
    async adjust(
      adminId: string,
      input: { business_id: string; points: number; reason: string; idempotency_key: string },
    ): Promise<Receipt> {
      return receiptFor({
        caller: null,
        businessId: input.business_id,
        source: 'admin',
        namespace: 'admin',
        idempotencyKey: input.idempotency_key,
        fingerprint: fingerprint({ type: 'adjustment', points: input.points, reason: input.reason }),
        actorId: adminId,
        type: 'adjustment',
        metadata: null,
        occurredAt: clock.now(),
        points: input.points,
        reason: input.reason,
      })
    },
  }
}

/** contentOf is the part of an event that is read the same way whoever posts it. */
function contentOf(input: EventInput, now: Date) {
  const occurredAt = input.occurred_at === undefined ? now : new Date(input.occurred_at)
  const metadata = input.metadata ?? null
  return {
    idempotencyKey: input.idempotency_key,
    // In the order of their names, which saves putting them in order.
    fingerprint: fingerprint({
      metadata,
      occurred_at: input.occurred_at === undefined ? null : occurredAt.toISOString(),
      type: input.type,
    }),
    type: input.type,
    metadata,
    occurredAt,
  }
}

function keyRequest(event: { keyId: string; businessId: string; input: EventInput; now: Date }): AwardRequest {
  const { keyId, businessId, input, now } = event
  const content = contentOf(input, now)
  return {
    ...content,
    caller: null,
    businessId,
    source: 'api_key',
    namespace: `api_key:${keyId}`,
    actorId: keyId,
    timely: content.occurredAt.getTime() <= now.getTime() + AHEAD_MS,
  }
}

function malformed(issues: { path: PropertyKey[]; message: string }[]): Problem {
  return problem.invalid(issues.map(({ path, message }) => ({ path: path.map(String).join('.') || 'event', message })))
}

function wireResult(result: Problem | AwardOutcome | undefined, ranks: Map<string, number | null>): BatchResult {
  if (result instanceof Error) return problemDocument(result)
  if (!result || !('receipt' in result)) throw new Error('an event of a batch has come to nothing')
  return {
    ...result.receipt,
    rank: ranks.get(result.receipt.business_id) ?? null,
    replayed: result.outcome === 'replayed',
  }
}

function refusal(outcome: Exclude<AwardOutcome['outcome'], 'awarded' | 'replayed'>, request: AwardRequest): Problem {
  const isOwner = request.source === 'owner'
  switch (outcome) {
    case 'no_business':
      return request.businessId === null
        ? problem.notFound('no_business', 'Describe your business first.')
        : problem.notFound()
    case 'key_conflict':
      return problem.conflict('idempotency_key_reused', 'This idempotency_key was used before with another body.')
    case 'untimely': {
      const range = isOwner ? 'within the last 48 hours, and at most 5 minutes ahead' : 'at most 5 minutes ahead'
      return problem.invalid([{ path: 'occurred_at', message: `must lie ${range}` }], 'untimely')
    }
    case 'unknown_type':
      return problem.invalid([{ path: 'type', message: 'is not an active event type' }], 'unknown_type')
    case 'source_closed':
      return problem.forbidden(
        'source_closed',
        `This event type cannot be recorded by ${isOwner ? 'owners' : 'API keys'}.`,
      )
    case 'below_zero':
      return problem.conflict('below_zero', 'The total would fall below 0.')
  }
}
