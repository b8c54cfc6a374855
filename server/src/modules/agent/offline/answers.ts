import type { z } from 'zod'
import type { AdvisorData } from '../prompt.ts'
import type { businessSummary } from '../tools/get-business-summary.ts'
import type { leaderboardPosition } from '../tools/get-leaderboard-position.ts'
import type { achievementList } from '../tools/list-achievements.ts'
import type { factList } from '../tools/list-facts.ts'
import type { pointRuleList } from '../tools/list-point-rules.ts'
import type { rememberedFact } from '../tools/remember-fact.ts'

/** Summary, Achievements, Position, Rules, Remembered and Facts are the results of the tools that answers speak of. */
export type Summary = z.infer<typeof businessSummary>
export type Achievements = z.infer<typeof achievementList>
export type Position = z.infer<typeof leaderboardPosition>
export type Rules = z.infer<typeof pointRuleList>
export type Remembered = z.infer<typeof rememberedFact>
export type Facts = z.infer<typeof factList>

/** StageKind is what the free text of a business stage comes to. */
export type StageKind = 'idea' | 'starting' | 'running' | 'growing' | 'mature'

/** Answers are the offline advisor's sentences in one language. Every number in them comes from a tool result. */
export type Answers = {
  greeting(data: AdvisorData | undefined): string
  thanks(data: AdvisorData | undefined): string
  help(): string
  outOfScope(): string
  progress(summary: Summary): string
  nextLevel(summary: Summary): string
  achievements(list: Achievements): string
  unlockedAchievements(list: Achievements): string
  nextAchievement(list: Achievements): string
  rank(position: Position): string
  earn(rules: Rules): string
  advice(stage: StageKind, summary: Summary): string
  remembered(result: Remembered): string
  nothingToRemember(): string
  facts(list: Facts): string
  /** `error` is the tool's own short sentence. */
  toolFailed(error: string): string
}

// The first kind whose words the stage contains, in English or Indonesian.
const STAGES: [StageKind, RegExp][] = [
  ['idea', /idea|\bide\b|plan|rencana|concept|konsep|explor/i],
  ['growing', /grow|scal|tumbuh|kembang|expan|ekspan/i],
  ['mature', /matur|establish|mapan|stable|stabil|dewasa/i],
  ['starting', /start|new|baru|launch|rintis|awal|mulai|early|seed|pre/i],
]

/** stageKind reads the free text of a business stage; what says nothing else is a running business. */
export function stageKind(stage: string): StageKind {
  return STAGES.find(([, words]) => words.test(stage))?.[0] ?? 'running'
}

/** listed writes lines as a Markdown list. */
export const listed = (lines: string[]) => lines.map((line) => `- ${line}`).join('\n')

/** shown is how many entries of a list an answer names. */
export const shown = 5
