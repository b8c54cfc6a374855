/** Language is one that sentences are written in. */
export type Language = 'en' | 'id'

/** PointFacts is everything that made one ledger entry what it is, as it stood then. */
export type PointFacts = {
  type: string
  points: number
  totalAfter: number
  source: 'owner' | 'api_key' | 'admin' | 'server'
  /** The day that the event counted for, in the business's time zone: `2026-11-22`. */
  day: string
  /** The reason that an admin gave for an adjustment, or `daily_cap`. */
  reason: string | null
  /** The version of the rule that decided; null for adjustments and reversals. */
  rule: { version: number; points: number; dailyCap: number | null; cooldownSeconds: number | null } | null
  /** What the rule had given the business on that day before; null where no cap asks. */
  earnedBefore: number | null
  /** The entry that this one takes back. */
  reverses: { type: string; points: number; day: string } | null
}

type Words = {
  number: Intl.NumberFormat
  date: Intl.DateTimeFormat
  points: (count: string, one: boolean) => string
  given: (points: string, type: string, day: string) => string
  rule: (version: string, points: string) => string
  noRule: string
  cap: (cap: string, before: string) => string
  capCut: (cap: string, before: string, left: string) => string
  cooldown: (duration: string) => string
  and: string
  adjustment: (points: string, isGift: boolean) => string
  reversal: (points: string, type: string, day: string) => string
  total: (before: string, after: string, isRise: boolean) => string
  duration: (seconds: number) => string
}

const SECONDS = { day: 86_400, hour: 3_600, minute: 60, second: 1 } as const

// The largest unit that needs no fraction.
function inUnits(seconds: number): { count: number; unit: keyof typeof SECONDS } {
  const unit = (['day', 'hour', 'minute'] as const).find((name) => seconds % SECONDS[name] === 0) ?? 'second'
  return { count: seconds / SECONDS[unit], unit }
}

const dateIn = (locale: string) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' })

const words: Record<Language, Words> = {
  en: {
    number: new Intl.NumberFormat('en-GB'),
    date: dateIn('en-GB'),
    points: (count, one) => `${count} ${one ? 'point' : 'points'}`,
    given: (points, type, day) => `${points} for ${type} on ${day}, because`,
    rule: (version, points) => `version ${version} of its rule gave ${points}`,
    noRule: 'its rule gave them, in a version that is not kept',
    cap: (cap, before) => `at most ${cap} a day, of which ${before} had been earned before`,
    capCut: (cap, before, left) =>
      `at most ${cap} a day, of which ${before} had been earned before, so that only ${left} could be added`,
    cooldown: (duration) => `at most once in ${duration}`,
    and: ' and ',
    adjustment: (points, isGift) => `An admin ${isGift ? 'gave' : 'took'} ${points}`,
    reversal: (points, type, day) => `This takes back the ${points} for ${type} on ${day}`,
    total: (before, after, isRise) => `the total ${isRise ? 'rose' : 'fell'} from ${before} to ${after}`,
    duration: (seconds) => {
      const { count, unit } = inUnits(seconds)
      return count === 1 ? `a${unit === 'hour' ? 'n' : ''} ${unit}` : `${count} ${unit}s`
    },
  },
  id: {
    number: new Intl.NumberFormat('id-ID'),
    date: dateIn('id-ID'),
    points: (count) => `${count} poin`,
    given: (points, type, day) => `${points} untuk ${type} pada ${day}, karena`,
    rule: (version, points) => `versi ${version} aturannya memberi ${points}`,
    noRule: 'aturannya memberikannya, dalam versi yang tidak disimpan',
    cap: (cap, before) => `paling banyak ${cap} sehari, dan ${before} sudah diperoleh sebelumnya`,
    capCut: (cap, before, left) =>
      `paling banyak ${cap} sehari, dan ${before} sudah diperoleh sebelumnya, sehingga tersisa ${left}`,
    cooldown: (duration) => `paling banyak sekali dalam ${duration}`,
    and: ' dan ',
    adjustment: (points, isGift) => `Admin ${isGift ? 'memberi' : 'mengurangi'} ${points}`,
    reversal: (points, type, day) => `Ini menarik kembali ${points} untuk ${type} pada ${day}`,
    total: (before, after, isRise) => `total ${isRise ? 'naik' : 'turun'} dari ${before} menjadi ${after}`,
    duration: (seconds) => {
      const { count, unit } = inUnits(seconds)
      return `${count} ${{ day: 'hari', hour: 'jam', minute: 'menit', second: 'detik' }[unit]}`
    },
  },
}

/**
 * explainPoints says in one sentence why an entry has its points: the rule and its version as it stood then, its
 * arithmetic with cap and cooldown, or the reason of an adjustment, and what became of the total.
 */
export function explainPoints(facts: PointFacts, language: Language): string {
  const say = words[language]
  const number = (value: number) => say.number.format(value)
  const points = (value: number) => say.points(number(Math.abs(value)), Math.abs(value) === 1)
  const day = (text: string) => say.date.format(new Date(`${text}T00:00:00Z`))
  const total = say.total(number(facts.totalAfter - facts.points), number(facts.totalAfter), facts.points > 0)

  if (facts.reverses) {
    const { reverses } = facts
    return `${say.reversal(points(reverses.points), reverses.type, day(reverses.day))}; ${total}.`
  }
  if (facts.source === 'admin') {
    const reason = facts.reason?.replace(/\s+/g, ' ').trim()
    return `${say.adjustment(points(facts.points), facts.points > 0)}${reason ? `: “${reason}”` : ''}; ${total}.`
  }
  const given = say.given(points(facts.points), facts.type, day(facts.day))
  return `${given} ${facts.rule ? decision(facts, facts.rule, say) : say.noRule}; ${total}.`

  function decision({ earnedBefore }: PointFacts, rule: NonNullable<PointFacts['rule']>, chosen: Words): string {
    const limits: string[] = []
    if (rule.cooldownSeconds) limits.push(chosen.cooldown(chosen.duration(rule.cooldownSeconds)))
    if (rule.dailyCap !== null) {
      const [cap, before] = [number(rule.dailyCap), number(earnedBefore ?? 0)]
      limits.push(
        facts.points < rule.points ? chosen.capCut(cap, before, number(facts.points)) : chosen.cap(cap, before),
      )
    }
    return [
      chosen.rule(number(rule.version), points(rule.points)),
      ...(limits.length > 0 ? [limits.join(chosen.and)] : []),
    ].join(', ')
  }
}
