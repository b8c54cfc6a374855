import type { StrayRecord, WrongEvent, WrongStanding } from './standing-truth.ts'

/** Difference is one thing that is not as the ledger and the definitions say. */
export type Difference = {
  businessId: string
  kind:
    | 'standing'
    | 'total_points'
    | 'highest_points'
    | 'level'
    | 'on_board'
    | 'owner'
    | 'time_zone'
    | 'sequence'
    | 'reached_at'
    | 'total_after'
    | 'unlock_missing'
    | 'unlock_unearned'
    | 'below_zero'
    | 'event'
    | 'business'
    | 'rank'
  /** What is there and what should be, as words for one line. */
  text: string
}

/** differencesOf lists what is wrong with a business, one difference for each thing that a person would look up. */
export function differencesOf(wrong: WrongStanding): Difference[] {
  const found: Difference[] = []
  const say = (kind: Difference['kind'], text: string) => found.push({ businessId: wrong.business_id, kind, text })
  const { stated } = wrong
  if (stated === null) {
    say('standing', `there is none, the ledger makes ${wrong.total_points} points`)
  } else {
    for (const kind of ['total_points', 'highest_points'] as const)
      if (stated[kind] !== wrong[kind]) say(kind, `is ${stated[kind]}, the ledger makes ${wrong[kind]}`)
    if (stated.level_id !== wrong.level_id)
      say('level', `is ${stated.level_id ?? 'none'}, ${wrong.total_points} points make ${wrong.level_id ?? 'none'}`)
    if (stated.on_board !== wrong.on_board)
      say('on_board', `is ${stated.on_board}, the business's visibility makes ${wrong.on_board}`)
    if (stated.owner_id !== wrong.owner_id)
      say('owner', `is ${stated.owner_id ?? 'none'}, the business has ${wrong.owner_id ?? 'none'}`)
    if (stated.time_zone !== wrong.time_zone)
      say('time_zone', `is ${stated.time_zone}, the business has ${wrong.time_zone}`)
    if (stated.sequence < wrong.least_sequence)
      say('sequence', `is ${stated.sequence}, ${wrong.least_sequence} has been used`)
    if (wrong.reached_at !== null)
      say('reached_at', `is ${stated.reached_at}, the last entry is of ${wrong.reached_at}`)
  }
  if (wrong.broken_entries > 0)
    say(
      'total_after',
      `is not the running sum in ${wrong.broken_entries} entries, first at sequence ${wrong.broken_at ?? 0}`,
    )
  for (const id of wrong.missing_unlocks) say('unlock_missing', `achievement ${id} is reached and not unlocked`)
  for (const id of wrong.unearned_unlocks) say('unlock_unearned', `achievement ${id} is unlocked and was never reached`)
  if (wrong.lowest_points < 0) say('below_zero', `the ledger falls to ${wrong.lowest_points}`)
  return found
}

/** differenceOfEvent tells that an event and the ledger disagree. */
export function differenceOfEvent(wrong: WrongEvent): Difference {
  return {
    businessId: wrong.business_id,
    kind: 'event',
    text: `${wrong.event_id} awarded ${wrong.awarded}, the ledger holds ${wrong.entered}`,
  }
}

/** differenceOfStray tells that events, entries or unlocks are of a business that does not exist. */
export function differenceOfStray({ business_id, events, entries, unlocks }: StrayRecord): Difference {
  return {
    businessId: business_id,
    kind: 'business',
    text: `there is none (events: ${events}, entries: ${entries}, unlocks: ${unlocks})`,
  }
}

/** lineOf writes a difference on one line. */
export function lineOf({ businessId, kind, text }: Difference): string {
  return `business ${businessId}: ${kind}: ${text}`
}

const MOST_LINES = 100

/** createFindings gathers lines up to a hundred and counts the rest. */
export function createFindings() {
  const lines: string[] = []
  let count = 0
  return {
    add(line: string): void {
      count++
      if (lines.length < MOST_LINES) lines.push(line)
    },
    get count(): number {
      return count
    },
    /** lines are what was kept, and a last one that counts what was not. */
    get lines(): string[] {
      return count > lines.length ? [...lines, `… and ${count - lines.length} more`] : [...lines]
    },
  }
}
