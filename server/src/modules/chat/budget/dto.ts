import { z } from 'zod'
import { pageQuery } from '../../../platform/http/paging.ts'
import { idSchema, timestamp } from '../../../platform/text.ts'

const MOST_TOKENS = 1_000_000_000_000
const MOST_RUNS = 1_000_000

const tokensPerDay = z
  .int()
  .min(0)
  .max(MOST_TOKENS)
  .nullable()
  .describe('tokens, sent and received; 0 is no limit. One answer takes about 3,000 and more')
const runsPerDay = z.int().min(0).max(MOST_RUNS).nullable().describe('answers; 0 is no limit')

/** budgetBody changes a budget; null goes back to what holds without it. */
export const budgetBody = z
  .object({ tokens_per_day: tokensPerDay.optional(), runs_per_day: runsPerDay.optional() })
  .meta({ id: 'ChatBudgetChange' })

/** BudgetBody is a parsed change of a budget. */
export type BudgetBody = z.output<typeof budgetBody>

/** programmeBudgetDto is what an owner without a budget of their own may use in a day. */
export const programmeBudgetDto = z
  .object({
    tokens_per_day: tokensPerDay.describe('null is no limit'),
    runs_per_day: runsPerDay.describe('null: `messages_per_24_hours` holds instead'),
    messages_per_24_hours: z.int().describe('CHAT_LIMIT_PER_DAY; 0 is no limit'),
    time_zone: z.string().describe('at its midnight a new day begins'),
    updated_at: timestamp.nullable(),
  })
  .meta({ id: 'ChatBudget' })

const dayTokens = z
  .object({
    used: z.int(),
    reserved: z.int().describe('held by answers that are being made'),
    limit: z.int().nullable().describe('null is no limit'),
    left: z.int().nullable(),
  })
  .meta({ id: 'ChatTokensOfDay' })

const dayRuns = z
  .object({
    used: z.int(),
    limit: z.int().nullable().describe('null is no limit'),
    left: z.int().nullable(),
    counted_over: z.enum(['day', 'last_24_hours']),
  })
  .meta({ id: 'ChatRunsOfDay' })

/** todayDto is a day of an owner's budget so far. */
export const todayDto = z
  .object({ day: z.iso.date(), ends_at: timestamp, tokens: dayTokens, runs: dayRuns })
  .meta({ id: 'ChatBudgetToday' })

/** ownerBudgetDto is the budget of one owner; null is "as the programme". */
export const ownerBudgetDto = z
  .object({
    user_id: z.uuid(),
    user_name: z.string(),
    user_email: z.string(),
    tokens_per_day: tokensPerDay,
    runs_per_day: runsPerDay,
    updated_at: timestamp.nullable(),
  })
  .meta({ id: 'ChatOwnerBudget' })

/** ownerBudgetTodayDto is the budget of one owner with how it stands. */
export const ownerBudgetTodayDto = ownerBudgetDto.extend({ today: todayDto }).meta({ id: 'ChatOwnerBudgetToday' })

/** budgetsQuery pages through owners who have a budget of their own. */
export const budgetsQuery = pageQuery

/** ownerParams name an owner. */
export const ownerParams = z.object({ id: idSchema })

const date = z.iso.date({ error: 'must be a date such as 2026-11-22' })

/** usageQuery asks for whole days, both ends included; the last 30 by default, 366 at most. */
export const usageQuery = z.object({ from: date.optional(), to: date.optional() })

/** UsageQuery is a parsed query of usage. */
export type UsageQuery = z.output<typeof usageQuery>

const sums = z.object({
  runs: z.int().describe('answers'),
  estimated_runs: z.int().describe('of these, where the model server reported no usage and it was estimated'),
  input_tokens: z.int().describe('sent for answers, and for titles and summaries of conversations'),
  output_tokens: z.int(),
  costs: z
    .array(z.object({ currency: z.string(), amount: z.number() }))
    .describe('at the prices of their time; empty where none were set'),
})
const usageSums = sums.meta({ id: 'ChatUsageSums' })
const usageOfDay = sums.extend({ day: z.iso.date() }).meta({ id: 'ChatUsageOfDay' })
const usageOfModel = sums
  .extend({ model: z.string().describe('`offline` is the built-in advisor, which uses no tokens') })
  .meta({ id: 'ChatUsageOfModel' })
const period = { from: z.iso.date(), to: z.iso.date(), time_zone: z.string() }

/** usageDto is what an owner has used. */
export const usageDto = z
  .object({
    ...period,
    today: todayDto,
    total: usageSums,
    days: z.array(usageOfDay).describe('newest first; days on which nothing was asked are left out'),
    models: z.array(usageOfModel).describe('most tokens first'),
    sessions: z
      .array(
        sums
          .extend({ session_id: z.uuid(), title: z.string().nullable().describe('null once it is deleted') })
          .meta({ id: 'ChatUsageOfSession' }),
      )
      .describe(
        'answers by conversation, the 50 that used most tokens; titles and summaries are in the other sums only',
      ),
  })
  .meta({ id: 'ChatUsage' })

/** Usage is what an owner has used, as the API shows it. */
export type UsageView = z.output<typeof usageDto>

/** adminUsageDto is what everybody has used. */
export const adminUsageDto = z
  .object({
    ...period,
    total: usageSums,
    days: z.array(usageOfDay).describe('newest first; days on which nothing was asked are left out'),
    models: z.array(usageOfModel).describe('most tokens first'),
    owners: z
      .array(
        sums
          .extend({ user_id: z.uuid(), user_name: z.string(), user_email: z.string() })
          .meta({ id: 'ChatUsageOfOwner' }),
      )
      .describe('the 50 who used most tokens; erased accounts are in the sums only'),
  })
  .meta({ id: 'ChatUsageTotals' })

/** AdminUsageView is what everybody has used, as the API shows it. */
export type AdminUsageView = z.output<typeof adminUsageDto>
