import type { z } from 'zod'
import type { AdvisorData } from '../prompt.ts'
import type { businessSummary } from '../tools/get-business-summary.ts'
import type { leaderboardPosition } from '../tools/get-leaderboard-position.ts'
import type { achievementList } from '../tools/list-achievements.ts'
import type { factList } from '../tools/list-facts.ts'
import type { pointRuleList } from '../tools/list-point-rules.ts'
import type { recentPointList } from '../tools/recent-points.ts'
import type { recordedEvent } from '../tools/record-event.ts'
import type { rememberedFact } from '../tools/remember-fact.ts'
import type { imaginedStanding } from '../tools/what-if.ts'
import type { LanguageWish } from './language.ts'

/** Summary and the other types here are the results of the tools that answers speak of. */
export type Summary = z.infer<typeof businessSummary>
export type Achievements = z.infer<typeof achievementList>
export type Position = z.infer<typeof leaderboardPosition>
export type Rules = z.infer<typeof pointRuleList>
export type RecentPoints = z.infer<typeof recentPointList>
export type Imagined = z.infer<typeof imaginedStanding>
export type Recorded = z.infer<typeof recordedEvent>
export type Remembered = z.infer<typeof rememberedFact>
export type Facts = z.infer<typeof factList>

/** Advice is what was chosen of the knowledge for one answer; lines for a stage or category come with their name. */
export type Advice = { opening?: string; lines: readonly string[]; caution?: string | undefined }

/** Answers are the offline advisor's sentences in one language. Every number in them comes from a tool result. */
export type Answers = {
  greeting(data: AdvisorData | undefined): string
  identity(): string
  help(): string
  thanks(data: AdvisorData | undefined): string
  goodbye(data: AdvisorData | undefined): string
  encouragement(data: AdvisorData | undefined): string
  outOfScope(): string
  changeLanguage(wish: LanguageWish | undefined): string
  /** `today` is as in the prompt: `Sunday, 22 November 2026 (Asia/Jakarta)`. */
  dateToday(today: string | undefined): string

  progress(summary: Summary): string
  points(summary: Summary): string
  level(summary: Summary): string
  nextLevel(summary: Summary): string
  myBusiness(summary: Summary): string
  achievements(list: Achievements): string
  unlockedAchievements(list: Achievements): string
  nextAchievement(list: Achievements): string
  rank(position: Position): string
  rankGap(position: Position): string
  lead(position: Position): string
  otherBusinesses(): string
  earn(rules: Rules): string
  /** `points` picks the entries of so many points, when there are any. */
  recentPoints(list: RecentPoints, points: number | undefined): string
  pointsToday(list: RecentPoints): string
  pointsWeek(list: RecentPoints): string
  whatIf(imagined: Imagined): string
  whatIfHowMany(): string
  alreadyThere(summary: Summary): string
  game(): string

  advice(advice: Advice, summary: Summary): string
  topic(advice: Advice): string

  remembered(result: Remembered): string
  nothingToRemember(): string
  facts(list: Facts): string
  forget(): string
  remind(): string

  addPoints(): string
  recorded(event: Recorded): string
  /** The owner said no, or nothing at all, when they were asked to approve. */
  notRecorded(reason: 'denied' | 'unanswered'): string
  cannotRecord(): string
  changeProfile(): string
  account(): string
  privacy(): string
  humanHelp(): string
  /** `error` is the tool's own short sentence, in English. */
  toolFailed(error: string): string
}

/** listed writes lines as a Markdown list. */
export const listed = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')

/** shown is how many entries of a list an answer names. */
export const shown = 5

/** plain writes what a person typed so that Markdown shows it as it is, on one line. */
export function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>~|]/g, '\\$&')
}

/** dayWritten writes `2026-11-05` as `5 November 2026` in a language. */
export function dayWritten(day: string, language: 'en-GB' | 'id-ID'): string {
  const date = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(date.getTime())) return day
  const options = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const
  return new Intl.DateTimeFormat(language, options).format(date)
}

/** readable writes the name of a kind of event, as in `daily check in`. */
export const readable = (type: string) => plain(type.replaceAll(/[_.-]+/g, ' '))
