import { z } from 'zod'
import type { Locale } from '../failures.ts'
import type { AdvisorData } from '../prompt.ts'
import { businessSummary } from '../tools/get-business-summary.ts'
import { leaderboardPosition } from '../tools/get-leaderboard-position.ts'
import { achievementList } from '../tools/list-achievements.ts'
import { factList } from '../tools/list-facts.ts'
import { pointRuleList } from '../tools/list-point-rules.ts'
import { rememberedFact } from '../tools/remember-fact.ts'
import { type Answers, stageKind } from './answers.ts'
import { answersEn } from './answers.en.ts'
import { answersId } from './answers.id.ts'
import type { Recognised } from './intents.ts'
import type { Intent } from './phrases.ts'

/** ToolResults are the results that stand in the prompt, by the name of their tool. */
export type ToolResults = Map<string, unknown>

type Question = { answers: Answers; results: ToolResults; data: AdvisorData | undefined }

/** Reply is how one intent is answered: the tool it needs, if any, and the answer from the result. */
type Reply = { tool?: string; answer(question: Question): string }

const ANSWERS: Record<Locale, Answers> = { en: answersEn, id: answersId }

const toolError = z.object({ error: z.string() })

// An answer that speaks of a tool's result, and of its failure when there is one.
function from<Schema extends z.ZodType>(
  tool: string,
  schema: Schema,
  answer: (answers: Answers, result: z.output<Schema>) => string,
): Reply {
  return {
    tool,
    answer(question) {
      const result = question.results.get(tool)
      const parsed = schema.safeParse(result)
      if (parsed.success) return answer(question.answers, parsed.data)
      return question.answers.toolFailed(toolError.safeParse(result).data?.error ?? '')
    },
  }
}

const summary = (answer: Parameters<typeof from<typeof businessSummary>>[2]) =>
  from('get_business_summary', businessSummary, answer)
const achievements = (answer: Parameters<typeof from<typeof achievementList>>[2]) =>
  from('list_achievements', achievementList, answer)

const REPLIES: Record<Intent, Reply> = {
  greeting: { answer: ({ answers, data }) => answers.greeting(data) },
  thanks: { answer: ({ answers, data }) => answers.thanks(data) },
  help: { answer: ({ answers }) => answers.help() },
  progress: summary((answers, result) => answers.progress(result)),
  next_level: summary((answers, result) => answers.nextLevel(result)),
  advice: summary((answers, result) => answers.advice(stageKind(result.stage), result)),
  achievements: achievements((answers, result) => answers.achievements(result)),
  unlocked_achievements: achievements((answers, result) => answers.unlockedAchievements(result)),
  next_achievement: achievements((answers, result) => answers.nextAchievement(result)),
  rank: from('get_leaderboard_position', leaderboardPosition, (answers, result) => answers.rank(result)),
  earn: from('list_point_rules', pointRuleList, (answers, result) => answers.earn(result)),
  recall: from('list_facts', factList, (answers, result) => answers.facts(result)),
  remember: from('remember_fact', rememberedFact, (answers, result) => answers.remembered(result)),
}

/** toolsFor names the tools that an answer needs, each once, with their arguments. */
export function toolsFor(recognised: Recognised): { tool: string; args: object }[] {
  if (recognised.fact === '') return []
  const tools = new Set(recognised.intents.flatMap((intent) => REPLIES[intent].tool ?? []))
  return [...tools].map((tool) => ({ tool, args: tool === 'remember_fact' ? { fact: recognised.fact } : {} }))
}

/** composeAnswer answers a message from the results of its tools, one paragraph an intent. */
export function composeAnswer(recognised: Recognised, results: ToolResults, data: AdvisorData | undefined): string {
  const answers = ANSWERS[recognised.language]
  if (recognised.intents.length === 0) return answers.outOfScope()
  if (recognised.fact === '') return answers.nothingToRemember()
  const question: Question = { answers, results, data }
  return recognised.intents.map((intent) => REPLIES[intent].answer(question)).join('\n\n')
}
