import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '../api/problem.ts'
import { followFeed } from './follow-feed.ts'

const points = (total: number) => ({
  type: 'points',
  data: { event_id: `e${total}`, business_id: 'b', type: 'sale', points: 1, total_points: total },
})
const frames = (...totals: number[]) =>
  totals.map((total) => `id: at${total}\ndata: ${JSON.stringify(points(total))}\n\n`).join('')
const stream = (text: string, headers: Record<string, string> = {}) =>
  new Response(text, { headers: { 'content-type': 'text/event-stream', ...headers } })
const refusal = (status: number) => new Problem({ status, title: 'No', code: 'no', detail: 'No.' })

type Answer = Response | Error

/** followed plays some answers of a server, one after the other, and then ends; it tells what was asked and seen. */
async function followed(answers: Answer[], lastId?: string) {
  const over = new AbortController()
  const place: { lastId: string | undefined } = { lastId }
  const asked: (string | undefined)[] = []
  const seen: number[] = []
  const pauses: number[] = []
  let gaps = 0
  await followFeed({
    open: async (after) => {
      asked.push(after)
      const answer = answers.shift()
      if (answers.length === 0) over.abort()
      if (answer instanceof Response) return answer
      throw answer ?? new Error('nothing is left')
    },
    place,
    onEvent: (event) => event.type === 'points' && seen.push(event.data.total_points),
    onGap: () => gaps++,
    wait: async (ms) => void pauses.push(ms),
    signal: over.signal,
  })
  return { asked, seen, pauses, gaps, place }
}

test('a feed that breaks off goes on after the last event that was seen', async () => {
  const { asked, seen } = await followed([
    stream(frames(1, 2)),
    new TypeError('network'),
    stream(frames(3)),
    stream(''),
  ])
  assert.deepEqual(asked, [undefined, 'at2', 'at2', 'at3'])
  assert.deepEqual(seen, [1, 2, 3])
})

test('a feed that broke off before its first event goes on where it began', async () => {
  const { asked } = await followed([stream('', { 'x-last-event-id': 'start' }), stream('')])
  assert.deepEqual(asked, [undefined, 'start'])
})

test('it is asked for again after ever longer pauses, and soon again once something has come', async () => {
  const lost = () => new TypeError('network')
  const { pauses } = await followed([...Array.from({ length: 8 }, lost), stream(frames(1)), lost(), stream('')])
  assert.deepEqual(pauses, [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 60_000, 60_000, 1_000, 2_000])
})

test('where the place is of another feed, everything is read again, and the feed begins anew', async () => {
  const { asked, gaps } = await followed([refusal(422), stream(frames(9)), stream('')], 'old')
  assert.deepEqual(asked, ['old', undefined, 'at9'])
  assert.equal(gaps, 1)
})

test('a refusal ends it, too many streams only make it wait', async () => {
  for (const status of [401, 403, 404, 422])
    assert.deepEqual((await followed([refusal(status), stream(frames(1)), stream('')])).seen, [])
  const { seen } = await followed([refusal(429), refusal(503), stream(frames(1)), stream('')])
  assert.deepEqual(seen, [1])
})
