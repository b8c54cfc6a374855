import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { openFeed, shortly } from '../src/modules/gamification/testing/feed-stream.ts'
import { makeTemporaryPlace, type TemporaryPlace } from '../src/platform/db/embedded/testing/temporary-place.ts'
import { projectRoot } from '../src/project-root.ts'
import { testPassword } from './harness.ts'
import { freePort, type ServerProcess, startServerProcess } from './server-process.ts'

// Random histories by callers at once, in which the server and its database are killed at random moments. The model knows
// neither: what each key is worth, and which levels and achievements lie on the way of a total.

const WORTH: Record<string, number> = { small: 3, middle: 11, large: 40, none: 0 }
const LEVELS = [0, 10, 50, 120]
const ACHIEVEMENTS = [25, 60, 121]

type Step = { business: number; key: number } & ({ type: string } | { points: number })
type Crash = { what: 'server' | 'database'; afterAnswers: number }
type Receipt = { event_id: string; points_awarded: number; total_points: number }
type Owner = { token: string; id: string }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ business: fc.nat(1), key: fc.nat(15), type: fc.constantFrom(...Object.keys(WORTH)) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      business: fc.nat(1),
      key: fc.nat(3),
      points: fc.integer({ min: -30, max: 15 }).filter((points) => points !== 0),
    }),
  },
)
const crash: fc.Arbitrary<Crash> = fc.record({
  what: fc.constantFrom('server' as const, 'server' as const, 'database' as const),
  afterAnswers: fc.nat(40),
})

let place: TemporaryPlace
let port: number
let server: ServerProcess
let admin: string
let restarted: Promise<void> = Promise.resolve()
const totals = new Map<string, number>()
before(async () => {
  place = await makeTemporaryPlace()
  port = await freePort()
  server = await start()
  admin = await login('admin@example.org')
  for (const [path, items] of [
    ['/admin/business/levels', await call('GET', '/business/levels', admin)],
    ['/admin/gamification/achievements', await call('GET', '/admin/gamification/achievements', admin)],
  ] as const)
    for (const { id } of items.json) assert.equal((await call('DELETE', `${path}/${id}`, admin)).status, 204)
  for (const required_points of LEVELS)
    await made('/admin/business/levels', admin, { name: `Level ${required_points}`, required_points })
  for (const required_points of ACHIEVEMENTS)
    await made('/admin/gamification/achievements', admin, {
      title: `Reached ${required_points}`,
      description: 'For a test.',
      required_points,
    })
  for (const [type, points] of Object.entries(WORTH)) await made('/admin/gamification/rules', admin, { type, points })
})
after(async () => {
  await server.end('SIGTERM')
  await place.remove()
})

const start = () => startServerProcess({ dataDir: place.dataDir, port, env: { REGISTER_LIMIT_PER_MINUTE: '0' } })

async function call(method: string, path: string, token?: string, body?: unknown) {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const link = response.headers.get('link')
  return { status: response.status, text, link, json: text === '' ? undefined : JSON.parse(text) }
}
async function made(path: string, token: string, body: unknown) {
  const answer = await call('POST', path, token, body)
  assert.equal(answer.status, 201, answer.text)
  return answer.json
}
async function login(email: string): Promise<string> {
  const { status, json, text } = await call('POST', '/auth/login', undefined, { email, password: testPassword })
  assert.equal(status, 200, text)
  return json.access_token
}
async function newOwner(): Promise<Owner> {
  const email = `${crypto.randomUUID()}@example.org`
  await call('POST', '/auth/register', undefined, { email, password: testPassword, name: 'Sari' })
  const token = await login(email)
  const business = { business_name: 'Warung', business_category: 'Food', business_stage: 'Idea' }
  return { token, id: (await made('/business/profile', token, business)).id }
}

