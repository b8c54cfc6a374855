import type { Locale } from '../failures.ts'
import { wordsOf, type Word } from './words.ts'
import { CONTENT_WORDS_OF, FUNCTION_WORDS_OF, isKnown } from './vocabulary.ts'

// Nouns travel between the languages; the small words around them do not.
const FUNCTION_WORD = 1
const CONTENT_WORD = 0.5

const LANGUAGES: ReadonlyMap<string, LanguageWish> = new Map<string, LanguageWish>([
  ['english', 'en'],
  ['inggris', 'en'],
  ['indonesian', 'id'],
  ['indonesia', 'id'],
  ['bahasa', 'id'],
  ...`javanese jawa sundanese sunda spanish spanyol french perancis prancis arabic arab mandarin chinese china german jerman
    dutch belanda malay melayu portuguese portugis japanese jepang korean korea hindi tagalog thai batak bali minang madura`
    .split(/\s+/)
    .map((name) => [name, 'other'] as const),
])
const ASKS = new Set(
  `speak answer reply respond use switch talk write understand jawab pakai bicara ngomong ganti balas gunakan ubah
  pindah`.split(/\s+/),
)
const PREPOSITIONS = new Set(['in', 'to', 'into', 'dalam', 'ke'])
// What may follow a language that was asked for by “in English” alone.
const CLOSINGS = new Set([
  'please',
  'now',
  'thanks',
  'dong',
  'ya',
  'aja',
  'kak',
  'tolong',
  'sekarang',
  'from',
  'again',
  'lagi',
])
const REFUSES = new Set(['not', 'stop', 'jangan', 'bukan', 'tidak'])
// Somebody who wants a text translated does not want another language of the conversation.
const OTHER_WISHES = new Set([
  'translate',
  'translation',
  'terjemahkan',
  'terjemah',
  'artinya',
  'arti',
  'mean',
  'means',
  'meaning',
  'learn',
  'belajar',
  'teach',
  'ajari',
])
const FAR = 4

/** LanguageWish is the language that a message asks for; `other` is one that the advisor does not speak. */
export type LanguageWish = Locale | 'other'

/** languageOf is the language that words are written in, `fallback` where they could be either. */
export function languageOf(words: readonly Word[], fallback: Locale): Locale {
  const weight = (locale: Locale) =>
    words.reduce(
      (sum, { text }) =>
        sum +
        (FUNCTION_WORDS_OF[locale].has(text) ? FUNCTION_WORD : 0) +
        (isContentWord(text, locale) ? CONTENT_WORD : 0),
      0,
    )
  const english = weight('en')
  const indonesian = weight('id')
  // A mixture is taken for a mixture, where the person's own language decides.
  if (Math.abs(english - indonesian) <= CONTENT_WORD && english * indonesian > 0) return fallback
  return english === indonesian ? fallback : english > indonesian ? 'en' : 'id'
}

// What is not known may still look like one of the languages.
const LOOKS_LIKE: Record<Locale, RegExp> = {
  en: /^[a-z]{3,}(?:tion|tions|ing|ly|ness|ed|th|ck|ght)$/,
  id: /^(?:(?:ber|mem|men|meng|ter|di|pe[mn]?)[a-z]{2,}(?:kan|an|i)|(?:meng|nge|meny|ny)[a-z]{3,}|[a-z]{3,}(?:nya|kan))$/,
}

function isContentWord(text: string, locale: Locale): boolean {
  if (CONTENT_WORDS_OF[locale].has(text) || CONTENT_WORDS_OF[locale].has(withoutEnding(text))) return true
  return !isKnown(text) && LOOKS_LIKE[locale].test(text)
}

const withoutEnding = (word: string) => word.replace(/(?<=\p{L}{4})(?:nya|ku|mu|lah|kah)$/u, '')

/**
 * languageWish reads a request to speak a language, as in “pakai bahasa Inggris dong”; the last one named counts. `clause`
 * is the part of the message that it was said in.
 */
export function languageWish(words: readonly Word[]): { wish: LanguageWish; clause: number } | undefined {
  if (words.some(({ text }) => OTHER_WISHES.has(text))) return undefined
  let found: { wish: LanguageWish; clause: number } | undefined
  words.forEach(({ text, clause }, at) => {
    const named = LANGUAGES.get(text)
    if (named === undefined) return
    const nearby = words.slice(Math.max(0, at - FAR), at).map((word) => word.text)
    if (!nearby.some((word) => ASKS.has(word)) && !isSaidAlone(words, at)) return
    const isRefused = nearby.some((word) => REFUSES.has(word))
    if (!isRefused) found = { wish: named, clause }
    else if (named !== 'other') found = { wish: named === 'en' ? 'id' : 'en', clause }
  })
  return found
}

// “In English”, at the end or before a courtesy, or hardly more than the name of the language.
function isSaidAlone(words: readonly Word[], at: number): boolean {
  const before = words[at - 1]?.text
  const named = words[at]?.text ?? ''
  const after = words[at + 1]
  if (before !== undefined && PREPOSITIONS.has(before) && !isPlace(named))
    return after === undefined || after.clause !== words[at]?.clause || CLOSINGS.has(after.text)
  if (before === 'bahasa') return words.length <= 4
  return words.length <= 3 && named !== 'bahasa' && !isPlace(named)
}

// The name of the country alone is no wish.
const PLACES = new Set(['indonesia', 'china', 'korea', 'bali', 'jawa', 'madura', 'german', 'jerman', 'belanda'])

const isPlace = (name: string) => PLACES.has(name)

/** languageAskedFor is the language that earlier messages asked for last, oldest first. */
export function languageAskedFor(earlier: readonly string[]): Locale | undefined {
  for (const message of earlier.toReversed()) {
    const wish = languageWish(wordsOf(message))?.wish
    if (wish === 'en' || wish === 'id') return wish
  }
  return undefined
}
