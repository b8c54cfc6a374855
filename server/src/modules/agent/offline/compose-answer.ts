import { z } from 'zod'
import { cleanLine } from '../../../platform/text.ts'
import type { Locale } from '../failures.ts'
import type { AdvisorData } from '../prompt.ts'
import { businessSummary } from '../tools/get-business-summary.ts'
import { leaderboardPosition } from '../tools/get-leaderboard-position.ts'
import { achievementList } from '../tools/list-achievements.ts'
import { factList } from '../tools/list-facts.ts'
import { pointRuleList } from '../tools/list-point-rules.ts'
import { recentPointList } from '../tools/recent-points.ts'
import { recordedEvent } from '../tools/record-event.ts'
import { rememberedFact } from '../tools/remember-fact.ts'
import { imaginedStanding } from '../tools/what-if.ts'
import { nextStepsFor, tipsFor } from './advice.ts'
import type { Answers } from './answers.ts'
import { answersEn } from './answers.en.ts'
import { answersId } from './answers.id.ts'
import type { Intent, Recognised } from './intents.ts'
import { type Topic, TOPICS } from './patterns.ts'

/** ToolResults are the results that stand in the prompt, by the name of their tool. */
export type ToolResults = ReadonlyMap<string, unknown>

/** Question is everything that an answer is made of. */
export type Question = {
  message: string
  recognised: Recognised
  /** The language of the answer. */
  language: Locale
  results: ToolResults
  data: AdvisorData | undefined
}

type ToolCall = { tool: string; args: object }
type Asked = Question & { answers: Answers }

/** Reply is how one intent is answered: the tools it needs, and the answer from their results. */
type Reply = { calls?(question: Question): ToolCall[]; answer(asked: Asked): string }

const ANSWERS: Record<Locale, Answers> = { en: answersEn, id: answersId }

const toolError = z.object({ error: z.string() })

// An answer that speaks of a tool's result, and of its failure when there is one.
function from<Schema extends z.ZodType>(
  tool: string,
  schema: Schema,
  answer: (asked: Asked, result: z.output<Schema>) => string,
): Reply & { calls(question: Question): ToolCall[] } {
  return {
    calls: () => [{ tool, args: {} }],
    answer(asked) {
      const result = asked.results.get(tool)
      const parsed = schema.safeParse(result)
      if (parsed.success) return answer(asked, parsed.data)
      return asked.answers.toolFailed(toolError.safeParse(result).data?.error ?? '')
    },
  }
}

const summary = (answer: (asked: Asked, result: z.output<typeof businessSummary>) => string) =>
  from('get_business_summary', businessSummary, answer)
const achievements = (answer: (asked: Asked, result: z.output<typeof achievementList>) => string) =>
  from('list_achievements', achievementList, answer)
const position = (answer: (asked: Asked, result: z.output<typeof leaderboardPosition>) => string) =>
  from('get_leaderboard_position', leaderboardPosition, answer)
const ledger = (answer: (asked: Asked, result: z.output<typeof recentPointList>) => string) =>
  from('recent_points', recentPointList, answer)

const alreadyThere = summary(({ answers }, result) => answers.alreadyThere(result))
const imagined = from('what_if', imaginedStanding, ({ answers }, result) => answers.whatIf(result))
const rememberedReply = from('remember_fact', rememberedFact, ({ answers }, result) => answers.remembered(result))

// “What if I had 2,000 points” names the total, of which what_if must be told what is missing.
const whatIf: Reply = {
  calls({ recognised: { points, isTotal }, results }) {
    if (!points) return []
    if (!isTotal) return [{ tool: 'what_if', args: { points } }]
    const now = businessSummary.safeParse(results.get('get_business_summary')).data
    const missing = now === undefined ? 0 : points - now.total_points
    return [
      { tool: 'get_business_summary', args: {} },
      ...(missing > 0 ? [{ tool: 'what_if', args: { points: missing } }] : []),
    ]
  },
  answer(asked) {
    if (!asked.recognised.points) return asked.answers.whatIfHowMany()
    return asked.recognised.isTotal && !asked.results.has('what_if')
      ? alreadyThere.answer(asked)
      : imagined.answer(asked)
  },
}

const remember: Reply = {
  calls: ({ recognised: { fact } }) => (fact ? [{ tool: 'remember_fact', args: { fact } }] : []),
  answer: (asked) => (asked.recognised.fact ? rememberedReply.answer(asked) : asked.answers.nothingToRemember()),
}

const EXPENSE = /expens|spen[dt]|\bcosts?\b|pengeluaran|belanja|biaya|ongkos/i
const TYPE_OF = { sale: /sale|jual|omzet|omset/i, expense: /expens|spending|pengeluaran|belanja|biaya/i }
const NOTE_CHARACTERS = 200

/** typeToRecord is the kind of event that a message speaks of, of those that earn points here. */
function typeToRecord(message: string, rules: z.output<typeof pointRuleList>): string | undefined {
  const meant = TYPE_OF[EXPENSE.test(message) ? 'expense' : 'sale']
  return rules.rules.find((rule) => meant.test(rule.type))?.type
}