async function kill(what: Crash['what']): Promise<void> {
  if (what === 'database') {
    const postmaster = await place.postmaster()
    // It may still be down from the crash before.
    if (postmaster !== undefined) process.kill(postmaster, 'SIGKILL')
    return
  }
  await server.end('SIGKILL')
  server = await start()
}

/** insist repeats a call until it is answered, through any number of crashes. */
async function insist(method: string, path: string, token: string, body?: unknown) {
  for (;;) {
    const answer = await call(method, path, token, body).catch(() => undefined)
    if (answer && answer.status !== 503) return answer
    await restarted
  }
}

const nameOf = (action: Step) => ('type' in action ? `${action.type} ${action.key}` : `${action.points} ${action.key}`)

/** live lets callers live their histories side by side, with crashes; it answers the receipt of every business and key. */
async function live(histories: Step[][], crashes: Crash[], owners: Owner[]) {
  const receipts = new Map<string, Map<string, Receipt>>(owners.map(({ id }) => [id, new Map()]))
  const due = crashes.toSorted((a, b) => b.afterAnswers - a.afterAnswers)
  let answers = 0

  async function take(action: Step): Promise<void> {
    const owner = owners[action.business] ?? assert.fail()
    const idempotency_key = nameOf(action)
    const { status, json, text } =
      'type' in action
        ? await insist('POST', '/gamification/events', owner.token, { type: action.type, idempotency_key })
        : await insist('POST', '/admin/gamification/adjustments', admin, {
            business_id: owner.id,
            points: action.points,
            reason: 'for a test',
            idempotency_key,
          })
    if (status === 409) return assert.equal(json.code, 'below_zero', text)
    assert.ok(status === 200 || status === 201, text)
    const { rank: _rank, replayed: _replayed, ...receipt } = json
    const known = receipts.get(owner.id)
    assert.deepEqual(receipt, known?.get(idempotency_key) ?? receipt, idempotency_key)
    known?.set(idempotency_key, receipt)
    answers++
    // The calls of the others are under way at this moment, and those of the crash before may be still.
    if (answers >= (due.at(-1)?.afterAnswers ?? Infinity)) {
      const { what } = due.pop() ?? assert.fail()
      restarted = restarted.then(() => kill(what))
      await restarted
    }
  }
  await Promise.all(
    histories.map(async (history) => {
      for (const action of history) await take(action)
    }),
  )
  await restarted
  return receipts
}

/** expectedNews is what a feed from the beginning must have told, given the points of the ledger in order. */
function expectedNews(ledger: number[]): (number | string)[] {
  let total = 0
  let highest = 0
  return ledger.flatMap((points) => {
    total += points
    const passed = (required: number) => required > highest && required <= total
    const news = [
      points,
      ...LEVELS.filter(passed).map((required) => `Level ${required}`),
      ...ACHIEVEMENTS.filter(passed).map((required) => `Reached ${required}`),
    ]
    highest = Math.max(highest, total)
    return news
  })
}

/** follow reads a feed through any number of crashes, until it has told so much or was told to stop. */
async function follow(owner: Owner, from: string, until: Promise<number>) {
  const seen: Awaited<ReturnType<Awaited<ReturnType<typeof openFeed>>['rest']>> = []
  let wanted = Infinity
  let hangUp = (): void => {}
  const stop = until.then((count) => {
    wanted = count
    if (seen.length >= count) hangUp()
  })
  while (seen.length < wanted) {
    const after = seen.at(-1)?.id ?? from
    const feed = await openFeed({ url: `http://127.0.0.1:${port}` }, owner, { after }).catch(() => undefined)
    if (!feed) {
      await restarted
      continue
    }
    hangUp = feed.hangUp
    try {
      for (let next = await feed.take(1); next[0] && seen.push(next[0]) < wanted;) next = await feed.take(1)
    } catch {
      // The connection went with the server.
    }
    feed.hangUp()
  }
  await stop
  return seen
}

