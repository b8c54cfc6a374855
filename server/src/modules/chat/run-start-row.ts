import { z } from 'zod'
import { FACTS_PER_BUSINESS } from '../agent/index.ts'
import { modelColumns } from './budget/charge.ts'
import type { NewRun } from './run-rows.ts'
import { HISTORY_LIMIT } from './session-summaries.ts'

// What the function start_run is asked and answers, see migration 0007.

const storedToolCall = z
  .object({ call_id: z.string(), tool: z.string(), args: z.unknown(), ok: z.boolean(), output: z.unknown() })
  .transform(({ call_id, ...call }) => ({ callId: call_id, ...call }))

/** historyRows are earlier messages, oldest first, as the function chat_history answers them. */
export const historyRows = z.array(
  z
    .object({
      id: z.string(),
      role: z.enum(['user', 'assistant']),
      content: z.string(),
      tool_calls: z.array(storedToolCall).nullable(),
    })
    .transform(({ tool_calls, ...said }) => ({ ...said, ...(tool_calls ? { toolCalls: tool_calls } : {}) })),
)

const locale = z.enum(['en', 'id'])

const startedBusiness = z
  .object({
    id: z.string(),
    name: z.string(),
    stage: z.string(),
    category: z.string(),
    description: z.string().nullable(),
    primary_goal: z.string().nullable(),
    target_market: z.string().nullable(),
    time_zone: z.string(),
    currency: z.string(),
  })
  .transform(({ primary_goal, target_market, time_zone, ...said }) => ({
    ...said,
    primaryGoal: primary_goal,
    targetMarket: target_market,
    timeZone: time_zone,
  }))

const startedFacts = z.array(
  z
    .object({ content: z.string(), kind: z.enum(['business', 'owner']), updated_at: z.string() })
    .transform(({ updated_at, ...fact }) => ({ ...fact, updatedAt: new Date(updated_at) })),
)

const started = z
  .object({
    kind: z.literal('started'),
    user: z.object({ id: z.string(), name: z.string(), locale }),
    business: startedBusiness,
    facts: startedFacts,
    tokens: z.number(),
    token_limit: z.number(),
    history: historyRows,
    summary: z.string().nullable(),
    summary_until: z.string().nullable(),
  })
  .transform(({ kind, user, business, facts, tokens, token_limit, history, summary, summary_until }) => ({
    kind,
    user,
    business,
    facts,
    reserved: { tokens, tokenLimit: token_limit },
    said: {
      history,
      summary: summary !== null && summary_until !== null ? { text: summary, until: summary_until } : undefined,
    },
  }))

const withRun = <Kind extends string>(kind: Kind) =>
  z.object({ kind: z.literal(kind), run_id: z.string() }).transform((row) => ({ kind: row.kind, runId: row.run_id }))

const budgetSpent = z.object({
  kind: z.literal('budget_spent'),
  locale,
  tokens: z.number(),
  limits: z.object({ tokens: z.number(), runs: z.number().nullable() }),
  use: z
    .object({ runs: z.number(), used_tokens: z.number(), reserved_tokens: z.number() })
    .transform(({ runs, used_tokens, reserved_tokens }) => ({
      runs,
      usedTokens: used_tokens,
      reservedTokens: reserved_tokens,
    })),
})

/** runStartAnswer is whether a run was started, and why not. */
export const runStartAnswer = z.union([
  started,
  withRun('repeated'),
  withRun('run_active'),
  withRun('run_expired'),
  z.object({ kind: z.enum(['no_account', 'no_business', 'session_gone', 'too_many_runs']) }),
  // What should have been a new session has been begun meanwhile under the same names.
  z
    .object({ kind: z.literal('session_known'), session_id: z.string() })
    .transform(({ kind, session_id }) => ({ kind, sessionId: session_id })),
  z
    .object({ kind: z.literal('day_limit'), free_at: z.string() })
    .transform(({ kind, free_at }) => ({ kind, freeAt: new Date(free_at) })),
  budgetSpent,
])

/** RunStartAnswer is whether a run was started, and why not; `run_expired` where a run is in the way whose lease is over. */
export type RunStartAnswer = z.output<typeof runStartAnswer>

/** runStartInput is what start_run is asked for a message. */
export function runStartInput(run: NewRun) {
  const { session, place, names, budget } = run
  const { model, inputPrice, outputPrice, priceCurrency } = modelColumns(budget)
  return {
    run_id: run.runId,
    user_id: run.userId,
    business_id: run.businessId ?? null,
    session_id: session.id,
    title: session.title,
    is_new: session.isNew,
    question_id: run.userMessage.id,
    answer_id: run.assistantMessageId,
    content: run.userMessage.content,
    place: place.kind,
    after_id: place.kind === 'beside' ? place.afterId : null,
    client_message_id: run.clientMessageId,
    find_names: names?.find ?? null,
    keep_names: names?.keep ?? null,
    record: run.record,
    instance: run.instance,
    started_at: run.at,
    most_runs: run.limits.runsPerOwner,
    most_per_day: run.limits.perDay,
    day: budget.day,
    tokens: budget.tokens,
    history_tokens: budget.historyTokens,
    history_messages: HISTORY_LIMIT,
    most_facts: FACTS_PER_BUSINESS,
    model,
    input_price: inputPrice,
    output_price: outputPrice,
    price_currency: priceCurrency,
  }
}
