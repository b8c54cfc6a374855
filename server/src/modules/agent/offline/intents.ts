import type { Locale } from '../failures.ts'
import { languageOf, languageWish, type LanguageWish } from './language.ts'
import { isNumber, NUMBER_WORDS, numberIn } from './numbers.ts'
import { type Pattern, PATTERN_INTENTS, PATTERN_WORDS, type PatternIntent, PATTERNS, TOPICS } from './patterns.ts'
import { createSpelling } from './spelling.ts'
import { CONCEPTS_OF, isConcept, LONGEST_TERM, ORDINARY_WORDS, weightOf } from './vocabulary.ts'
import { type Word, wordsOf } from './words.ts'

/** Intent is something that the offline advisor understands. */
export type Intent = Exclude<PatternIntent, 'out_of_scope'> | 'remember' | 'change_language'

/** Recognised is what a message was understood to ask; no intent means that it was not understood. */
export type Recognised = {
  /** The language that the message is written in, or that it asks for. */
  language: Locale
  /** At most three, in the order in which they were asked. */
  intents: Intent[]
  /** What to remember, in the person's own words; empty when they did not say what. */
  fact?: string
  /** The language asked for, when one was. */
  wish?: LanguageWish
  /** The number of points that the person speaks of, when there is one; `isTotal` when it is a total and no addition. */
  points?: number
  isTotal?: boolean
}

const MOST_INTENTS = 3
const SHORT = 3
const LEAST_SCORE = 1.5
// What another part of a message must come to, to be a question of its own.
const LEAST_SCORE_BESIDE = 2
// A pattern that is heard only across “and” or a full stop is likely two things.
const ACROSS_CLAUSES = 1

// Said along the way; they count only when nothing else was said.
const COURTESIES: ReadonlySet<PatternIntent> = new Set<PatternIntent>(['greeting', 'thanks', 'goodbye', 'help'])
// Said about a thing as well; they count only when the thing was not named.
const GENERAL: ReadonlySet<PatternIntent> = new Set<PatternIntent>([
  'advice',
  'encouragement',
  'progress',
  'recall',
  'my_business',
  'forget',
  'remind',
])
const TOPIC_INTENTS: ReadonlySet<PatternIntent> = new Set<PatternIntent>(TOPICS)
// What the answer to “what if” tells too.
const OF_WHAT_IF: ReadonlySet<PatternIntent> = new Set<PatternIntent>([
  'points',
  'level',
  'next_level',
  'rank',
  'rank_gap',
  'achievements',
  'next_achievement',
  'unlocked_achievements',
  'earn',
])
// Words of games and contests: without “I” or “my”, and beside words that are nobody's business, they mean another game.
const OF_THE_GAME: ReadonlySet<PatternIntent> = new Set<PatternIntent>([
  'points',
  'level',
  'rank',
  'next_level',
  'progress',
  'other_businesses',
  'what_if',
  'game',
  'recent_points',
  'earn',
  'lead',
  'rank_gap',
])
const FOREIGN_WORD = 1.3
// “What should I do” is asked about sick dogs too.
const FOREIGN_TO_ADVICE = 0.6
// What says that a number of points is a total.
const TOTAL = ['have', 'reach', 'total', 'mencapai', 'capai', 'jadi']

