import { LANGUAGE_WORDS, PHRASES, type Intent } from './phrases.ts'
import type { Locale } from '../failures.ts'

/** Recognised is what a message was understood to ask; no intent means that it was not understood. */
export type Recognised = {
  language: Locale
  /** At most three, the strongest first. */
  intents: Intent[]
  /** What to remember, in the person's own words; empty when they did not say what. */
  fact?: string
}

const MOST_INTENTS = 3
// Said along the way; they count only when nothing else was said.
const COURTESIES: ReadonlySet<Intent> = new Set(['greeting', 'thanks', 'help'])

const REMEMBER =
  /^(?:(?:please|pls|hi|hey|hello|ok(?:ay)?|tolong|halo|hai|oke|mohon)[\s,!.]+)*(?:remember|note|take a note|make a note|keep in mind|don'?t forget|ingat(?:lah)?|catat(?:kan)?|jangan lupa)\b[\s,:]*(?:down\b|this\b|ini\b|ya\b)?[\s,:]*(?:(?:that|bahwa|kalau|of)\b[\s,:]*)?(.*)$/isu

/**
 * recognise reads a message in English or Indonesian. A phrase is heard when each of its words stands somewhere in the
 * message, small typing errors and Indonesian possessive endings (`poinku`) included; the phrase with the most letters
 * wins, and further intents count when none of their words was part of a stronger one. `fallback` is the language of a
 * message that could be either.
 */
export function recognise(message: string, fallback: Locale): Recognised {
  const text = message.normalize('NFKC').trim()
  const words = wordsOf(text)
  const language = languageOf(words, fallback)

  const remember = REMEMBER.exec(text)
  if (remember && !text.endsWith('?')) return { language, intents: ['remember'], fact: (remember[1] ?? '').trim() }

  const heard = PHRASES.flatMap(({ intent, phrase }) => {
    const found = phrase.map((word) => words.find((candidate) => isSameWord(candidate, word)))
    if (found.includes(undefined)) return []
    return [{ intent, words: found, letters: phrase.join('').length }]
  }).toSorted((a, b) => b.letters - a.letters)

  const chosen: typeof heard = []
  for (const one of heard) {
    if (chosen.some((other) => other.intent === one.intent)) continue
    if (!one.words.some((word) => chosen.some((other) => other.words.includes(word)))) chosen.push(one)
  }
  const intents = chosen.map(({ intent }) => intent)
  const asked = intents.filter((intent) => !COURTESIES.has(intent))
  return { language, intents: (asked.length > 0 ? asked : intents.slice(0, 1)).slice(0, MOST_INTENTS) }
}

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .slice(0, 2_000)
      // "haloooo" and "pointsss" are written with feeling, not with another word.
      .replace(/(\p{L})\1{2,}/gu, '$1')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}

function languageOf(words: string[], fallback: Locale): Locale {
  const count = (locale: Locale) =>
    words.filter((word) => LANGUAGE_WORDS[locale].has(word) || LANGUAGE_WORDS[locale].has(withoutEnding(word))).length
  const english = count('en')
  const indonesian = count('id')
  return english === indonesian ? fallback : english > indonesian ? 'en' : 'id'
}

const withoutEnding = (word: string) => word.replace(/(?<=\p{L}{4})(?:nya|ku|mu)$/u, '')

function isSameWord(written: string, known: string): boolean {
  if (written === known || withoutEnding(written) === known) return true
  const allowed = known.length >= 8 ? 2 : known.length >= 5 ? 1 : 0
  // People rarely get the first letter wrong, and words that differ there are mostly other words.
  return allowed > 0 && written[0] === known[0] && distance(written, known, allowed) <= allowed
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. `limit` + 1 means "more".
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let best = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (before[column - 2] ?? 0) + 1)
      }
      current.push(best)
    }
    before = above
    above = current
  }
  return above[b.length] ?? limit + 1
}
