import { cleanLine } from '../../platform/text.ts'
import { wordsOf } from './words-of.ts'

/** Highlight is a place in a text, counted in characters (Unicode code points): from `start` up to, not with, `end`. */
export type Highlight = { start: number; end: number }

/** Excerpt is a piece of a text on one line, with the places of what was looked for. */
export type Excerpt = { text: string; highlights: Highlight[] }

// In UTF-16 units: what is shown at most, and how much of it stands before the first hit.
const LENGTH = 200
const LEAD = 60
const MOST_HIGHLIGHTS = 50
// Markdown that says how a text looks, and means nothing in one line of it.
const MARKS = /\*\*|__|~~|`+|^ {0,8}(?:#{1,6}|[->*+])[ \t]+/gm

/** excerptOf cuts the piece out of a text in which most of the words begin, and marks them. Never anything but text. */
export function excerptOf(text: string, words: string[]): Excerpt {
  const line = cleanLine(neighbourhood(text, words).replaceAll(MARKS, '')).replaceAll(/\s+/g, ' ')
  const first = densest(hitsIn(line, words))
  const from = wordStart(line, Math.max(0, (first?.start ?? 0) - LEAD))
  const to = wordEnd(line, from + LENGTH)
  const shown = `${from > 0 ? '…' : ''}${line.slice(from, to).trim()}${to < line.length ? '…' : ''}`
  return { text: shown, highlights: highlightsOf(shown, words) }
}

/** highlightsOf gives the places in a text where the words begin a word, whatever their case. */
export function highlightsOf(text: string, words: string[]): Highlight[] {
  let counted = 0
  let characters = 0
  const charactersTo = (at: number) => {
    characters += Array.from(text.slice(counted, at)).length
    counted = at
    return characters
  }
  return hitsIn(text, words)
    .slice(0, MOST_HIGHLIGHTS)
    .map(({ start, end }) => ({ start: charactersTo(start), end: charactersTo(end) }))
}

/** neighbourhood is enough of a long text to cut the excerpt from: cleaning all of many long texts would take long. */
function neighbourhood(text: string, words: string[]): string {
  if (text.length <= 8 * LENGTH) return text
  const at = densest(hitsIn(text, words))?.start ?? 0
  const from = whole(text, Math.max(0, at - 2 * LENGTH))
  return text.slice(from, whole(text, Math.min(text.length, at + 4 * LENGTH)))
}

type Hit = { start: number; end: number; word: string }

function hitsIn(text: string, words: string[]): Hit[] {
  return wordsOf(text).flatMap(({ text: found, start, end }) => {
    const lower = found.toLowerCase()
    const word = words.find((each) => lower.startsWith(each))
    return word === undefined ? [] : [{ start, end, word }]
  })
}

/** densest is the hit behind which, within one excerpt, most different words follow; the first of equals. */
function densest(hits: Hit[]): Hit | undefined {
  let best: { hit: Hit; words: number } | undefined
  for (const [index, hit] of hits.entries()) {
    const near = new Set<string>()
    for (let at = index; at < hits.length; at++) {
      const other = hits[at]
      if (!other || other.end > hit.start + LENGTH - LEAD) break
      near.add(other.word)
    }
    if (!best || near.size > best.words) best = { hit, words: near.size }
  }
  return best?.hit
}

// Cuts stand between words where one is near, and never inside a character.
function wordStart(line: string, at: number): number {
  if (at === 0) return 0
  const space = line.indexOf(' ', at)
  return space !== -1 && space < at + LEAD / 2 ? space + 1 : whole(line, at)
}

function wordEnd(line: string, at: number): number {
  if (at >= line.length) return line.length
  const space = line.lastIndexOf(' ', at)
  return space > at - LEAD / 2 ? space : whole(line, at)
}

const whole = (line: string, at: number) => (/[\uDC00-\uDFFF]/.test(line.charAt(at)) ? at - 1 : at)
