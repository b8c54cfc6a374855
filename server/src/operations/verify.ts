import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { z } from 'zod'
import { businessChunks, countBusinesses } from './business-chunks.ts'
import { createFindings, differencesOf, lineOf } from './differences.ts'
import { ledgerDoubts } from './ledger-doubts.ts'
import { withOperatorClient } from './operator-client.ts'
import { createProgress, type Progress } from './progress.ts'
import { between, wrongStanding, type WrongStanding, wrongStandings } from './standing-truth.ts'

const CHUNK = 20_000
const PATIENCE_MS = 15_000
const POLL_MS = 100

/** Verification is what a look at everything found. */
export type Verification = {
  businesses: number
  /** How many things are wrong; `lines` names the first hundred. */
  count: number
  lines: string[]
  /** Levels or achievements were edited and not everyone has been judged by them yet. */
  isReevaluationDue: boolean
}

type VerifyOptions = {
  connection: pg.PoolConfig
  progress?: (total: number) => Progress
  /** How long to wait for a server to finish judging everyone after an edit. */
  patienceMs?: number
  /** Businesses looked at by one statement. */
  chunk?: number
}

/**
 * verify recomputes everything that is derived from the ledger and the definitions, in one snapshot that writes nothing
 * and blocks nobody, and lists what differs. Awards may go on meanwhile.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { patienceMs = PATIENCE_MS, chunk = CHUNK } = options
  return withOperatorClient({ connection: options.connection, name: 'verify' }, async (client) => {
    const isReevaluationDue = await openSnapshot(client, Date.now() + patienceMs)
    const businesses = await countBusinesses(client)
    const progress = (options.progress ?? ((total) => createProgress({ label: 'verify', total, unit: 'businesses' })))(
      businesses,
    )
    const findings = createFindings()
    const misplaced: WrongStanding[] = []
    for await (const part of businessChunks(client, chunk)) {
      const standings = await client.query(wrongStandings(between), [part.after, part.upTo])
      for (const wrong of z.array(wrongStanding).parse(standings.rows)) {
        for (const difference of differencesOf(wrong)) findings.add(lineOf(difference))
        if (isMisplaced(wrong)) misplaced.push(wrong)
      }
      for (const difference of await ledgerDoubts(client, part)) findings.add(lineOf(difference))
      progress.advance(part.size)
    }
    if (misplaced.length > 0) for await (const line of wrongRanks(client, misplaced)) findings.add(line)
    progress.done()
    await client.query('COMMIT')
    return { businesses, count: findings.count, lines: findings.lines, isReevaluationDue }
  })
}

// Sorting and hashing a chunk fits into this; more would only be reserved.
const MEMORY = '64MB'

/** openSnapshot begins the snapshot when nobody is waiting to be judged, or when patience ends; it answers whether somebody is. */
async function openSnapshot(client: pg.Client, deadline: number): Promise<boolean> {
  for (;;) {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL work_mem = '${MEMORY}'`)
    // Right after a restore nothing is known of the tables' sizes, and a chunk is a small part of any large table.
    await client.query('SET LOCAL enable_seqscan = off; SET LOCAL jit = off')
    const { rows } = await client.query('SELECT revision > evaluated_revision AS due FROM definition_changes')
    const isDue = z.array(z.object({ due: z.boolean() })).parse(rows)[0]?.due ?? false
    if (!isDue || Date.now() >= deadline) return isDue
    await client.query('ROLLBACK')
    await delay(POLL_MS)
  }
}

const isMisplaced = ({ stated, total_points, on_board }: WrongStanding) =>
  stated === null || stated.total_points !== total_points || stated.on_board !== on_board

const wrongRank = z.object({ business_id: z.string(), stated: z.number().nullable(), due: z.number().nullable() })

/**
 * wrongRanks compares every rank on the board as it is with the one by the ledger's totals. Ranks are stored nowhere, so
 * they differ only where a total or a place on the board does, for that business and for those it stands between.
 */
async function* wrongRanks(client: pg.Client, misplaced: WrongStanding[]): AsyncGenerator<string> {
  const corrected = misplaced.map(({ business_id, total_points, on_board }) => ({
    business_id,
    total_points,
    on_board,
  }))
  await client.query(
    `DECLARE wrong_ranks NO SCROLL CURSOR FOR
    WITH corrected AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset($1) AS c (business_id uuid, total_points bigint, on_board boolean)
    ),
    placed AS (
      SELECT b.id AS business_id,
        CASE WHEN s.on_board THEN rank() OVER (PARTITION BY s.on_board ORDER BY s.total_points DESC) END AS stated,
        CASE WHEN coalesce(c.on_board, s.on_board) THEN rank() OVER (PARTITION BY coalesce(c.on_board, s.on_board)
          ORDER BY coalesce(c.total_points, s.total_points) DESC) END AS due
      FROM businesses AS b
      LEFT JOIN business_standings AS s ON s.business_id = b.id
      LEFT JOIN corrected AS c ON c.business_id = b.id
    )
    SELECT business_id, stated, due FROM placed WHERE stated IS DISTINCT FROM due ORDER BY due, business_id`,
    [JSON.stringify(corrected)],
  )
  for (;;) {
    const { rows } = await client.query('FETCH 10000 FROM wrong_ranks')
    if (rows.length === 0) return
    for (const { business_id, stated, due } of z.array(wrongRank).parse(rows))
      yield lineOf({
        businessId: business_id,
        kind: 'rank',
        text: `is ${stated ?? 'none'}, the ledger makes ${due ?? 'none'}`,
      })
  }
}
