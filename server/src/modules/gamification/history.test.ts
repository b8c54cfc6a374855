import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Answer } from '../../../test/harness.ts'
import { type Game, startGame } from '../../../test/game.ts'

// Random histories by several callers at once, against a model that knows no database: what was acknowledged under which
// key, what each key is worth, and how hard every achievement has ever been.

const CALLERS = 4
const WORTH: Record<string, number> = { small: 1, middle: 7, large: 30, none: 0 }

type Owner = Awaited<ReturnType<Game['owner']>>
type Step =
  | { kind: 'event'; business: number; type: string; key: number }
  | { kind: 'adjust'; business: number; points: number; key: number }
  | { kind: 'level' | 'achievement'; verb: 'create' | 'edit' | 'delete'; nth: number; points: number }

const points = fc.oneof(fc.nat(60), fc.constantFrom(0, 1, 7, 30, 31, 37, 60))
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      business: fc.nat(2),
      type: fc.constantFrom(...Object.keys(WORTH)),
      key: fc.nat(12),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('adjust' as const),
      business: fc.nat(2),
      points: fc.integer({ min: -40, max: 20 }).filter((value) => value !== 0),
      key: fc.nat(12),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('level' as const, 'achievement' as const),
      verb: fc.constantFrom('create' as const, 'edit' as const, 'edit' as const, 'delete' as const),
      nth: fc.nat(20),
      points,
    }),
  },
)

let game: Game
before(async () => {
  game = await startGame()
  for (const [type, worth] of Object.entries(WORTH)) await game.rule(type, worth)
})
after(() => game.close())

// The rank is read when answering, and whether it is a replay is said of each answer.
const receiptOf = ({ json }: Answer) => ({ ...json, rank: null, replayed: null })

/** play lets the callers live their histories side by side and answers what was acknowledged, by business and key. */
async function play(histories: Step[][], owners: Owner[]) {
  const acknowledged = new Map<string, { owner: Owner; worth: number; receipts: ReturnType<typeof receiptOf>[] }>()
  const fresh = new Map<string, number>()
  const made: Record<'level' | 'achievement', string[]> = { level: [], achievement: [] }
  const paths = { level: '/admin/business/levels', achievement: '/admin/gamification/achievements' }

  function acknowledge(name: string, owner: Owner, worth: number, answer: Answer): void {
    const known = acknowledged.get(name) ?? { owner, worth, receipts: [] }
    known.receipts.push(receiptOf(answer))
    acknowledged.set(name, known)
    if (answer.status === 201) fresh.set(name, (fresh.get(name) ?? 0) + 1)
  }

  async function take(action: Step): Promise<void> {
    if (action.kind === 'event') {
      const owner = owners[action.business] ?? assert.fail()
      const name = `${owner.business.id} ${action.type} ${action.key}`
      const answer = await game.post(owner, action.type, { idempotency_key: `${action.type} ${action.key}` })
      assert.ok(answer.status === 200 || answer.status === 201, answer.text)
      acknowledge(name, owner, WORTH[action.type] ?? assert.fail(), answer)
      return
    }
    if (action.kind === 'adjust') {
      const owner = owners[action.business] ?? assert.fail()
      const key = `${action.points} ${action.key}`
      const answer = await game.adjust(owner.business.id, action.points, { idempotency_key: key })
      if (answer.status === 409) assert.ok(action.points < 0 && answer.json.code === 'below_zero', answer.text)
      else {
        assert.ok(answer.status === 200 || answer.status === 201, answer.text)
        acknowledge(`${owner.business.id} adjusted ${key}`, owner, action.points, answer)
      }
      return
    }
    const [path, ids] = [paths[action.kind], made[action.kind]]
    const said = { required_points: action.points, name: 'L', title: 'A', description: 'For a test.' }
    const id = ids[action.nth % Math.max(1, ids.length)]
    const answer =
      action.verb === 'create' || id === undefined
        ? await game.api('POST', path, { token: game.admin, body: said })
        : await game.api(action.verb === 'edit' ? 'PUT' : 'DELETE', `${path}/${id}`, {
            token: game.admin,
            ...(action.verb === 'edit' ? { body: { required_points: action.points } } : {}),
          })
    assert.ok([200, 201, 204, 404, 409].includes(answer.status), answer.text)
    if (answer.status === 201) ids.push(answer.json.id)
  }

  await Promise.all(
    histories.map(async (history) => {
      for (const action of history) await take(action)
    }),
  )
  return { acknowledged, fresh }
}

test('after any history of parallel callers the ledger, the standings, the unlocks and the outbox tell one truth', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 5, maxLength: 25 }), { minLength: CALLERS, maxLength: CALLERS }),
      async (histories) => {
        const owners = await Promise.all([game.owner(), game.owner(), game.owner()])
        const { acknowledged, fresh } = await play(histories, owners)
        assert.deepEqual(await game.untruths(), [])

        for (const [name, { worth, receipts }] of acknowledged) {
          assert.equal(fresh.get(name), 1, `${name} was awarded once`)
          for (const receipt of receipts) assert.deepEqual(receipt, receipts[0], name)
          assert.equal(receipts[0].points_awarded, worth, name)
        }
        for (const { business } of owners) {
          const mine = [...acknowledged.values()].filter(({ owner }) => owner.business.id === business.id)
          const standing = await game.standing(business.id)
          const sum = mine.reduce((total, { worth }) => total + worth, 0)
          assert.equal(standing['total_points'], sum)
          assert.equal(await game.counted('events', 'business_id = $1', [business.id]), mine.length)
          const entries = await game.rows('SELECT event_id, total_after FROM ledger_entries WHERE business_id = $1', [
            business.id,
          ])
          assert.deepEqual(
            new Map(entries.map((entry) => [entry['event_id'], entry['total_after']])),
            new Map(
              mine
                .filter(({ worth }) => worth !== 0)
                .map(({ receipts: [receipt] }) => [receipt.event_id, receipt.total_points]),
            ),
          )
          // Whatever was unlocked was at some time asked for that little.
          const undeserved = await game.rows(
            `SELECT 1 FROM user_achievements AS u WHERE u.business_id = $1 AND $2 < (
              SELECT min((v.content->>'required_points')::bigint) FROM definition_versions AS v
              WHERE v.definition_id = u.achievement_id)`,
            [business.id, standing['highest_points']],
          )
          assert.deepEqual(undeserved, [])
          // Everything that was unlocked was announced, be it by an award or by an edit.
          assert.equal(
            (await game.announced(business.id, 'achievement')).length,
            await game.counted('user_achievements', 'business_id = $1', [business.id]),
          )
        }
      },
    ),
    { numRuns: 8 },
  )
})
