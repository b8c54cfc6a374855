import { to as copyTo } from 'pg-copy-streams'
import type pg from 'pg'
import { z } from 'zod'
import type { BoardBusiness } from './board-table.ts'
import { type CopyRow, readCopyRows } from './copy-rows.ts'

const visibility = z.enum(['shown', 'alias', 'hidden'])

const stateRow = z.object({
  business_id: z.string(),
  user_id: z.string().nullable(),
  business_name: z.string(),
  user_name: z.string(),
  board_visibility: visibility,
  total_points: z.number(),
  reached_at_us: z.number(),
  sequence: z.number(),
  achievements_count: z.number(),
})

const newsRow = z.object({
  until: z.string(),
  revision: z.number(),
  changed: z.array(z.tuple([z.string(), z.number().nullable()])),
})

const levelRow = z.object({
  id: z.string(),
  name: z.string(),
  icon: z.string().nullable(),
  required_points: z.number(),
})

/** BoardLevel is a rung, as the board and standings show it. */
export type BoardLevel = z.output<typeof levelRow>

/** BoardNews is what changed since a bound; see the database function board_news. */
export type BoardNews = z.output<typeof newsRow>

/**
 * The same as the view board_businesses, with the unlocks counted once for all instead of once a business. They are held
 * against the deleted achievements, which are few, row by row. Example row:
 * (business, owner, 'Warung Sari', 'Sari Dewi', 'shown', 120, 2026-11-22 08:00:00+00, 14, 3)
 */
const EVERYTHING = `
  COPY (
    SELECT s.business_id, b.user_id, b.business_name, coalesce(owner.name, ''), b.board_visibility, s.total_points,
      s.reached_at, s.sequence, coalesce(unlocked.count, 0)::integer
    FROM business_standings AS s
    JOIN businesses AS b ON b.id = s.business_id
    LEFT JOIN users AS owner ON owner.id = b.user_id
    LEFT JOIN (
      SELECT u.business_id, count(*) AS count FROM user_achievements AS u
      WHERE u.achievement_id <> ALL (ARRAY (SELECT id FROM achievements WHERE deleted_at IS NOT NULL))
      GROUP BY u.business_id
    ) AS unlocked ON unlocked.business_id = s.business_id
  ) TO STDOUT (FORMAT binary)`

const STATES = `
  SELECT business_id, user_id, business_name, user_name, board_visibility, total_points, sequence, achievements_count,
    (extract(epoch FROM reached_at) * 1000000)::bigint AS reached_at_us
  FROM board_businesses WHERE business_id = ANY ($1)`

/** createBoardFeed reads what the board is made of. */
export function createBoardFeed(pool: pg.Pool) {
  return {
    /**
     * beginning is where news have to start for someone who reads everything after this call, and about how many
     * businesses there are, as far as the planner knows.
     */
    async beginning(): Promise<{ bound: string; businesses: number }> {
      const { rows } = await pool.query(`
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS bound, greatest(reltuples, 0)::integer AS businesses
        FROM pg_class WHERE oid = 'business_standings'::regclass`)
      return z.object({ bound: z.string(), businesses: z.number() }).parse(rows[0])
    },

    /** everything streams a row for every business to `onRow`, in no order; its fields are those of EVERYTHING. */
    async everything(onRow: (row: CopyRow) => void): Promise<void> {
      const client = await pool.connect()
      try {
        await client.query('SET statement_timeout = 0')
        await readCopyRows(client.query(copyTo(EVERYTHING)), onRow)
      } finally {
        // The connection is not given back: its settings are not the pool's.
        client.release(true)
      }
    },

    /** businesses reads the present state of these businesses. */
    async businesses(ids: string[]): Promise<BoardBusiness[]> {
      const { rows } = await pool.query({ name: 'board_states', text: STATES, values: [ids] })
      return z
        .array(stateRow)
        .parse(rows)
        .map((row) => ({
          businessId: row.business_id,
          userId: row.user_id,
          businessName: row.business_name,
          userName: row.user_name,
          visibility: row.board_visibility,
          totalPoints: row.total_points,
          reachedAtUs: row.reached_at_us,
          sequence: row.sequence,
          achievementsCount: row.achievements_count,
        }))
    },

    /** news tells which businesses changed since a bound, by other transactions than those known. */
    async news(since: string, known: string[]): Promise<BoardNews> {
      const { rows } = await pool.query({
        name: 'board_news',
        text: 'SELECT until::text, revision, changed FROM board_news($1::text::xid8, $2::text[]::xid8[])',
        values: [since, known],
      })
      return newsRow.parse(rows[0])
    },

    /** forget drops the notes that every follower has long read: those older than a day. */
    async forget(): Promise<void> {
      await pool.query("DELETE FROM board_changes WHERE created_at < now() - interval '1 day'")
    },

    /** levels are the rungs, lowest first. */
    async levels(): Promise<BoardLevel[]> {
      const { rows } = await pool.query(
        'SELECT id, name, icon, required_points FROM business_levels ORDER BY required_points',
      )
      return z.array(levelRow).parse(rows)
    },

    /** deletedAchievements are those that no longer count. */
    async deletedAchievements(): Promise<string[]> {
      const { rows } = await pool.query('SELECT id FROM achievements WHERE deleted_at IS NOT NULL')
      return z
        .array(z.object({ id: z.string() }))
        .parse(rows)
        .map((row) => row.id)
    },

    /** holdersOf are the businesses that earned one of these achievements. */
    async holdersOf(achievementIds: string[]): Promise<string[]> {
      const { rows } = await pool.query(
        'SELECT DISTINCT business_id FROM user_achievements WHERE achievement_id = ANY ($1)',
        [achievementIds],
      )
      return z
        .array(z.object({ business_id: z.string() }))
        .parse(rows)
        .map((row) => row.business_id)
    },
  }
}

export type BoardFeed = ReturnType<typeof createBoardFeed>
