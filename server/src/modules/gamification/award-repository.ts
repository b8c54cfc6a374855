import { z } from 'zod'
import { sql } from 'drizzle-orm'
import { type Executor, pgConstraint, pgErrorCode, type Store, type Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import type { Receipt } from './dto.ts'

/**
 * AwardRequest is one event to be judged. `caller` is set for owners, who may name a business of their own or none;
 * everyone else names one. `points` and `reason` are set for adjustments, which no rule decides.
 */
export type AwardRequest = {
  caller: string | null
  businessId: string | null
  /** Their first business as far as memory knows, where they name none; the database checks that it is theirs. */
  likelyBusinessId?: string | null
  source: 'owner' | 'api_key' | 'admin' | 'server'
  namespace: string
  idempotencyKey: string
  fingerprint: string
  /** Who acted, where that is not the caller. */
  actorId: string | null
  type: string
  metadata: Record<string, unknown> | null
  occurredAt: Date
  /** False where this source may not date an event so; a replay is answered all the same. True by default. */
  timely?: boolean
  points?: number
  reason?: string
}

type Refused = 'no_business' | 'key_conflict' | 'untimely' | 'unknown_type' | 'source_closed' | 'below_zero'

// The columns of award_events, which have types of their own. A refusal has only an ordinal.
type AcceptedRow = {
  ordinal: number
  outcome: 'awarded' | 'replayed'
  event_id: string
  business_id: string
  points: number
  total_points: number
  level_id: string | null
  level_name: string | null
  levels_gained: string[] | null
  unlocked: string[] | null
  reason: string | null
  // Only where points changed.
  sequence: number | null
  reached_at_us: number
  transaction_id?: string
}
type AnswerRow = AcceptedRow | { ordinal: number; outcome: Refused }

/** StoredReceipt is the part of a receipt that is kept with its event: all but what is read when answering. */
export type StoredReceipt = Omit<Receipt, 'rank' | 'replayed'>

/**
 * AwardChange is where in the business's history points changed, when its total was reached, in microseconds, and the
 * transaction that did only this and has committed, where there is one.
 */
export type AwardChange = { sequence: number; reachedAtUs: number; transactionId?: string | undefined }

/** AwardOutcome is what became of an event: a stored receipt, or the reason why nothing changed. */
export type AwardOutcome =
  | { outcome: 'awarded'; receipt: StoredReceipt; change: AwardChange | null }
  | { outcome: 'replayed'; receipt: StoredReceipt }
  | { outcome: Refused }

/** judgedStanding is a standing as judge_standings left it. */
const judgedStanding = z.object({
  business_id: z.string(),
  level_id: z.string().nullable(),
  level_name: z.string().nullable(),
  unlocked: z.array(z.string()),
})

const misjudged = z.object({ last: z.string().nullable(), wrong: z.array(z.string()) })

const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const CHUNK = 5_000
// Almost every key is new, and looking each up costs a tenth of an award. Where one is repeated, others often follow.
const CAREFUL_MS = 1_000

type Question = { requests: AwardRequest[]; input?: AwardInput; isCareful: boolean }

/** createAwardRepository speaks to the functions that award and judge (migrations 0002 and 0003). */
export function createAwardRepository({ pool, db }: Store) {
  let carefulUntil = 0

  async function ask({ requests, input = inputOf(requests), isCareful }: Question): Promise<AwardOutcome[]> {
    const { rows } = await pool.query<AnswerRow>({
      name: 'award_events',
      text: 'SELECT *, pg_current_xact_id_if_assigned() AS transaction_id FROM award_events($1, $2, $3, $4, $5)',
      values: [...input, businessesOf(requests), callersOf(requests), isCareful],
    })
    return outcomesOf(requests, rows)
  }

  return {
    /**
     * award judges the events in order; outcomes come in the same order. Almost always it is one round trip and one
     * transaction: it takes keys for new and likely businesses for true. Where a key is known, all is undone and asked
     * with care; and what is refused is asked again alone, since a replay outlives whatever would refuse it by now, and
     * the business may be another. Where only that fails, an Error stands in its place.
     */
    async award(requests: AwardRequest[]): Promise<(AwardOutcome | Error)[]> {
      const input = inputOf(requests)
      let isCareful = performance.now() < carefulUntil || needsCare(requests, input)
      let outcomes: AwardOutcome[]
      try {
        outcomes = await ask({ requests, input, isCareful })
      } catch (error) {
        if (isCareful || !isKeyKnown(error)) throw error
        carefulUntil = performance.now() + CAREFUL_MS
        isCareful = true
        outcomes = await ask({ requests, input, isCareful: true })
      }

      const doubtful = requests.flatMap((request, at) => {
        const outcome = outcomes[at]
        if (!outcome || 'receipt' in outcome) return []
        const wasLikely = outcome.outcome === 'no_business' && request.likelyBusinessId
        if (isCareful && !wasLikely) return []
        return [{ at, request: wasLikely ? { ...request, likelyBusinessId: null } : request }]
      })
      if (doubtful.length === 0) return outcomes
      const again = await ask({ requests: doubtful.map(({ request }) => request), isCareful: true }).catch(
        (error: unknown) => doubtful.map(() => (error instanceof Error ? error : new Error(String(error)))),
      )
      const answers: (AwardOutcome | Error)[] = [...outcomes]
      for (const [nth, { at }] of doubtful.entries()) answers[at] = again[nth] ?? new Error('an event was not answered')
      return answers
    },

    /** awardWithin is award inside a transaction that has more to do. It holds the businesses until that commits. */
    async awardWithin(tx: Transaction, requests: AwardRequest[]): Promise<AwardOutcome[]> {
      const [input, later] = inputOf(requests)
      const { rows } = await tx.execute<AnswerRow>(sql`SELECT * FROM award_events(${input}::json, ${later}::json,
        ${sql.param(businessesOf(requests))}::uuid[], ${sql.param(callersOf(requests))}::uuid[], true)`)
      return outcomesOf(requests, rows)
    },

    /** judge brings standings in line with the definitions and tells their levels and what it unlocked. */
    async judge(executor: Executor, businessIds: string[]) {
      const { rows } = await executor.execute(sql`SELECT * FROM judge_standings(${sql.param(businessIds)}::uuid[])`)
      return z.array(judgedStanding).parse(rows)
    },

    /** judgeEveryone judges whoever no longer agrees with the definitions; see definitions_barrier for why it waits. */
    async judgeEveryone(): Promise<void> {
      await pool.query('SELECT pg_advisory_xact_lock(definitions_barrier())')
      for (let after: string | null = FIRST_ID; after !== null;) {
        const found = await pool.query('SELECT last, wrong FROM misjudged_standings($1, $2)', [after, CHUNK])
        const { last, wrong } = misjudged.parse(found.rows[0])
        if (wrong.length > 0) await this.judge(db, wrong)
        after = last
      }
    },

    /** dueRevision is the revision of the definitions that nobody has been judged by yet, or null. */
    async dueRevision(): Promise<number | null> {
      const { rows } = await pool.query('SELECT revision FROM definition_changes WHERE revision > evaluated_revision')
      return rows.length > 0 ? z.object({ revision: z.number() }).parse(rows[0]).revision : null
    },

    /** markEvaluated notes that everyone has been judged by this revision. */
    async markEvaluated(revision: number): Promise<void> {
      await pool.query('UPDATE definition_changes SET evaluated_revision = greatest(evaluated_revision, $1)', [
        revision,
      ])
    },
  }
}

/**
 * needsCare tells of arrays that are not to be asked quickly: where a key comes twice, the second would break the whole;
 * and whether a total allows an adjustment depends on what came before it, so that it cannot be asked again.
 */
function needsCare(requests: AwardRequest[], [, later]: AwardInput): boolean {
  if (requests.some(({ points }) => points !== undefined)) return true
  // A key that comes twice is of one owner or business, of whom there is more than one event then.
  if (later === null) return false
  const keys = requests.map((request) => `${whoseOf(request)} ${request.namespace} ${request.idempotencyKey}`)
  return new Set(keys).size < keys.length
}

const isKeyKnown = (error: unknown) => pgErrorCode(error) === '23505' && pgConstraint(error) === 'events_key_once'

export type AwardRepository = ReturnType<typeof createAwardRepository>

/**
 * whoseOf tells requests apart by whom they are of: the owner, who need not say which business they mean, or else the
 * business. What is of one is awarded one after the other.
 */
export const whoseOf = ({ caller, businessId }: AwardRequest): string => caller ?? businessId ?? ''

type AwardInput = [input: string, later: string | null]

/** inputOf writes events for award_events: the first of each, and what comes after it, or null. */
function inputOf(requests: AwardRequest[]): AwardInput {
  const turns: unknown[][] = [[]]
  const met = new Map<string, number>()
  for (const [index, request] of requests.entries()) {
    const whose = whoseOf(request)
    const turn = met.get(whose) ?? 0
    met.set(whose, turn + 1)
    ;(turns[turn] ??= []).push({
      ordinal: index + 1,
      event_id: newId(),
      source: request.source,
      namespace: request.namespace === request.source ? undefined : request.namespace,
      idempotency_key: request.idempotencyKey,
      fingerprint: request.fingerprint,
      actor_id: request.actorId ?? undefined,
      type: request.type,
      metadata: request.metadata ?? undefined,
      occurred_at: request.occurredAt.toISOString(),
      timely: request.timely === false ? false : undefined,
      given_points: request.points,
      given_reason: request.reason,
    })
  }
  const [input, ...later] = turns
  return [JSON.stringify(input), later.length > 0 ? JSON.stringify(later) : null]
}

const businessesOf = (requests: AwardRequest[]) =>
  requests.map(({ businessId, likelyBusinessId = null }) => businessId ?? likelyBusinessId)

const callersOf = (requests: AwardRequest[]) =>
  requests.some(({ caller }) => caller !== null) ? requests.map(({ caller }) => caller) : null

function outcomesOf(requests: AwardRequest[], rows: AnswerRow[]): AwardOutcome[] {
  const outcomes: AwardOutcome[] = []
  for (const row of rows) {
    const at = row.ordinal - 1
    outcomes[at] =
      row.outcome === 'awarded' || row.outcome === 'replayed'
        ? acceptedOutcome(row, requests[at]?.type ?? '')
        : { outcome: row.outcome }
  }
  return outcomes
}

function acceptedOutcome(row: AcceptedRow, type: string): AwardOutcome {
  const receipt: StoredReceipt = {
    event_id: row.event_id,
    business_id: row.business_id,
    type,
    points_awarded: row.points,
    total_points: row.total_points,
    level: row.level_id === null || row.level_name === null ? null : { id: row.level_id, name: row.level_name },
    levels_gained: row.levels_gained ?? [],
    unlocked: row.unlocked ?? [],
    ...(row.reason === null ? {} : { reason: row.reason }),
  }
  if (row.outcome === 'replayed') return { outcome: row.outcome, receipt }
  const { sequence, reached_at_us: reachedAtUs, transaction_id: transactionId } = row
  return {
    outcome: row.outcome,
    receipt,
    change: sequence === null ? null : { sequence, reachedAtUs, transactionId },
  }
}
