import { GAME_PATTERNS } from './patterns-of-the-game.ts'
import { TALK_PATTERNS } from './patterns-of-talk.ts'
import { TOPIC_PATTERNS } from './patterns-of-topics.ts'
import { isConcept, weightOf } from './vocabulary.ts'

/** Topic is an intent that is answered with tips of the reviewed knowledge. */
export type Topic = keyof typeof TOPIC_PATTERNS

/** PatternIntent is an intent that is heard by its patterns; `out_of_scope` is what is heard and cannot be answered. */
export type PatternIntent = keyof typeof GAME_PATTERNS | keyof typeof TALK_PATTERNS | Topic

/** Pattern is what is heard for an intent: every token of `all`, none of `none`. */
export type Pattern = { intent: PatternIntent; all: readonly string[]; none: readonly string[]; score: number }

// Of equally strong intents, the first wins.
const PATTERNS_OF = { ...GAME_PATTERNS, ...TALK_PATTERNS, ...TOPIC_PATTERNS }

/** PATTERN_INTENTS are all intents with patterns, in the order in which equally strong ones win. */
export const PATTERN_INTENTS: readonly PatternIntent[] = typedKeys(PATTERNS_OF)

/** TOPICS are the intents that are answered with tips. */
export const TOPICS: readonly Topic[] = typedKeys(TOPIC_PATTERNS)

/** PATTERNS are all patterns. */
export const PATTERNS: readonly Pattern[] = PATTERN_INTENTS.flatMap((intent) =>
  PATTERNS_OF[intent].map((text: string) => patternOf(intent, text)),
)

/** PATTERN_WORDS are the plain words in patterns, which no concept holds. */
export const PATTERN_WORDS: ReadonlySet<string> = new Set(
  PATTERNS.flatMap(({ all, none }) => [...all, ...none]).filter((token) => !isConcept(token) && !token.startsWith('#')),
)

function patternOf(intent: PatternIntent, text: string): Pattern {
  const tokens = text.split(' ')
  const all = tokens.filter((token) => !/^[!=]/.test(token))
  const none = tokens.filter((token) => token.startsWith('!')).map((token) => token.slice(1))
  const given = tokens.find((token) => token.startsWith('='))
  const sum = all.reduce((total, token) => total + (token === '#number' ? 2 : weightOf(token)), 0)
  return { intent, all, none, score: given === undefined ? sum : Number(given.slice(1)) }
}

function typedKeys<Key extends string>(record: Record<Key, unknown>): Key[] {
  const isKey = (key: string): key is Key => key in record
  return Object.keys(record).filter(isKey)
}
