/** BoardKey compares two slots: negative when the first stands before the second on the board. It must be a total order. */
export type BoardKey = {
  compare(a: number, b: number): number
  /** total of a slot; slots stand in falling order of it. */
  total(slot: number): number
}

const BUCKET = 512
const KNOWN_COUNTS = 10_000

/**
 * BoardOrder keeps slots in board order and counts them: an order-statistic list in buckets of some hundred slots.
 * Finding, inserting and removing take about 2 log2(n) comparisons and one move within a bucket; the counts before each
 * bucket are summed anew by the first read after a change of some bucket's length (about n / 512 additions).
 * Invariants: no bucket is empty, every bucket is sorted, and every slot of a bucket stands before those of the next.
 */
export class BoardOrder {
  readonly #key: BoardKey
  #buckets: Int32Array[] = []
  #lengths: number[] = []
  // The total of each bucket's first slot: looking for a bucket reads these and hardly a slot.
  #firsts: number[] = []
  #before: number[] = []
  // How many stand above a total, as far as it was asked since the last change.
  readonly #above = new Map<number, number>()
  #isCounted = true
  #size = 0

  constructor(key: BoardKey) {
    this.#key = key
  }

  /** size is how many slots are on the board. */
  get size(): number {
    return this.#size
  }

  /** fill replaces everything by slots that are in board order already. */
  fill(sorted: Int32Array): void {
    this.#buckets = []
    this.#lengths = []
    this.#firsts = []
    for (let from = 0; from < sorted.length; from += BUCKET / 2) {
      const part = sorted.subarray(from, from + BUCKET / 2)
      const bucket = new Int32Array(BUCKET)
      bucket.set(part)
      this.#buckets.push(bucket)
      this.#lengths.push(part.length)
      this.#firsts.push(this.#key.total(bucket[0] ?? -1))
    }
    this.#size = sorted.length
    this.#changed()
  }

  /** insert adds a slot that is not there yet. */
  insert(slot: number): void {
    this.#size++
    if (this.#buckets.length === 0) {
      const bucket = new Int32Array(BUCKET)
      bucket[0] = slot
      this.#buckets.push(bucket)
      this.#lengths.push(1)
      this.#firsts.push(this.#key.total(slot))
      this.#changed()
      return
    }
    const at = this.#bucketOfSlot(slot)
    const bucket = this.#bucket(at)
    const length = this.#length(at)
    const position = this.#positionIn(at, (other) => this.#key.compare(other, slot) < 0)
    bucket.copyWithin(position + 1, position, length)
    bucket[position] = slot
    this.#lengths[at] = length + 1
    if (position === 0) this.#firsts[at] = this.#key.total(slot)
    this.#changed()
    if (length + 1 === BUCKET) this.#split(at)
  }

  /** remove takes out a slot; its key must still be the one that it was inserted with. */
  remove(slot: number): void {
    const at = this.#bucketOfSlot(slot)
    const position = this.#positionIn(at, (other) => this.#key.compare(other, slot) < 0)
    const bucket = this.#buckets[at]
    if (bucket === undefined || position >= this.#length(at) || bucket[position] !== slot)
      throw new Error(`slot ${slot} is not where its key says`)
    const length = this.#length(at)
    bucket.copyWithin(position, position + 1, length)
    this.#lengths[at] = length - 1
    this.#size--
    this.#changed()
    if (length === 1) {
      this.#buckets.splice(at, 1)
      this.#lengths.splice(at, 1)
      this.#firsts.splice(at, 1)
    } else if (position === 0) this.#firsts[at] = this.#key.total(bucket[0] ?? -1)
  }

  /** first lists the first `count` slots. */
  first(count: number): number[] {
    const slots: number[] = []
    for (let at = 0; at < this.#buckets.length && slots.length < count; at++) {
      const take = Math.min(this.#length(at), count - slots.length)
      const bucket = this.#bucket(at)
      for (let position = 0; position < take; position++) slots.push(bucket[position] ?? -1)
    }
    return slots
  }

  /** countAbove is how many slots have a larger total. */
  countAbove(total: number): number {
    let above = this.#above.get(total)
    if (above === undefined) {
      above = this.#indexWhere((other) => other > total)
      if (this.#above.size >= KNOWN_COUNTS) this.#above.clear()
      this.#above.set(total, above)
    }
    return above
  }

  /** totalAbove is the smallest total on the board that is larger than this one, or null. */
  totalAbove(total: number): number | null {
    const index = this.countAbove(total)
    return index === 0 ? null : this.#key.total(this.#slotAt(index - 1))
  }

  /** totalBelow is the largest total on the board that is smaller than this one, or null. */
  totalBelow(total: number): number | null {
    const index = this.#indexWhere((other) => other >= total)
    return index >= this.#size ? null : this.#key.total(this.#slotAt(index))
  }

  // How many slots have a total that fulfils a condition, which holds for a first part of the board and for none after it.
  #indexWhere(holds: (total: number) => boolean): number {
    if (this.#size === 0) return 0
    const at = this.#bucketOf((bucket) => holds(this.#firsts[bucket] ?? 0))
    return this.#countBefore(at) + this.#positionIn(at, (slot) => holds(this.#key.total(slot)))
  }

  // The bucket that a slot is in, or belongs to.
  #bucketOfSlot(slot: number): number {
    const total = this.#key.total(slot)
    return this.#bucketOf((at) => {
      const first = this.#firsts[at] ?? 0
      return first > total || (first === total && this.#key.compare(this.#bucket(at)[0] ?? -1, slot) <= 0)
    })
  }

  // The last bucket for which a condition holds, or the first bucket.
  #bucketOf(holds: (at: number) => boolean): number {
    let low = 0
    let high = this.#buckets.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (holds(middle)) low = middle
      else high = middle - 1
    }
    return low
  }

  // How many slots of a bucket fulfil the condition.
  #positionIn(at: number, holds: (slot: number) => boolean): number {
    const bucket = this.#buckets[at]
    if (bucket === undefined) return 0
    let low = 0
    let high = this.#length(at)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(bucket[middle] ?? -1)) low = middle + 1
      else high = middle
    }
    return low
  }

  #split(at: number): void {
    const bucket = this.#bucket(at)
    const half = BUCKET / 2
    const upper = new Int32Array(BUCKET)
    upper.set(bucket.subarray(half))
    this.#buckets.splice(at + 1, 0, upper)
    this.#lengths.splice(at, 1, half, BUCKET - half)
    this.#firsts.splice(at + 1, 0, this.#key.total(upper[0] ?? -1))
  }

  #changed(): void {
    this.#isCounted = false
    if (this.#above.size > 0) this.#above.clear()
  }

  #slotAt(index: number): number {
    this.#count()
    let low = 0
    let high = this.#buckets.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#before[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return this.#bucket(low)[index - (this.#before[low] ?? 0)] ?? -1
  }

  #countBefore(at: number): number {
    this.#count()
    return this.#before[at] ?? 0
  }

  #count(): void {
    if (this.#isCounted) return
    this.#before.length = this.#lengths.length
    let sum = 0
    for (let at = 0; at < this.#lengths.length; at++) {
      this.#before[at] = sum
      sum += this.#lengths[at] ?? 0
    }
    this.#isCounted = true
  }

  #bucket(at: number): Int32Array {
    const bucket = this.#buckets[at]
    if (bucket === undefined) throw new RangeError(`no bucket ${at} of ${this.#buckets.length}`)
    return bucket
  }

  #length(at: number): number {
    return this.#lengths[at] ?? 0
  }
}
