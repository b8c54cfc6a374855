import type { Random } from './random.ts'

/** Activity is something that a business did: an event type of a new installation's rules, and when. */
export type Activity = { type: string; at: Date }

/** Career is what a business did since it signed up, oldest first. */
export type Career = { signedUpAt: Date; activities: Activity[] }

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const LONGEST_DAYS = 170
const OPENING_HOUR = 7

// What the seeded rules give, here only to aim at a total. Awards follow the rules as they stand.
const POINTS = {
  daily_check_in: 5,
  customer_contacted: 5,
  sales_recorded: 10,
  expenses_recorded: 10,
  stock_counted: 10,
  promotion_posted: 10,
  lesson_completed: 20,
  instalment_paid: 30,
  course_completed: 50,
}
type Kind = keyof typeof POINTS

// A visit to the app begins with the check-in and takes each other kind at most once, so no daily cap is ever reached.
const COMMON: Kind[] = ['sales_recorded', 'sales_recorded', 'expenses_recorded', 'customer_contacted', 'stock_counted']
const RARE: Kind[] = ['promotion_posted', 'lesson_completed', 'instalment_paid', 'course_completed']

/**
 * drawCareer invents what a business did to reach `points` (a multiple of 5) by yesterday evening of its own time zone.
 * Nothing happens today: whoever tries the demo has the whole day's points before them.
 */
export function drawCareer(
  random: Random,
  options: { points: number; now: Date; utcOffsetHours: number; eager: boolean },
): Career {
  const visits = drawVisits(random, options)
  const ageDays = Math.min(LONGEST_DAYS, visits.length + random.between(12, 80))
  const daysAgo = random.distinct(visits.length, 1, ageDays).toReversed()
  const dayStart = startOfDay(options)
  const signedUpAt = new Date(
    dayStart(ageDays).getTime() + (OPENING_HOUR - 1) * HOUR_MS + random.between(0, 55) * MINUTE_MS,
  )
  const activities = visits.flatMap((visit, index) => {
    let at = dayStart(daysAgo[index] ?? 1).getTime() + OPENING_HOUR * HOUR_MS + random.between(0, 11 * 60) * MINUTE_MS
    return visit.map((type) => {
      at += random.between(20, 300) * 1_000
      return { type, at: new Date(at) }
    })
  })
  return { signedUpAt, activities }
}

/** startOfDay answers when the day began that was so many days ago, where the clock is `utcOffsetHours` ahead of UTC. */
export function startOfDay({ now, utcOffsetHours }: { now: Date; utcOffsetHours: number }) {
  const offsetMs = utcOffsetHours * HOUR_MS
  const today = Math.floor((now.getTime() + offsetMs) / DAY_MS) * DAY_MS - offsetMs
  return (daysAgo: number) => new Date(today - daysAgo * DAY_MS)
}

function drawVisits(random: Random, { points, eager }: { points: number; eager: boolean }): Kind[][] {
  const visits: Kind[][] = []
  let missing = points
  while (missing > 0) {
    const visit: Kind[] = ['daily_check_in']
    missing -= POINTS.daily_check_in
    const wishes = eager ? random.between(2, 5) : random.between(1, 3)
    for (let wish = 0; wish < wishes; wish++) {
      const kind = random.pick(random.chance(eager ? 0.55 : 0.35) ? RARE : COMMON)
      if (visit.includes(kind) || POINTS[kind] > missing) continue
      visit.push(kind)
      missing -= POINTS[kind]
    }
    visits.push(visit)
  }
  return visits
}
