const UNITS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    one: 1,
    two: 2,
    three: 3,
    four: 4,
    five: 5,
    six: 6,
    seven: 7,
    eight: 8,
    nine: 9,
    ten: 10,
    eleven: 11,
    twelve: 12,
    fifteen: 15,
    twenty: 20,
    thirty: 30,
    forty: 40,
    fifty: 50,
    sixty: 60,
    seventy: 70,
    eighty: 80,
    ninety: 90,
    satu: 1,
    dua: 2,
    tiga: 3,
    empat: 4,
    lima: 5,
    enam: 6,
    tujuh: 7,
    delapan: 8,
    sembilan: 9,
    sepuluh: 10,
    sebelas: 11,
    seratus: 100,
    seribu: 1_000,
    sejuta: 1_000_000,
  }),
)
const FACTORS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    hundred: 100,
    thousand: 1_000,
    million: 1_000_000,
    k: 1_000,
    belas: 0,
    puluh: 10,
    ratus: 100,
    ribu: 1_000,
    rb: 1_000,
    juta: 1_000_000,
    jt: 1_000_000,
  }),
)

/** NUMBER_WORDS are the words that numbers are made of, in both languages. */
export const NUMBER_WORDS: ReadonlySet<string> = new Set([...UNITS.keys(), ...FACTORS.keys()])

/**
 * numberIn reads the first number that the words tell, in digits (`1,000`, `1.000`, `2k`, `2 ribu`) or in words (“two
 * hundred”, “seratus”), or undefined when there is none. Points are whole, so a separator of three digits divides
 * thousands in both languages, and anything behind another separator is no number of points.
 */
export function numberIn(words: readonly string[]): number | undefined {
  const start = words.findIndex((word) => isNumber(word))
  if (start === -1) return undefined
  let total = 0
  let current: number | undefined
  for (const word of words.slice(start)) {
    const digits = digitsOf(word)
    const unit = digits ?? UNITS.get(word)
    const factor = FACTORS.get(word)
    if (unit !== undefined) {
      // Two numbers in a row are two numbers; “two hundred five” and “dua puluh lima” are one.
      if (current !== undefined && (digits !== undefined || current % 10 !== 0 || unit >= current)) break
      current = (current ?? 0) + unit
    } else if (factor === 0 && current !== undefined) {
      current += 10
    } else if (factor === 1_000 || factor === 1_000_000) {
      total += (current ?? 1) * factor
      current = undefined
    } else if (factor !== undefined) {
      current = tensOf(current ?? 1, factor)
    } else if (word !== 'and' && word !== 'a') {
      break
    }
  }
  const number = total + (current ?? 0)
  return Number.isSafeInteger(number) ? number : undefined
}

/** isNumber tells whether a word is a number or begins one. */
export function isNumber(word: string): boolean {
  return digitsOf(word) !== undefined || UNITS.has(word) || word === 'hundred' || word === 'thousand'
}

// In “dua ratus lima puluh”, the factor is that of the last digit alone.
function tensOf(current: number, factor: number): number {
  const last = current % 10
  return last === 0 ? current * factor : current - last + last * factor
}

function digitsOf(word: string): number | undefined {
  const match = /^#?(\d{1,3}(?:[.,]\d{3})+|\d{1,15})(k|rb|ribu|jt|juta)?$/.exec(word)
  if (!match) return undefined
  const number = Number(match[1]?.replaceAll(/[.,]/g, ''))
  return number * (FACTORS.get(match[2] ?? '') ?? 1)
}
