import { BoardOrder } from './board-order.ts'
import type { CopyRow } from './copy-rows.ts'
import { compareIds, IdIndex, readId, WORDS, writeId } from './id-index.ts'
import { TextArena } from './text-arena.ts'

/** BoardBusiness is all that the board knows of a business. `reachedAtUs` is microseconds since 1970, UTC. */
export type BoardBusiness = {
  businessId: string
  /** Null for an erased business, which is on no board. */
  userId: string | null
  businessName: string
  userName: string
  visibility: 'shown' | 'alias' | 'hidden'
  totalPoints: number
  reachedAtUs: number
  sequence: number
  achievementsCount: number
}

/** BoardAward is what an award changed: absolute, but for the achievements that it added. */
export type BoardAward = {
  businessId: string
  totalPoints: number
  reachedAtUs: number
  sequence: number
  unlocked: number
  /** The transaction of this award, where all it did is known from the same call. */
  transactionId?: string | undefined
}

/** LONGEST_TOP is how much of the top of the board can be asked for at once. */
export const LONGEST_TOP = 100

const RECENT = 1_000

const ON_BOARD = 1
const ALIAS = 2

/**
 * BoardTable holds every business of the installation in columns of numbers and one buffer of names, about 160 bytes
 * each, with the board's order over those that are shown. Changes carry the standing's sequence: what is older than
 * what is known changes no points, so that applying things twice, or late, does no harm.
 */