async function ledgerOf(owner: Owner): Promise<{ event_id: string; points: number; total_after: number }[]> {
  const entries = []
  for (let path: string | undefined = '/gamification/points?limit=200'; path;) {
    const { json, link } = await insist('GET', path, owner.token)
    entries.push(...json)
    path = link?.match(/<\/api\/v1([^>]+)>/)?.[1]
  }
  return entries.toReversed()
}

async function agrees(owner: Owner, receipts: Map<string, Receipt>): Promise<(number | string)[]> {
  const entries = await ledgerOf(owner)
  const worth = [...receipts].map(([name, receipt]) => {
    const [what = ''] = name.split(' ')
    assert.equal(receipt.points_awarded, WORTH[what] ?? Number(what), name)
    return receipt
  })
  assert.deepEqual(
    new Map(entries.map((entry) => [entry.event_id, [entry.points, entry.total_after]])),
    new Map(
      worth
        .filter((receipt) => receipt.points_awarded !== 0)
        .map((receipt) => [receipt.event_id, [receipt.points_awarded, receipt.total_points]]),
    ),
  )
  let total = 0
  let highest = 0
  for (const entry of entries) {
    total += entry.points
    highest = Math.max(highest, total)
    assert.equal(entry.total_after, total)
  }
  totals.set(owner.id, total)

  const profile = (await insist('GET', '/business/profile', owner.token)).json
  assert.deepEqual(
    [profile.total_points, profile.level_name],
    [total, `Level ${LEVELS.findLast((required) => required <= total)}`],
  )
  const achievements: { required_points: number; is_unlocked: boolean }[] = (
    await insist('GET', '/gamification/achievements', owner.token)
  ).json
  for (const { required_points: required, is_unlocked } of achievements) assert.equal(is_unlocked, required <= highest)
  return expectedNews(entries.map(({ points }) => points))
}

async function ranksAgree({ token, id }: Owner): Promise<void> {
  const own = (entries: { business_id: string }[]) => entries.find((entry) => entry.business_id === id)
  const rank = 1 + [...totals.values()].filter((total) => total > (totals.get(id) ?? 0)).length
  const { json } = await insist('GET', '/gamification/leaderboard?limit=100', token)
  assert.deepEqual(own(json), { ...own(json), rank, total_points: totals.get(id) })
  assert.equal(json.length, totals.size)
}

async function verifies(): Promise<void> {
  const child = spawn(process.execPath, ['server/src/cli.ts', 'verify'], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], DATA_DIR: place.dataDir },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', (bytes) => (said += bytes))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, said)
}

test('after any history of callers and crashes, everything acknowledged is there, once, and all views of it agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 8, maxLength: 20 }), { minLength: 4, maxLength: 4 }),
      fc.array(crash, { minLength: 1, maxLength: 3 }),
      async (histories, crashes) => {
        const owners = [await newOwner(), await newOwner()]
        const places = await Promise.all(
          owners.map(async (owner) => {
            const feed = await openFeed({ url: `http://127.0.0.1:${port}` }, owner)
            feed.hangUp()
            return feed.startId
          }),
        )
        const counted = owners.map(() => Promise.withResolvers<number>())
        const followed = owners.map((owner, nth) =>
          follow(owner, places[nth] ?? '', counted[nth]?.promise ?? assert.fail()),
        )
        try {
          const receipts = await live(histories, crashes, owners)
          for (const [nth, owner] of owners.entries()) {
            const news = await agrees(owner, receipts.get(owner.id) ?? new Map())
            counted[nth]?.resolve(news.length)
            const seen = (await followed[nth]) ?? []
            assert.deepEqual(shortly(seen), news)
            assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length)
          }
          for (const owner of owners) await ranksAgree(owner)
        } finally {
          // Where something is wrong, nobody need wait for the rest.
          for (const { resolve } of counted) resolve(0)
        }
      },
    ),
    { numRuns: 4, endOnFailure: true },
  )
  await verifies()
})
