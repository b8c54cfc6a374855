import pg from 'pg'
import { EVENT } from './awards.ts'
import { readBoard } from './board-client.ts'
import { ownerToken } from './owner-token.ts'
import type { BenchServer } from './processes.ts'
import { seededId } from './seed.ts'

type WrongOptions = {
  databaseUrl: string
  /** Awards that callers were told of. */
  acknowledged: number
  board?: { server: BenchServer; secretKey: string; businesses: number }
}

const SAMPLE = 200

/**
 * countWrong counts what must never be: awards lost or doubled, totals that are not the sum of their ledger, levels and
 * unlocks that do not follow from the total, and ranks from memory that differ from counting rows.
 */
export async function countWrong({ databaseUrl, acknowledged, board }: WrongOptions): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const one = async (sql: string, values: unknown[] = []) => Number((await client.query(sql, values)).rows[0].count)
    const stored = await one('SELECT count(*) FROM events WHERE type = $1', [EVENT])
    const entered = await one('SELECT count(*) FROM ledger_entries WHERE type = $1', [EVENT])
    const sums = await one(
      `SELECT count(*) FROM business_standings AS s
       LEFT JOIN (SELECT business_id, sum(points) AS sum FROM ledger_entries GROUP BY business_id) AS l USING (business_id)
       WHERE s.total_points <> coalesce(l.sum, 0) OR s.level_id IS DISTINCT FROM level_for_points(s.total_points)`,
    )
    const unlocks = await one(
      `SELECT count(*) FROM business_standings AS s JOIN achievements AS a
         ON a.required_points <= s.highest_points AND a.deleted_at IS NULL
       LEFT JOIN user_achievements AS u ON u.business_id = s.business_id AND u.achievement_id = a.id
       WHERE u.business_id IS NULL`,
    )
    const ranks = board ? await countWrongRanks(client, board) : 0
    return Math.abs(stored - acknowledged) + Math.abs(entered - acknowledged) + sums + unlocks + ranks
  } finally {
    await client.end()
  }
}

async function countWrongRanks(client: pg.Client, board: NonNullable<WrongOptions['board']>): Promise<number> {
  let wrong = 0
  const { rows: top } = await client.query(
    'SELECT business_id FROM business_standings WHERE on_board ORDER BY total_points DESC, reached_at, business_id LIMIT 10',
  )
  for (let index = 0; index < SAMPLE; index++) {
    const n = 1 + Math.floor(Math.random() * board.businesses)
    const entries = await readBoard(board.server, ownerToken(board.secretKey, n))
    if (top.some((row, place) => row.business_id !== entries[place]?.business_id)) wrong++
    const own = entries.find((entry) => entry.is_current_user)
    const { rows } = await client.query(
      `SELECT s.total_points, 1 + (SELECT count(*) FROM business_standings AS o
         WHERE o.on_board AND o.total_points > s.total_points) AS rank
       FROM business_standings AS s WHERE s.business_id = $1`,
      [seededId.business(n)],
    )
    if (own?.rank !== rows[0].rank || own?.total_points !== rows[0].total_points) wrong++
  }
  return wrong
}
