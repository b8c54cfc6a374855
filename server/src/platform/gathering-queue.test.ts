import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGatheringQueue } from './gathering-queue.ts'

type Call = { requests: number[]; finish: (outcomes?: (string | Error)[]) => void; fail: (error: unknown) => void }

/** heldQueue makes a queue whose batches end when the test says so; `calls` are the batches that have left. */
function heldQueue({
  batchSize = 100,
  lanes = 1,
  capacity = 100,
  keyOf,
}: {
  batchSize?: number
  lanes?: number | ((waiting: number) => number)
  capacity?: number
  keyOf?: (request: number) => string
} = {}) {
  const calls: Call[] = []
  const queue = createGatheringQueue<number, string>({
    send: (requests) =>
      new Promise((resolve, reject) => {
        calls.push({
          requests,
          finish: (outcomes = requests.map((request) => `done ${request}`)) => resolve(outcomes),
          fail: reject,
        })
      }),
    batchSize,
    lanes,
    capacity,
    ...(keyOf && { keyOf }),
  })
  return { queue, calls, sent: () => calls.map((call) => call.requests) }
}

// A lane that has become free takes up what waits a turn later, with what those who were answered call by then.
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
const lost = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })

test('a lone call leaves within the same turn of the event loop', async () => {
  const { queue, calls, sent } = heldQueue()
  const outcome = queue.add(1)
  await Promise.resolve()
  assert.deepEqual(sent(), [[1]])
  calls[0]?.finish()
  assert.equal(await outcome, 'done 1')
})

test('calls of one turn share a batch, and each gets its own outcome', async () => {
  const { queue, calls, sent } = heldQueue()
  const outcomes = [1, 2, 3].map((request) => queue.add(request))
  await turn()
  assert.deepEqual(sent(), [[1, 2, 3]])
  calls[0]?.finish()
  assert.deepEqual(await Promise.all(outcomes), ['done 1', 'done 2', 'done 3'])
})

test('calls that arrive while every lane is busy wait, in order, and leave in batches of the given size', async () => {
  const { queue, calls, sent } = heldQueue({ batchSize: 2, lanes: 2 })
  const outcomes = [1, 2, 3, 4, 5, 6, 7].map((request) => queue.add(request))
  await turn()
  assert.deepEqual(sent(), [
    [1, 2],
    [3, 4],
  ])
  calls[1]?.finish()
  await turn()
  assert.deepEqual(sent().slice(2), [[5, 6]])
  calls[0]?.finish()
  calls[2]?.finish()
  await turn()
  assert.deepEqual(sent().slice(3), [[7]])
  calls[3]?.finish()
  assert.deepEqual(
    await Promise.all(outcomes),
    [1, 2, 3, 4, 5, 6, 7].map((request) => `done ${request}`),
  )
})

test('where requests have keys, what waits is parted among the lanes that are free, and a key is not', async () => {
  const { queue, calls, sent } = heldQueue({ lanes: 2, keyOf: (request) => String(request % 10) })
  for (const request of [1, 2, 3, 4, 5, 11, 12]) void queue.add(request)
  await turn()
  assert.deepEqual(sent(), [[1, 2, 3, 4, 11, 12], [5]])
  for (const request of [6, 7, 8]) void queue.add(request)
  calls[0]?.finish()
  await turn()
  assert.deepEqual(sent().slice(2), [[6, 7, 8]])
})

test('there may be more lanes the more there waits', async () => {
  const { queue, sent } = heldQueue({ batchSize: 3, lanes: (waiting) => (waiting >= 3 ? 2 : 1) })
  void queue.add(0)
  await turn()
  for (const request of [1, 2]) void queue.add(request)
  await turn()
  assert.deepEqual(sent(), [[0]])
  for (const request of [3, 4]) void queue.add(request)
  await turn()
  assert.deepEqual(sent().slice(1), [[1, 2, 3]])
})

test('what is of one key waits for a batch with it, in order, and holds up nobody else', async () => {
  const { queue, calls, sent } = heldQueue({ lanes: 2, keyOf: (request) => String(request % 10) })
  const first = [1, 2].map((request) => queue.add(request))
  await turn()
  assert.deepEqual(sent(), [[1], [2]])
  const next = [12, 11, 3, 21].map((request) => queue.add(request))
  calls[0]?.finish()
  await turn()
  assert.deepEqual(sent().slice(2), [[11, 3, 21]])
  calls[2]?.finish()
  await turn()
  const other = queue.add(4)
  await turn()
  assert.deepEqual(sent().slice(3), [[4]], 'a lane is free, and only 12 has to wait')
  calls[1]?.finish()
  calls[3]?.finish()
  await turn()
  assert.deepEqual(sent().slice(4), [[12]])
  calls[4]?.finish()
  await Promise.all([...first, ...next, other])
})

