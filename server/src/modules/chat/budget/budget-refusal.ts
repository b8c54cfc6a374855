import { type Problem, problem } from '../../../platform/errors.ts'
import type { BudgetSpent } from './budget-repository.ts'

// Answers under way take seconds to minutes; what they do not use is free then.
const HELD_RETRY_SECONDS = 15

const sentences = {
  en: {
    tokens: 'You have used up today’s allowance with the advisor. There is a new one WHEN.',
    runs: 'You have sent as many messages to the advisor as a day allows. You can go on WHEN.',
    held: 'Answers that are still being made hold the rest of today’s allowance. Please wait for one of them.',
  },
  id: {
    tokens: 'Jatah Anda untuk penasihat hari ini sudah habis. Jatah baru tersedia WHEN.',
    runs: 'Jumlah pesan Anda ke penasihat hari ini sudah penuh. Anda bisa lanjut WHEN.',
    held: 'Jawaban yang sedang dibuat memakai sisa jatah hari ini. Silakan tunggu salah satunya selesai.',
  },
}

/**
 * budgetRefusal is the 429 of a message that does not fit its owner's day: `run_budget_spent` and `token_budget_spent` until the
 * day ends, `token_budget_held` while answers under way hold what is left.
 */
export function budgetRefusal(
  spent: BudgetSpent & { locale: 'en' | 'id' },
  { now, endsAt }: { now: Date; endsAt: Date },
): Problem {
  const say = sentences[spent.locale]
  const untilMidnight = (endsAt.getTime() - now.getTime()) / 1000
  const when = (sentence: string) => sentence.replace('WHEN', inTime(untilMidnight, spent.locale))
  const { limits, use, tokens } = spent
  if (limits.runs !== null && limits.runs > 0 && use.runs >= limits.runs)
    return problem.tooMany(when(say.runs), untilMidnight, 'run_budget_spent')
  if (use.usedTokens + tokens <= limits.tokens)
    return problem.tooMany(say.held, HELD_RETRY_SECONDS, 'token_budget_held')
  return problem.tooMany(when(say.tokens), untilMidnight, 'token_budget_spent')
}

/** inTime says how long something takes from now: `in 5 hours`, `dalam 20 menit`. */
function inTime(seconds: number, locale: 'en' | 'id'): string {
  const minutes = Math.max(1, Math.ceil(seconds / 60))
  const relative = new Intl.RelativeTimeFormat(locale)
  return minutes < 90 ? relative.format(minutes, 'minute') : relative.format(Math.round(minutes / 60), 'hour')
}