export class BoardTable {
  #count = 0
  #ids = new Uint32Array(WORDS * 1024)
  #owners = new Uint32Array(WORDS * 1024)
  #totals = new Float64Array(1024)
  #reached = new Float64Array(1024)
  #sequences = new Float64Array(1024)
  #achievements = new Uint16Array(1024)
  #flags = new Uint8Array(1024)
  // One text a business: its name and its owner's, parted by a NUL, which no name has.
  #names = new Float64Array(1024)
  #arena = new TextArena()
  readonly #byId = new IdIndex(() => this.#ids)
  // Whoever is awarded is ranked right after. A slot is a business's for good.
  readonly #recent = new Map<string, number>()
  // The first business of each owner: the one with the smallest id that is not erased.
  readonly #byOwner = new IdIndex(() => this.#owners)
  readonly #order = new BoardOrder({
    total: (slot) => this.#totals[slot] ?? 0,
    compare: (a, b) =>
      (this.#totals[b] ?? 0) - (this.#totals[a] ?? 0) ||
      (this.#reached[a] ?? 0) - (this.#reached[b] ?? 0) ||
      compareIds(this.#ids, a, b),
  })

  // Changes below this total cannot alter the top of the board; see `first`.
  #topFloor = -Infinity

  /** topVersion rises with every change that could alter what `first` answered. */
  topVersion = 0

  /** ranked is how many businesses are on the board. */
  get ranked(): number {
    return this.#order.size
  }

  /** count is how many businesses are known, those off the board included. */
  get count(): number {
    return this.#count
  }

  /** reserve makes room for so many businesses, so that nothing has to grow while they are loaded. */
  reserve(count: number): void {
    if (count > this.#totals.length) this.#resize(count)
    this.#byId.reserve(count)
    this.#byOwner.reserve(count)
  }

  /**
   * load adds one of many businesses to an empty table, straight from the bytes of a row of EVERYTHING; `settle` then puts
   * them in order. Nothing else may be called between the two.
   */
  load(row: CopyRow): void {
    const slot = this.#append()
    row.uuid(this.#ids, slot)
    const hasOwner = row.uuid(this.#owners, slot)
    this.#names[slot] = this.#arena.putJoined(row.utf8(), row.utf8())
    this.#setFlags(slot, row.text(), hasOwner)
    this.#totals[slot] = row.int8()
    this.#reached[slot] = row.micros()
    this.#sequences[slot] = row.int8()
    this.#achievements[slot] = Math.min(row.int4(), 0xffff)
    this.#byId.set(slot)
    if (hasOwner) this.#setFirst(slot)
  }

  /** settle ends a load. */
  settle(): void {
    const shown = new Int32Array(this.#count)
    let length = 0
    for (let slot = 0; slot < this.#count; slot++) if (this.isOnBoard(slot)) shown[length++] = slot
    this.#order.fill(
      sortedByTotal(
        shown.subarray(0, length),
        this.#totals,
        (a, b) => (this.#reached[a] ?? 0) - (this.#reached[b] ?? 0) || compareIds(this.#ids, a, b),
      ),
    )
    this.#topFloor = -Infinity
    this.topVersion++
  }

  /** find is the slot of a business, or -1. */
  find(businessId: string): number {
    const known = this.#recent.get(businessId)
    if (known !== undefined) return known
    const slot = this.#byId.find(businessId)
    if (this.#recent.size >= RECENT) this.#recent.clear()
    if (slot !== -1) this.#recent.set(businessId, slot)
    return slot
  }

  /** firstOf is the slot of a person's first business, or -1. */
  firstOf(userId: string): number {
    return this.#byOwner.find(userId)
  }

  /** idOf is the business of a slot. */
  idOf(slot: number): string {
    return readId(this.#ids, slot)
  }

  /** put adds a business or brings a known one up to date; a standing older than the known one keeps the known points. */
  put(business: BoardBusiness): void {
    const known = this.find(business.businessId)
    const slot = known === -1 ? this.#add(business.businessId) : known
    this.#leave(slot)
    if (known === -1 || business.sequence >= (this.#sequences[slot] ?? 0)) {
      this.#totals[slot] = business.totalPoints
      this.#reached[slot] = business.reachedAtUs
      this.#sequences[slot] = business.sequence
      this.#achievements[slot] = Math.min(business.achievementsCount, 0xffff)
    }
    this.#setOwner(slot, business.userId)
    this.#setNames(slot, `${business.businessName}\0${business.userName}`, known !== -1)
    this.#setFlags(slot, business.visibility, business.userId !== null)
    this.#enter(slot)
  }

  /**
   * award applies an award, unless something newer is known. It answers false, and applies nothing, where the business is
   * unknown or an award in between was missed: then its state is to be read anew.
   */
  award(award: BoardAward): boolean {
    const slot = this.find(award.businessId)
    if (slot === -1) return false
    const known = this.#sequences[slot] ?? 0
    if (award.sequence <= known) return true
    if (award.sequence !== known + 1) return false
    this.#leave(slot)
    this.#totals[slot] = award.totalPoints
    this.#reached[slot] = award.reachedAtUs
    this.#sequences[slot] = award.sequence
    this.#achievements[slot] = Math.min((this.#achievements[slot] ?? 0) + award.unlocked, 0xffff)
    this.#enter(slot)
    return true
  }

  /** knows tells whether the standing of this sequence, or a newer one, is here. */
  knows(businessId: string, sequence: number): boolean {
    const slot = this.find(businessId)
    return slot !== -1 && (this.#sequences[slot] ?? 0) >= sequence
  }

  /** first lists the slots of the top of the board, at most LONGEST_TOP. */
  first(count: number): number[] {
    const longest = this.#order.first(LONGEST_TOP)
    const last = longest.length < LONGEST_TOP ? undefined : longest.at(-1)
    this.#topFloor = last === undefined ? -Infinity : (this.#totals[last] ?? 0)
    return longest.slice(0, count)
  }

  /** isOnBoard tells whether a slot is ranked. */
  isOnBoard(slot: number): boolean {
    return ((this.#flags[slot] ?? 0) & ON_BOARD) !== 0
  }

  /** rankOf is the competition rank of a slot, or null off the board. */
  rankOf(slot: number): number | null {
    return this.isOnBoard(slot) ? this.#order.countAbove(this.#totals[slot] ?? 0) + 1 : null
  }

  /** totalAbove is the next larger total on the board, or null at the top and off the board. */
  totalAbove(slot: number): number | null {
    return this.isOnBoard(slot) ? this.#order.totalAbove(this.#totals[slot] ?? 0) : null
  }

  /** totalBelow is the next smaller total on the board, or null at the bottom and off the board. */
  totalBelow(slot: number): number | null {
    return this.isOnBoard(slot) ? this.#order.totalBelow(this.#totals[slot] ?? 0) : null
  }

  /** rankWith is the rank that a slot would have with a total at least as large as its own, or null off the board. */
  rankWith(slot: number, total: number): number | null {
    return this.isOnBoard(slot) ? this.#order.countAbove(total) + 1 : null
  }

  /** totalAboveWith is the next larger total on the board than that one, or null at the top and off the board. */
  totalAboveWith(slot: number, total: number): number | null {
    return this.isOnBoard(slot) ? this.#order.totalAbove(total) : null
  }

  /** read is everything known of a slot. */
  read(slot: number) {
    const [businessName = '', userName = ''] = this.#arena.get(this.#names[slot] ?? 0).split('\0')
    return {
      businessId: this.idOf(slot),
      userId: this.#hasOwner(slot) ? readId(this.#owners, slot) : null,
      businessName,
      userName,
      isAlias: ((this.#flags[slot] ?? 0) & ALIAS) !== 0,
      totalPoints: this.#totals[slot] ?? 0,
      achievementsCount: this.#achievements[slot] ?? 0,
    }
  }

  #leave(slot: number): void {
    if (!this.isOnBoard(slot)) return
    this.#order.remove(slot)
    this.#touchTop(slot)
  }

  #enter(slot: number): void {
    if (!this.isOnBoard(slot)) return
    this.#order.insert(slot)
    this.#touchTop(slot)
  }

  #touchTop(slot: number): void {
    if ((this.#totals[slot] ?? 0) >= this.#topFloor) this.topVersion++
  }

  #append(): number {
    if (this.#count === this.#totals.length) this.#resize(Math.ceil(this.#count * 1.5))
    return this.#count++
  }

  #add(businessId: string): number {
    const slot = this.#append()
    writeId(this.#ids, slot, businessId)
    this.#byId.set(slot)
    return slot
  }

  #hasOwner(slot: number): boolean {
    const at = slot * WORDS
    return (
      ((this.#owners[at] ?? 0) |
        (this.#owners[at + 1] ?? 0) |
        (this.#owners[at + 2] ?? 0) |
        (this.#owners[at + 3] ?? 0)) !==
      0
    )
  }

  #setOwner(slot: number, userId: string | null): void {
    if (userId === null) {
      // Its owner is gone, with all of their businesses; the index may keep pointing here, where no id matches any more.
      this.#owners.fill(0, slot * WORDS, (slot + 1) * WORDS)
      return
    }
    if (this.#hasOwner(slot)) return
    writeId(this.#owners, slot, userId)
    this.#setFirst(slot)
  }

  // Of the businesses of one owner, the one with the smallest id is their first.
  #setFirst(slot: number): void {
    const first = this.#byOwner.findSame(slot)
    if (first === -1 || compareIds(this.#ids, slot, first) < 0) this.#byOwner.set(slot)
  }

  #setFlags(slot: number, visibility: string, hasOwner: boolean): void {
    const shown = visibility !== 'hidden' && hasOwner
    this.#flags[slot] = (shown ? ON_BOARD : 0) | (visibility === 'alias' ? ALIAS : 0)
  }

  #setNames(slot: number, names: string, isKnown: boolean): void {
    if (isKnown) {
      const offset = this.#names[slot] ?? 0
      if (this.#arena.equals(offset, names)) return
      this.#arena.release(offset)
    }
    this.#names[slot] = this.#arena.put(names)
    if (this.#arena.wasted > 65_536 && this.#arena.wasted * 2 > this.#arena.size)
      this.#arena = this.#arena.compacted(this.#names, this.#count)
  }

  #resize(capacity: number): void {
    this.#ids = grown(this.#ids, new Uint32Array(capacity * WORDS))
    this.#owners = grown(this.#owners, new Uint32Array(capacity * WORDS))
    this.#totals = grown(this.#totals, new Float64Array(capacity))
    this.#reached = grown(this.#reached, new Float64Array(capacity))
    this.#sequences = grown(this.#sequences, new Float64Array(capacity))
    this.#achievements = grown(this.#achievements, new Uint16Array(capacity))
    this.#flags = grown(this.#flags, new Uint8Array(capacity))
    this.#names = grown(this.#names, new Float64Array(capacity))
  }
}

function grown<A extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(from: A, to: A): A {
  to.set(from)
  return to
}

// Sorting plain numbers is several times faster than sorting slots by a comparison, so the totals are sorted first, with
// the slot in the low bits, and only slots of one total are compared.
function sortedByTotal(
  slots: Int32Array,
  totals: Float64Array,
  tieBreak: (a: number, b: number) => number,
): Int32Array {
  const bits = 2 ** Math.ceil(Math.log2(totals.length + 1))
  let largest = 0
  for (const slot of slots) largest = Math.max(largest, totals[slot] ?? 0)
  if (largest * bits >= Number.MAX_SAFE_INTEGER)
    return slots.sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || tieBreak(a, b))
  const keys = Float64Array.from(slots, (slot) => (largest - (totals[slot] ?? 0)) * bits + slot).sort()
  for (let from = 0, at = 0; at < keys.length; at++) {
    const slot = (keys[at] ?? 0) % bits
    slots[at] = slot
    const next = keys[at + 1]
    if (next !== undefined && totals[next % bits] === totals[slot]) continue
    if (at > from) slots.subarray(from, at + 1).sort(tieBreak)
    from = at + 1
  }
  return slots
}
