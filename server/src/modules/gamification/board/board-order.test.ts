import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BoardOrder } from './board-order.ts'

type Change = { slot: number; total: number | null }

const changes = fc.array(
  fc.record({ slot: fc.nat(40), total: fc.option(fc.oneof(fc.nat(5), fc.nat(2_000_000_000))) }),
  { maxLength: 300 },
)

function boardOf(totals: Map<number, number>): BoardOrder {
  const total = (slot: number) => totals.get(slot) ?? 0
  return new BoardOrder({ total, compare: (a, b) => total(b) - total(a) || a - b })
}

function apply(order: BoardOrder, totals: Map<number, number>, { slot, total }: Change): void {
  if (totals.has(slot)) {
    order.remove(slot)
    totals.delete(slot)
  }
  if (total !== null) {
    totals.set(slot, total)
    order.insert(slot)
  }
}

function agrees(order: BoardOrder, totals: Map<number, number>): void {
  const sorted = [...totals].toSorted(([a, x], [b, y]) => y - x || a - b)
  assert.equal(order.size, sorted.length)
  assert.deepEqual(
    order.first(sorted.length),
    sorted.map(([slot]) => slot),
  )
  const others = [...totals.values()]
  const step = Math.max(1, Math.floor(others.length / 50))
  for (const total of [0, 3, ...others.filter((_, index) => index % step === 0)]) {
    const above = others.filter((other) => other > total)
    const below = others.filter((other) => other < total)
    assert.equal(order.countAbove(total), above.length)
    assert.equal(order.totalAbove(total), above.length > 0 ? Math.min(...above) : null)
    assert.equal(order.totalBelow(total), below.length > 0 ? Math.max(...below) : null)
  }
}

test('the order, counts and neighbours agree with a sorted list after any changes', () => {
  fc.assert(
    fc.property(changes, (history) => {
      const totals = new Map<number, number>()
      const order = boardOf(totals)
      for (const change of history) apply(order, totals, change)
      agrees(order, totals)
    }),
  )
})

test('thousands of slots split into buckets and come together again', () => {
  const totals = new Map<number, number>()
  const order = boardOf(totals)
  for (let slot = 0; slot < 5_000; slot++) apply(order, totals, { slot, total: (slot * 7919) % 1009 })
  agrees(order, totals)
  for (let slot = 0; slot < 5_000; slot += 3) apply(order, totals, { slot, total: (slot * 104_729) % 499 })
  agrees(order, totals)
  for (let slot = 0; slot < 4_990; slot++) apply(order, totals, { slot, total: null })
  agrees(order, totals)
})

test('a board that is filled at once behaves as one that grew', () => {
  const totals = new Map(Array.from({ length: 3_000 }, (_, slot) => [slot, (slot * 31) % 700]))
  const order = boardOf(totals)
  order.fill(Int32Array.from([...totals].toSorted(([a, x], [b, y]) => y - x || a - b).map(([slot]) => slot)))
  agrees(order, totals)
  apply(order, totals, { slot: 17, total: 100_000 })
  agrees(order, totals)
})

test('a slot whose key has changed meanwhile is not removed by mistake', () => {
  const totals = new Map([
    [1, 10],
    [2, 20],
  ])
  const order = boardOf(totals)
  order.insert(1)
  order.insert(2)
  totals.set(1, 30)
  assert.throws(() => order.remove(1), /not where its key says/)
})
