import type pg from 'pg'
import { z } from 'zod'
import { newId } from '../platform/ids.ts'
import { businessChunks, countBusinesses } from './business-chunks.ts'
import { createFindings, type Difference, differencesOf, lineOf } from './differences.ts'
import { ledgerDoubts } from './ledger-doubts.ts'
import { withOperatorClient } from './operator-client.ts'
import { createProgress, type Progress } from './progress.ts'
import { among, between, wrongStanding, type WrongStanding, wrongStandings } from './standing-truth.ts'

const CHUNK = 20_000
// Awards of these businesses wait for each other's repair, so they are few at a time.
const REPAIRED_AT_ONCE = 500

/** Rebuilding is what was put right and what could not be, by count and by the first hundred lines of each. */
export type Rebuilding = {
  businesses: number
  repaired: number
  changes: { count: number; lines: string[] }
  left: { count: number; lines: string[] }
}

type RebuildOptions = { connection: pg.PoolConfig; progress?: (total: number) => Progress; chunk?: number }

/**
 * rebuild puts right what verify finds, from the ledger and the definitions, a few businesses at a time under the locks
 * that awards take. It changes no points and removes no entry: standings and running sums are written anew, achievements
 * that were reached are unlocked and announced, and unlocks that no version of their achievement ever allowed are taken
 * back. Where the ledger itself cannot be right, the business is left as it is for a person to look at.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilding> {
  const { chunk = CHUNK } = options
  return withOperatorClient({ connection: options.connection, name: 'rebuild' }, async (client) => {
    await client.query("SET work_mem = '64MB'; SET enable_seqscan = off; SET jit = off")
    const businesses = await countBusinesses(client)
    const progress = (options.progress ?? ((total) => createProgress({ label: 'rebuild', total, unit: 'businesses' })))(
      businesses,
    )
    const changes = createFindings()
    const left = createFindings()
    let repaired = 0
    for await (const part of businessChunks(client, chunk)) {
      const disputed = new Set<string>()
      for (const difference of await ledgerDoubts(client, part)) {
        disputed.add(difference.businessId)
        left.add(lineOf(difference))
      }
      const found = await client.query(wrongStandings(between), [part.after, part.upTo])
      const ids = z
        .array(wrongStanding)
        .parse(found.rows)
        .map((wrong) => wrong.business_id)
      for (let at = 0; at < ids.length; at += REPAIRED_AT_ONCE) {
        const outcome = await repair(client, ids.slice(at, at + REPAIRED_AT_ONCE), disputed)
        repaired += outcome.repaired
        for (const difference of outcome.changes) changes.add(lineOf(difference))
        for (const difference of outcome.left) left.add(lineOf(difference))
      }
      progress.advance(part.size)
    }
    progress.done()
    const summary = ({ count, lines }: typeof changes) => ({ count, lines })
    return { businesses, repaired, changes: summary(changes), left: summary(left) }
  })
}

type Outcome = { repaired: number; changes: Difference[]; left: Difference[] }

async function repair(client: pg.Client, ids: string[], disputed: Set<string>): Promise<Outcome> {
  await client.query('BEGIN')
  try {
    // As awards do: the barrier, then the rows in the order of ids, then a snapshot that is younger than the locks.
    await client.query('SELECT pg_advisory_xact_lock_shared(definitions_barrier())')
    // A new standing is made of the business, which must not change meanwhile.
    const lacking = await client.query(
      `SELECT b.id FROM businesses AS b WHERE b.id = ANY ($1::uuid[])
        AND NOT EXISTS (SELECT FROM business_standings AS s WHERE s.business_id = b.id)
      ORDER BY b.id FOR SHARE OF b`,
      [ids],
    )
    const made = await client.query(
      `INSERT INTO business_standings (business_id, reached_at, on_board, owner_id, time_zone)
      SELECT b.id, b.created_at, b.board_visibility <> 'hidden' AND b.erased_at IS NULL,
        CASE WHEN b.erased_at IS NULL THEN b.user_id END, b.time_zone
      FROM businesses AS b WHERE b.id = ANY ($1::uuid[]) ORDER BY b.id ON CONFLICT DO NOTHING RETURNING business_id`,
      [lacking.rows.map(({ id }) => id)],
    )
    const added = z.array(z.object({ business_id: z.string() })).parse(made.rows)
    await client.query(
      'SELECT FROM business_standings WHERE business_id = ANY ($1::uuid[]) ORDER BY business_id FOR NO KEY UPDATE',
      [ids],
    )
    const { rows } = await client.query(wrongStandings(among), [ids])
    const outcome = sortOut(z.array(wrongStanding).parse(rows), disputed)
    for (const { business_id } of added) {
      outcome.changes.push({ businessId: business_id, kind: 'standing', text: 'there was none' })
      outcome.repaired.add(business_id)
    }
    if (outcome.repairable.length > 0) await write(client, outcome.repairable)
    await client.query('COMMIT')
    return { repaired: outcome.repaired.size, changes: outcome.changes, left: outcome.left }
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

// A ledger that falls below 0 has no right total, and where it lacks what an event awarded, an unlock may well have been
// earned by what is missing.
function sortOut(wrong: WrongStanding[], disputed: Set<string>) {
  const repairable: WrongStanding[] = []
  const changes: Difference[] = []
  const left: Difference[] = []
  for (const standing of wrong) {
    if (standing.lowest_points < 0) {
      left.push(...differencesOf(standing))
      continue
    }
    const keeps = disputed.has(standing.business_id) ? standing.unearned_unlocks : []
    left.push(...differencesOf(standing).filter(({ kind }) => kind === 'unlock_unearned' && keeps.length > 0))
    const repaired = keeps.length > 0 ? { ...standing, unearned_unlocks: [] } : standing
    const found = differencesOf(repaired)
    if (found.length === 0) continue
    repairable.push(repaired)
    changes.push(...found)
  }
  return { repairable, repaired: new Set(repairable.map(({ business_id }) => business_id)), changes, left }
}

async function write(client: pg.Client, wrong: WrongStanding[]): Promise<void> {
  const ids = wrong.map((standing) => standing.business_id)
  const right = JSON.stringify(wrong)
  await client.query(
    `UPDATE business_standings AS s
    SET total_points = x.total_points, highest_points = x.highest_points, level_id = x.level_id, on_board = x.on_board,
      owner_id = x.owner_id, time_zone = x.time_zone, sequence = greatest(s.sequence, x.least_sequence),
      reached_at = coalesce(x.reached_at, s.reached_at)
    FROM jsonb_to_recordset($1) AS x (business_id uuid, total_points bigint, highest_points bigint, level_id uuid,
      on_board boolean, owner_id uuid, time_zone text, least_sequence bigint, reached_at timestamptz)
    WHERE s.business_id = x.business_id`,
    [right],
  )
  await client.query(
    `UPDATE ledger_entries AS l SET total_after = x.running
    FROM (SELECT id, sum(points) OVER (PARTITION BY business_id ORDER BY sequence) AS running
      FROM ledger_entries WHERE business_id = ANY ($1::uuid[])) AS x
    WHERE l.id = x.id AND l.total_after <> x.running`,
    [wrong.filter((standing) => standing.broken_entries > 0).map((standing) => standing.business_id)],
  )
  await client.query(
    `DELETE FROM user_achievements AS u
    USING jsonb_to_recordset($1) AS x (business_id uuid, unearned_unlocks jsonb)
    WHERE u.business_id = x.business_id AND x.unearned_unlocks ? u.achievement_id::text`,
    [right],
  )
  // Unlocks what is due and announces it, as after any edit of the definitions.
  await client.query('SELECT FROM judge_standings($1::uuid[])', [ids])
  // Boards in memory take a standing of the same sequence anew only when they are told to look.
  await client.query('INSERT INTO board_changes (business_id) SELECT unnest($1::uuid[])', [ids])
  await client.query(
    `INSERT INTO audit_entries (id, actor_kind, action, subject_type, subject_id, before, after)
    SELECT x.id, 'command', 'standing.rebuild', 'business', x.subject_id, x.before, x.after
    FROM jsonb_to_recordset($1) AS x (id uuid, subject_id uuid, before jsonb, after jsonb)`,
    [JSON.stringify(wrong.map(auditOf))],
  )
}

function auditOf({ business_id, stated, ...right }: WrongStanding) {
  const { total_points, highest_points, level_id, on_board, owner_id, time_zone } = right
  return {
    id: newId(),
    subject_id: business_id,
    before: stated && {
      total_points: stated.total_points,
      highest_points: stated.highest_points,
      level_id: stated.level_id,
      on_board: stated.on_board,
      owner_id: stated.owner_id,
      time_zone: stated.time_zone,
    },
    after: {
      total_points,
      highest_points,
      level_id,
      on_board,
      owner_id,
      time_zone,
      unlocked: right.missing_unlocks,
      taken_back: right.unearned_unlocks,
    },
  }
}