const REMEMBER =
  /^(?:(?:please|pls|plz|hi|hey|hello|ok(?:ay)?|can you|could you|tolong|tlg|halo|hai|oke|mohon|kak|dan|and)[\s,!.]+)*(?:remember|rem+e?m?ber|note|take a note|make a note|keep in mind|don'?t forget|do not forget|inga?t(?:lah)?|inget|catat(?:kan|in)?|jangan lupa)\b[\s,:]*(?:down\b|this\b|ini\b|ya+\b|dong\b)?[\s,:]*(?:(?:that|bahwa|kalau|kalo|of)\b[\s,:]*)?(.*)$/isu
// Sales and expenses belong into a record, which the advisor does not keep.
const FOR_THE_RECORDS =
  /^(?:(?:my|the|our|today'?s)\s+)*(?:sales?|expenses?|penjualan|pengeluaran|pemasukan|orderan)\b/iu

const KNOWN_WORDS: ReadonlySet<string> = new Set(
  [...CONCEPTS_OF.keys(), ...PATTERN_WORDS].flatMap((term) => term.split('_')),
)
const TERMS: ReadonlySet<string> = new Set([...CONCEPTS_OF.keys(), ...PATTERN_WORDS])
const spell = createSpelling(KNOWN_WORDS, new Set([...ORDINARY_WORDS, ...NUMBER_WORDS]))

// Only patterns with a token that was heard are looked at; each is filed under its rarest.
const PATTERNS_BY_TOKEN = filedPatterns()

/**
 * recognise reads a message in English, Indonesian or a mixture. Words become concepts, small typing errors and endings
 * included; of the patterns whose concepts are all heard in one part of the message, the heaviest is the intent, and
 * other parts of the message may ask for more. `fallback` is the language of a message that could be either. It takes
 * well under a millisecond and knows nothing but its arguments.
 */
export function recognise(message: string, fallback: Locale): Recognised {
  const text = message.normalize('NFKC').trim()
  const written = wordsOf(text)
  const words = written.map((word) => ({ ...word, text: spell(word.text) ?? word.text }))
  const language = languageOf(words, fallback)

  const fact = factIn(text)
  if (fact !== undefined) {
    return FOR_THE_RECORDS.test(fact)
      ? { language, intents: ['record_activity'] }
      : { language, intents: ['remember'], fact }
  }

  const asked = languageWish(written)
  if (asked !== undefined) {
    const { wish, clause } = asked
    // What is asked beside it; the request itself sounds like much else.
    const beside = strongest(words.filter((word) => word.clause !== clause)).flatMap(({ intent, score }) =>
      intent === 'out_of_scope' || COURTESIES.has(intent) || score < LEAST_SCORE_BESIDE ? [] : [intent],
    )
    return { language: wish === 'other' ? language : wish, intents: ['change_language', ...beside], wish }
  }
  const heard = strongest(words)
  const intents = heard.flatMap(({ intent }) => (intent === 'out_of_scope' ? [] : [intent]))
  if (intents.length < heard.length) return { language, intents: [] }
  const points = pointsIn(words)
  if (points === undefined) return { language, intents }
  return { language, intents, points, ...(isTotal(words) ? { isTotal: true } : {}) }
}

// What to remember, where the message or a sentence of it is a command to; from there on to its end.
function factIn(text: string): string | undefined {
  if (text.endsWith('?')) return undefined
  const sentences = [0, ...text.matchAll(/[.!\n]\s+/g).map((end) => end.index + end[0].length)]
  for (const begin of sentences) {
    const fact = REMEMBER.exec(text.slice(begin))?.[1]
    if (fact !== undefined) return fact.trim()
  }
  return undefined
}

// Of several numbers, it is the one beside “points” or “more”: “in the top 10 with 500 points”.
function pointsIn(words: readonly Word[]): number | undefined {
  const isBeside = (at: number) =>
    [at - 1, at + 1, at + 2].some((beside) => {
      const concepts = CONCEPTS_OF.get(words[beside]?.text ?? '') ?? []
      return concepts.includes('point') || concepts.includes('more')
    })
  const numbers = words.flatMap(({ text }, at) => (isNumber(text) ? [at] : []))
  const chosen = numbers.find(isBeside) ?? numbers[0]
  return chosen === undefined ? undefined : numberIn(words.slice(chosen).map(({ text }) => text))
}

// “If I had 500 points” and “kalau poin saya 500” name a total; “if I got 500 points more” does not.
function isTotal(words: readonly Word[]): boolean {
  const tokens = tokensOf(words)
  if (tokens.has('more') || tokens.has('earn')) return false
  const number = words.findIndex(({ text }) => isNumber(text))
  const before = CONCEPTS_OF.get(words[number - 1]?.text ?? '') ?? []
  return TOTAL.some((token) => tokens.has(token)) || before.some((concept) => concept === 'point' || concept === 'self')
}

/** conceptsIn are the things that a text speaks of, without the small words that stand in every text. */
export function conceptsIn(text: string): ReadonlySet<string> {
  const words = wordsOf(text).map((word) => ({ ...word, text: spell(word.text) ?? word.text }))
  return new Set([...tokensOf(words)].filter((token) => isConcept(token) && weightOf(token) > 1))
}

type Message = { foreign: number; isShort: boolean }
type Heard = { intent: PatternIntent; score: number; clauses: ReadonlySet<number>; firstClause: number }

function strongest(words: readonly Word[]): Heard[] {
  const clauses = [...Map.groupBy(words, ({ clause }) => clause).values()]
  const whole = new Set(words.map(({ clause }) => clause))
  const message: Message = { foreign: foreignWords(words), isShort: words.length <= SHORT }
  const byClause = clauses.map((clause) => heardIn(clause, new Set([clause[0]?.clause ?? 0]), 0, message))
  const all =
    clauses.length > 1 ? [...byClause.flat(), ...heardIn(words, whole, ACROSS_CLAUSES, message)] : byClause.flat()
  const [best] = all.toSorted((a, b) => b.score - a.score)
  if (!best) return []

  const others = byClause
    .flatMap((heard) => heard.toSorted((a, b) => b.score - a.score).slice(0, 1))
    .filter(({ score, clauses: own }) => score >= LEAST_SCORE_BESIDE && own.isDisjointFrom(best.clauses))
  let chosen = [best, ...others.toSorted((a, b) => b.score - a.score)]
  chosen = chosen.filter(({ intent }, at) => chosen.findIndex((other) => other.intent === intent) === at)
  chosen = without(COURTESIES, chosen)
  if (chosen.some(({ intent }) => intent === 'what_if')) chosen = chosen.filter(({ intent }) => !OF_WHAT_IF.has(intent))
  if (chosen.some(({ intent }) => TOPIC_INTENTS.has(intent))) chosen = without(GENERAL, chosen)
  return chosen.slice(0, MOST_INTENTS).toSorted((a, b) => a.firstClause - b.firstClause)
}

// Leaves out what is only said along the way, unless nothing else was said; then the strongest of it stays.
function without(minor: ReadonlySet<PatternIntent>, heard: Heard[]): Heard[] {
  const major = heard.filter(({ intent }) => !minor.has(intent))
  return major.length > 0 ? major : heard.slice(0, 1)
}

function heardIn(words: readonly Word[], clauses: ReadonlySet<number>, penalty: number, message: Message): Heard[] {
  const { foreign, isShort } = message
  const tokens = tokensOf(words)
  if (isShort) tokens.add('#short')
  const isOwn = tokens.has('self') || tokens.has('you') || tokens.has('business')
  const isAdviceOnAnything = (intent: PatternIntent) => intent === 'advice' && !tokens.has('business')
  const best = new Map<PatternIntent, number>()
  for (const token of tokens) {
    for (const { intent, all, none, score } of PATTERNS_BY_TOKEN.get(token) ?? []) {
      if (!all.every((one) => tokens.has(one)) || none.some((one) => tokens.has(one))) continue
      const doubt =
        OF_THE_GAME.has(intent) && !isOwn
          ? foreign * FOREIGN_WORD
          : isAdviceOnAnything(intent)
            ? foreign * FOREIGN_TO_ADVICE
            : 0
      const certain = score - penalty - doubt
      if (certain >= LEAST_SCORE && certain > (best.get(intent) ?? 0)) best.set(intent, certain)
    }
  }
  const firstClause = Math.min(...clauses)
  return PATTERN_INTENTS.flatMap((intent) => {
    const score = best.get(intent)
    return score === undefined ? [] : [{ intent, score, clauses, firstClause }]
  })
}

// Everything that patterns can speak of: the words, neighbours joined, and the concepts of both.
function tokensOf(words: readonly Word[]): Set<string> {
  const tokens = new Set<string>()
  words.forEach((_, at) => {
    for (let length = 1; length <= LONGEST_TERM; length++) {
      const some = words.slice(at, at + length)
      if (some.length < length || some.at(-1)?.clause !== some[0]?.clause) break
      const term = some.map(({ text }) => text).join('_')
      if (!TERMS.has(term)) continue
      if (!isConcept(term)) tokens.add(term)
      for (const concept of CONCEPTS_OF.get(term) ?? []) tokens.add(concept)
    }
    if (isNumber(words[at]?.text ?? '')) tokens.add('#number')
  })
  return tokens
}

const foreignWords = (words: readonly Word[]) =>
  words.filter(
    ({ text }) => !KNOWN_WORDS.has(text) && !ORDINARY_WORDS.has(text) && !isNumber(text) && !NUMBER_WORDS.has(text),
  ).length

function filedPatterns(): Map<string, Pattern[]> {
  const uses = new Map<string, number>()
  for (const { all } of PATTERNS) for (const token of all) uses.set(token, (uses.get(token) ?? 0) + 1)
  const rarest = (pattern: Pattern) => pattern.all.toSorted((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0))[0] ?? ''
  return Map.groupBy(PATTERNS, rarest)
}