// What can be recorded is looked up first; the tool then asks the owner.
const recordActivity: Reply = {
  calls({ message, results }) {
    const rules = pointRuleList.safeParse(results.get('list_point_rules')).data
    const type = rules && typeToRecord(message, rules)
    const note = [...cleanLine(message)].slice(0, NOTE_CHARACTERS).join('')
    return [
      { tool: 'list_point_rules', args: {} },
      ...(type === undefined ? [] : [{ tool: 'record_event', args: { type, note } }]),
    ]
  },
  answer({ answers, results }) {
    const result = results.get('record_event')
    if (result === undefined) return answers.cannotRecord()
    const recorded = recordedEvent.safeParse(result).data
    if (recorded) return answers.recorded(recorded)
    const error = toolError.safeParse(result).data?.error ?? ''
    if (/said no/.test(error)) return answers.notRecorded('denied')
    return /did not answer|not there/.test(error) ? answers.notRecorded('unanswered') : answers.toolFailed(error)
  },
}

const REPLIES: Record<Exclude<Intent, Topic>, Reply> = {
  greeting: { answer: ({ answers, data }) => answers.greeting(data) },
  identity: { answer: ({ answers }) => answers.identity() },
  help: { answer: ({ answers }) => answers.help() },
  thanks: { answer: ({ answers, data }) => answers.thanks(data) },
  goodbye: { answer: ({ answers, data }) => answers.goodbye(data) },
  encouragement: { answer: ({ answers, data }) => answers.encouragement(data) },
  change_language: { answer: ({ answers, recognised }) => answers.changeLanguage(recognised.wish) },
  date_today: { answer: ({ answers, data }) => answers.dateToday(data?.today) },
  progress: summary(({ answers }, result) => answers.progress(result)),
  points: summary(({ answers }, result) => answers.points(result)),
  level: summary(({ answers }, result) => answers.level(result)),
  next_level: summary(({ answers }, result) => answers.nextLevel(result)),
  my_business: summary(({ answers }, result) => answers.myBusiness(result)),
  advice: summary(({ answers, language }, result) => answers.advice(nextStepsFor(language, result), result)),
  achievements: achievements(({ answers }, result) => answers.achievements(result)),
  unlocked_achievements: achievements(({ answers }, result) => answers.unlockedAchievements(result)),
  next_achievement: achievements(({ answers }, result) => answers.nextAchievement(result)),
  rank: position(({ answers }, result) => answers.rank(result)),
  rank_gap: position(({ answers }, result) => answers.rankGap(result)),
  lead: position(({ answers }, result) => answers.lead(result)),
  other_businesses: { answer: ({ answers }) => answers.otherBusinesses() },
  earn: from('list_point_rules', pointRuleList, ({ answers }, result) => answers.earn(result)),
  recent_points: ledger(({ answers, recognised }, result) => answers.recentPoints(result, recognised.points)),
  points_today: ledger(({ answers }, result) => answers.pointsToday(result)),
  points_week: ledger(({ answers }, result) => answers.pointsWeek(result)),
  what_if: whatIf,
  game: { answer: ({ answers }) => answers.game() },
  remember,
  recall: from('list_facts', factList, ({ answers }, result) => answers.facts(result)),
  forget: { answer: ({ answers }) => answers.forget() },
  remind: { answer: ({ answers }) => answers.remind() },
  record_activity: recordActivity,
  add_points: { answer: ({ answers }) => answers.addPoints() },
  change_profile: { answer: ({ answers }) => answers.changeProfile() },
  account: { answer: ({ answers }) => answers.account() },
  privacy: { answer: ({ answers }) => answers.privacy() },
  human_help: { answer: ({ answers }) => answers.humanHelp() },
}

const isTopic = (intent: Intent): intent is Topic => TOPICS.some((topic) => topic === intent)

// Tips need no tool: the stage and the category of the business stand in the prompt.
function replyTo(intent: Intent): Reply {
  if (!isTopic(intent)) return REPLIES[intent]
  return {
    answer: ({ answers, message, language, data }) =>
      answers.topic(tipsFor({ topic: intent, message, language, business: data?.business })),
  }
}

/** toolsFor names the tools that an answer still needs, each once, with their arguments. */
export function toolsFor(question: Question): ToolCall[] {
  const calls = question.recognised.intents.flatMap((intent) => replyTo(intent).calls?.(question) ?? [])
  const first = calls.filter(({ tool }, at) => calls.findIndex((call) => call.tool === tool) === at)
  return first.filter(({ tool }) => !question.results.has(tool))
}

/** composeAnswer answers a message from the results of its tools, one paragraph an intent. */
export function composeAnswer(question: Question): string {
  const answers = ANSWERS[question.language]
  const { intents } = question.recognised
  if (intents.length === 0) return answers.outOfScope()
  return intents.map((intent) => replyTo(intent).answer({ ...question, answers })).join('\n\n')
}