test('what those who were answered call at once leaves with what has waited', async () => {
  const { queue, calls, sent } = heldQueue()
  const again = queue.add(1).then(() => queue.add(4))
  await turn()
  const waited = [queue.add(2), queue.add(3)]
  calls[0]?.finish()
  await turn()
  assert.deepEqual(sent(), [[1], [2, 3, 4]])
  calls[1]?.finish()
  assert.deepEqual(await Promise.all([...waited, again]), ['done 2', 'done 3', 'done 4'])
})

test('beyond its capacity a call is refused with 503 at once, and those that wait are served', async () => {
  const { queue, calls } = heldQueue({ capacity: 2 })
  const first = queue.add(1)
  await turn()
  const waiting = [queue.add(2), queue.add(3)]
  await assert.rejects(queue.add(4), { status: 503, code: 'busy' })
  calls[0]?.finish()
  await turn()
  assert.equal(await first, 'done 1')
  const later = queue.add(5)
  calls[1]?.finish()
  await turn()
  calls[2]?.finish()
  assert.deepEqual(await Promise.all([...waiting, later]), ['done 2', 'done 3', 'done 5'])
})

test('one bad request fails alone, whatever its place in the batch', async () => {
  for (const bad of [1, 2, 3, 4, 5]) {
    const queue = createGatheringQueue<number, string>({
      send: async (requests) => {
        if (requests.includes(bad)) throw new Error(`${bad} is bad`)
        return requests.map((request) => `done ${request}`)
      },
      batchSize: 10,
      lanes: 1,
      capacity: 10,
    })
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((request) => queue.add(request)))
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message)),
      [1, 2, 3, 4, 5].map((request) => (request === bad ? `${bad} is bad` : `done ${request}`)),
    )
  }
})

test('while the database is away a batch fails as a whole, without a try for each of its requests', async () => {
  const { queue, calls, sent } = heldQueue()
  const outcomes = Promise.allSettled([1, 2, 3].map((request) => queue.add(request)))
  await turn()
  calls[0]?.fail(lost())
  assert.deepEqual(
    (await outcomes).map((outcome) => outcome.status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(sent(), [[1, 2, 3]])
})

test('where the database goes away while requests are tried alone, the rest is not tried', async () => {
  const { queue, calls, sent } = heldQueue()
  const outcomes = Promise.allSettled([1, 2, 3, 4].map((request) => queue.add(request)))
  await turn()
  calls[0]?.fail(new Error('one of them is bad'))
  await turn()
  calls[1]?.finish()
  await turn()
  calls[2]?.fail(lost())
  assert.deepEqual(
    (await outcomes).map((outcome) => outcome.status),
    ['fulfilled', 'rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(sent(), [[1, 2, 3, 4], [1], [2]])
})

test('a failure frees its lane for those that wait', async () => {
  const { queue, calls } = heldQueue({ batchSize: 1 })
  const failing = queue.add(1)
  const waiting = queue.add(2)
  await turn()
  calls[0]?.fail(new Error('bad'))
  await assert.rejects(failing, /bad/)
  await turn()
  calls[1]?.finish()
  assert.equal(await waiting, 'done 2')
})

test('an answer with too few outcomes fails the requests that it left out', async () => {
  const { queue, calls } = heldQueue()
  const outcomes = Promise.allSettled([queue.add(1), queue.add(2)])
  await turn()
  calls[0]?.finish(['done 1'])
  const [first, second] = await outcomes
  assert.equal(first?.status, 'fulfilled')
  assert.match(String(second?.status === 'rejected' && second.reason), /expected 2 outcomes, came 1/)
})

test('an error in the place of an outcome fails its request alone, which is not tried again', async () => {
  const { queue, calls } = heldQueue()
  const outcomes = Promise.allSettled([1, 2].map(queue.add))
  await turn()
  calls[0]?.finish([new Error('only this'), 'done 2'])
  const [first, second] = await outcomes
  assert.match(String(first?.status === 'rejected' && first.reason), /only this/)
  assert.deepEqual(second, { status: 'fulfilled', value: 'done 2' })
  assert.equal(calls.length, 1)
})
