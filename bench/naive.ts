import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/** Award is one event of the baseline: who gets how many points. */
export type NaiveAward = { businessId: string; eventId: string; points: number }

/** BOARD_INDEX is what a service that counts rows for its ranks has; ours needs none, and its database has none. */
export const BOARD_INDEX = {
  create: 'CREATE INDEX naive_board ON business_standings (total_points DESC, reached_at, business_id) WHERE on_board',
  drop: 'DROP INDEX naive_board',
}

let sequence = 1_000_000

/**
 * naiveAward awards as a typical service does it: one autocommit statement after the other, with the arithmetic in the
 * program. It is the pinned baseline of every award measure; it loses updates under concurrency, and has no receipts, no
 * caps, no idempotency and no announcements. Its entries are of the one event that the seed left.
 */
export async function naiveAward(pool: pg.Pool, award: NaiveAward): Promise<void> {
  const { rows: businesses } = await pool.query(
    'SELECT b.id, b.user_id, s.total_points, s.level_id FROM businesses b JOIN business_standings s ON s.business_id = b.id WHERE b.id = $1',
    [award.businessId],
  )
  const business = businesses[0]
  const total = business.total_points + award.points
  await pool.query(
    `INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, occurred_at, created_at)
     VALUES ($1, $2, $3, $4, 'naive', $5, $6, now(), now())`,
    [randomUUID(), award.businessId, sequence++, award.eventId, award.points, total],
  )
  await pool.query('UPDATE business_standings SET total_points = $1, reached_at = now() WHERE business_id = $2', [
    total,
    award.businessId,
  ])
  const { rows: levels } = await pool.query('SELECT id, required_points FROM business_levels ORDER BY required_points')
  const level = levels.findLast((candidate) => candidate.required_points <= total)
  await pool.query('UPDATE business_standings SET level_id = $1 WHERE business_id = $2', [
    level?.id ?? null,
    award.businessId,
  ])
  const { rows: achievements } = await pool.query(
    'SELECT id, required_points FROM achievements WHERE deleted_at IS NULL ORDER BY required_points',
  )
  const { rows: unlocks } = await pool.query('SELECT achievement_id FROM user_achievements WHERE business_id = $1', [
    award.businessId,
  ])
  const unlocked = new Set(unlocks.map((unlock) => unlock.achievement_id))
  for (const achievement of achievements) {
    if (achievement.required_points > total || unlocked.has(achievement.id)) continue
    await pool.query(
      'INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at) VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING',
      [award.businessId, achievement.id, business.user_id],
    )
  }
}

/**
 * naiveLeaderboard reads the board as a typical service does it: the top 10 joined, one COUNT an entry for achievements,
 * and a COUNT of everyone above for the own rank, all with indexes.
 */
export async function naiveLeaderboard(pool: pg.Pool, userId: string): Promise<unknown[]> {
  const { rows: entries } = await pool.query(
    `SELECT s.business_id, b.business_name, s.total_points, l.name AS level_name, b.user_id, u.name AS user_name
     FROM business_standings s JOIN businesses b ON b.id = s.business_id JOIN users u ON u.id = b.user_id
     LEFT JOIN business_levels l ON l.id = s.level_id
     WHERE s.on_board ORDER BY s.total_points DESC, s.reached_at, s.business_id LIMIT 10`,
  )
  const { rows: own } = await pool.query(
    `SELECT s.business_id, b.business_name, s.total_points, l.name AS level_name, b.user_id, u.name AS user_name
     FROM businesses b JOIN business_standings s ON s.business_id = b.id JOIN users u ON u.id = b.user_id
     LEFT JOIN business_levels l ON l.id = s.level_id WHERE b.user_id = $1 ORDER BY b.id LIMIT 1`,
    [userId],
  )
  const listed = [...entries, ...own.filter((row) => entries.every((entry) => entry.business_id !== row.business_id))]
  for (const [index, entry] of listed.entries()) {
    const { rows: counted } = await pool.query('SELECT count(*) FROM user_achievements WHERE business_id = $1', [
      entry.business_id,
    ])
    entry.achievements_count = counted[0].count
    entry.rank = index + 1
    entry.is_current_user = entry.user_id === userId
  }
  const last = listed.at(-1)
  if (last !== undefined && listed.length > entries.length) {
    const { rows: above } = await pool.query(
      'SELECT count(*) FROM business_standings WHERE on_board AND total_points > $1',
      [last.total_points],
    )
    last.rank = above[0].count + 1
  }
  return listed
}
