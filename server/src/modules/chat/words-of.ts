// What parts words beside a change from letters to digits; chat_search_words of migration 0006 has the same characters.
const BETWEEN_WORDS =
  // Control characters part words like any other; the variation selectors stand alone, beside no letter.
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u3000-\u3004\u3008-\u3020\ufe00-\ufe0f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u{1f000}-\u{1faff}]+/gu

/** Word is a word of a text with its place, in UTF-16 units. */
export type Word = { text: string; start: number; end: number }

/** wordsOf parts a text into its words, with their places, in order: each is of letters, or of digits. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = []
  let start = 0
  const take = (end: number) => {
    for (const { 0: word, index } of text.slice(start, end).matchAll(/[0-9]+|[^0-9]+/g))
      words.push({ text: word, start: start + index, end: start + index + word.length })
  }
  for (const gap of text.matchAll(BETWEEN_WORDS)) {
    take(gap.index)
    start = gap.index + gap[0].length
  }
  take(text.length)
  return words
}

/** MOST_WORDS is how many words of a question are looked for; the others are left out. */
export const MOST_WORDS = 12

/** wordsAsked gives the words that a question looks for, each once. */
export function wordsAsked(question: string): string[] {
  return [...new Set(wordsOf(question).map(({ text }) => text.toLowerCase()))].slice(0, MOST_WORDS)
}

/** prefixQuery is the tsquery of words that must all occur, each as the beginning of a word. Words hold no punctuation. */
export function prefixQuery(words: string[]): string {
  return words.map((word) => `'${word}':*`).join(' & ')
}
