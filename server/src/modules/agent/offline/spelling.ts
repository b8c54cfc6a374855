// What Indonesian puts before and behind a word, formally and in chat; `mem`, `men` and `meny` swallow a letter.
const BEFORE = [
  ['meny', 's'],
  ['nye', 's'],
  ['meng', ''],
  ['mem', ''],
  ['mem', 'p'],
  ['men', ''],
  ['men', 't'],
  ['me', ''],
  ['di', ''],
  ['ber', ''],
  ['ter', ''],
  ['ke', ''],
  ['pe', ''],
  ['nge', ''],
  ['ng', ''],
  ['n', 't'],
  ['', ''],
] as const
const BEHIND = ['nya', 'ku', 'mu', 'lah', 'kah', 'kan', 'in', 'an', 'i', 's', 'es', 'ed', 'ing', ''] as const
const SHORTEST_STEM = 4
const SHORTEST_TYPO = 4
// Of shorter words, so many are one letter apart that only a neighbouring key is taken for a slip.
const LONG_WORD = 7
const KEYBOARD = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm']

/** Spelling finds the known word that a written one stands for. */
export type Spelling = (written: string) => string | undefined

/**
 * createSpelling knows a set of words. A written word is one of them as it is, without its endings (`poinku`, `menaikkan`,
 * `badges`), or with one typing error (two in long words). `ordinary` words are known too, and are taken as they are.
 */
export function createSpelling(known: ReadonlySet<string>, ordinary: ReadonlySet<string>): Spelling {
  // People rarely get the first letter wrong, and words that differ there are mostly other words.
  const byFirst = Map.groupBy(
    [...known].filter((word) => word.length >= SHORTEST_TYPO),
    (word) => word[0],
  )

  function stemOf(written: string): string | undefined {
    for (const [before, swallowed] of BEFORE) {
      if (!written.startsWith(before)) continue
      for (const behind of BEHIND) {
        if (!written.endsWith(behind) || (before === '' && behind === '')) continue
        const stem = swallowed + written.slice(before.length, written.length - behind.length)
        if (stem.length >= SHORTEST_STEM && known.has(stem)) return stem
      }
    }
    return undefined
  }

  function nearest(written: string): string | undefined {
    let best: string | undefined
    let least = written.length >= 8 ? 3 : 2
    for (const word of byFirst.get(written[0]) ?? []) {
      const allowed = Math.min(least - 1, word.length >= 8 ? 2 : 1)
      if (Math.abs(word.length - written.length) > allowed) continue
      const away = distance(written, word, allowed)
      if (away <= allowed && (word.length >= LONG_WORD || isSlip(written, word))) {
        best = word
        least = away
      }
    }
    return best
  }

  return (written) => {
    if (known.has(written)) return written
    if (ordinary.has(written)) return undefined
    return stemOf(written) ?? (written.length >= SHORTEST_TYPO && written.length <= 24 ? nearest(written) : undefined)
  }
}

// One letter is left out, added or mistaken. Left out are vowels, added are the same letter or its neighbour on the
// keyboard once more, and mistaken is a neighbour.
function isSlip(written: string, word: string): boolean {
  const at = [...word].findIndex((letter, index) => written[index] !== letter)
  if (written.length === word.length) {
    const isSwap = at >= 0 && written[at] === word[at + 1] && written[at + 1] === word[at]
    return isSwap || areNeighbours(word[at] ?? '', written[at] ?? '')
  }
  const [longer, shorter] = written.length > word.length ? [written, word] : [word, written]
  const extra = [...longer].findIndex((letter, index) => shorter[index] !== letter)
  const letter = longer[extra] ?? ''
  const beside = [longer[extra - 1], longer[extra + 1]]
  if (beside.includes(letter)) return true
  return written.length < word.length
    ? 'aeiou'.includes(letter)
    : beside.some((other) => other !== undefined && areNeighbours(other, letter))
}

function areNeighbours(a: string, b: string): boolean {
  const place = (letter: string) =>
    KEYBOARD.map((row, at) => ({ at, column: row.indexOf(letter) })).find(({ column }) => column >= 0)
  const [first, second] = [place(a), place(b)]
  return !!first && !!second && Math.abs(first.at - second.at) <= 1 && Math.abs(first.column - second.column) <= 1
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. `limit` + 1 means "more".
function distance(a: string, b: string, limit: number): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    let least = row
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
      least = Math.min(least, best)
    }
    if (least > limit) return limit + 1
    before = above
    above = current
  }
  return above[b.length] ?? limit + 1
}
