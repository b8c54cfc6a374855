import type pg from 'pg'
import { z } from 'zod'
import type { BoardPlace, HypotheticalPlace } from './board/board.ts'

/**
 * BoardRow is a place on the board. Rank is standard competition rank (1, 2, 2, 4) by total points; rows of one rank are
 * listed by when the total was reached, then by id.
 */
const boardRow = z.object({
  rank: z.number(),
  business_id: z.string(),
  business_name: z.string(),
  board_visibility: z.enum(['shown', 'alias', 'hidden']),
  total_points: z.number(),
  level_name: z.string().nullable(),
  achievements_count: z.number(),
  user_id: z.string().nullable(),
  user_name: z.string().nullable(),
})
export type BoardRow = z.output<typeof boardRow>

const placeRow = z.object({
  total_points: z.number(),
  level: z
    .object({ id: z.string(), name: z.string(), icon: z.string().nullable(), required_points: z.number() })
    .nullable(),
  next_level: z
    .object({ id: z.string(), name: z.string(), icon: z.string().nullable(), required_points: z.number() })
    .nullable(),
  rank: z.number().nullable(),
  ranked: z.number(),
  next_total: z.number().nullable(),
  following_total: z.number().nullable(),
})

const hypotheticalRow = placeRow.omit({ following_total: true })

const rankRow = z.object({ business_id: z.string(), rank: z.number().nullable() })

// The top of the board and, where it is not among them, one business of the asking person with its true rank: one
// statement, so one snapshot, and the two can never disagree. $1 limit, $2 the person, $3 the business they named.
const BOARD = `
  WITH top AS (
    SELECT s.business_id, s.total_points, s.reached_at, rank() OVER (ORDER BY s.total_points DESC) AS rank
    FROM business_standings AS s WHERE s.on_board
    ORDER BY s.total_points DESC, s.reached_at, s.business_id
    LIMIT $1
  ),
  own AS (
    SELECT s.business_id, s.total_points, s.reached_at, 1 + (
      SELECT count(*) FROM business_standings AS above WHERE above.on_board AND above.total_points > s.total_points
    ) AS rank
    FROM business_standings AS s
    WHERE s.on_board AND s.business_id = accessible_business($2, $3)
      AND NOT EXISTS (SELECT FROM top WHERE top.business_id = s.business_id)
  )
  SELECT place.rank, place.business_id, b.business_name, b.board_visibility, place.total_points, level.name AS level_name,
    (SELECT count(*) FROM user_achievements AS u JOIN achievements AS a ON a.id = u.achievement_id
      WHERE u.business_id = place.business_id AND a.deleted_at IS NULL) AS achievements_count,
    b.user_id, owner.name AS user_name
  FROM (SELECT *, 0 AS part FROM top UNION ALL SELECT *, 1 FROM own) AS place
  JOIN businesses AS b ON b.id = place.business_id
  LEFT JOIN users AS owner ON owner.id = b.user_id
  LEFT JOIN business_levels AS level ON level.id = level_for_points(place.total_points)
  ORDER BY place.part, place.total_points DESC, place.reached_at, place.business_id`

// Where one business stands: its level and the next, its rank, and the totals just above and below it on the board.
const PLACE = `
  SELECT s.total_points, to_jsonb(level) AS level, to_jsonb(next_level) AS next_level,
    CASE WHEN s.on_board THEN 1 + (
      SELECT count(*) FROM business_standings AS o WHERE o.on_board AND o.total_points > s.total_points) END AS rank,
    (SELECT count(*) FROM business_standings AS o WHERE o.on_board) AS ranked,
    CASE WHEN s.on_board THEN (SELECT o.total_points FROM business_standings AS o
      WHERE o.on_board AND o.total_points > s.total_points ORDER BY o.total_points LIMIT 1) END AS next_total,
    CASE WHEN s.on_board THEN (SELECT o.total_points FROM business_standings AS o
      WHERE o.on_board AND o.total_points < s.total_points ORDER BY o.total_points DESC LIMIT 1) END AS following_total
  FROM business_standings AS s
  LEFT JOIN LATERAL (
    SELECT l.id, l.name, l.icon, l.required_points FROM business_levels AS l
    WHERE l.required_points <= s.total_points ORDER BY l.required_points DESC LIMIT 1
  ) AS level ON true
  LEFT JOIN LATERAL (
    SELECT l.id, l.name, l.icon, l.required_points FROM business_levels AS l
    WHERE l.required_points > s.total_points ORDER BY l.required_points LIMIT 1
  ) AS next_level ON true
  WHERE s.business_id = $1`

// Where one business would stand with $2 more points; its own row has fewer, so it never stands above itself.
const PLACE_WITH = `
  SELECT s.total_points + $2::bigint AS total_points, to_jsonb(level) AS level, to_jsonb(next_level) AS next_level,
    CASE WHEN s.on_board THEN 1 + (
      SELECT count(*) FROM business_standings AS o WHERE o.on_board AND o.total_points > s.total_points + $2::bigint
    ) END AS rank,
    (SELECT count(*) FROM business_standings AS o WHERE o.on_board) AS ranked,
    CASE WHEN s.on_board THEN (SELECT o.total_points FROM business_standings AS o
      WHERE o.on_board AND o.total_points > s.total_points + $2::bigint ORDER BY o.total_points LIMIT 1) END AS next_total
  FROM business_standings AS s
  LEFT JOIN LATERAL (
    SELECT l.id, l.name, l.icon, l.required_points FROM business_levels AS l
    WHERE l.required_points <= s.total_points + $2::bigint ORDER BY l.required_points DESC LIMIT 1
  ) AS level ON true
  LEFT JOIN LATERAL (
    SELECT l.id, l.name, l.icon, l.required_points FROM business_levels AS l
    WHERE l.required_points > s.total_points + $2::bigint ORDER BY l.required_points LIMIT 1
  ) AS next_level ON true
  WHERE s.business_id = $1`

const RANKS = `
  SELECT s.business_id, CASE WHEN s.on_board THEN 1 + (
    SELECT count(*) FROM business_standings AS o WHERE o.on_board AND o.total_points > s.total_points) END AS rank
  FROM business_standings AS s WHERE s.business_id = ANY ($1)`

/** Ranking reads ranks from the database: what answers until the board in memory is warm. It counts rows, and so is slow. */
export type Ranking = {
  board(options: { limit: number; userId: string; businessId: string | undefined }): Promise<BoardRow[]>
  /** placeOf is undefined for a business that does not exist; rank is null off the board. */
  placeOf(businessId: string): Promise<BoardPlace | undefined>
  /** placeWith is placeOf with so many more points, if all others stayed where they are. */
  placeWith(businessId: string, morePoints: number): Promise<HypotheticalPlace | undefined>
  /** ranksOf gives the ranks of several businesses in one round trip; null off the board. */
  ranksOf(businessIds: string[]): Promise<Map<string, number | null>>
}

/** createRanking reads ranks from the standings' own index, in one snapshot a call. */
export function createRanking(pool: pg.Pool): Ranking {
  return {
    async board({ limit, userId, businessId }) {
      const { rows } = await pool.query({ name: 'board', text: BOARD, values: [limit, userId, businessId ?? null] })
      return z.array(boardRow).parse(rows)
    },
    async placeOf(businessId) {
      const { rows } = await pool.query({ name: 'place', text: PLACE, values: [businessId] })
      if (rows.length === 0) return undefined
      const { total_points, next_level, next_total, following_total, ...place } = placeRow.parse(rows[0])
      return {
        ...place,
        totalPoints: total_points,
        nextLevel: next_level,
        totalAbove: next_total,
        totalBelow: following_total,
      }
    },
    async placeWith(businessId, morePoints) {
      const { rows } = await pool.query({ name: 'place_with', text: PLACE_WITH, values: [businessId, morePoints] })
      if (rows.length === 0) return undefined
      const { total_points, next_level, next_total, ...place } = hypotheticalRow.parse(rows[0])
      return { ...place, totalPoints: total_points, nextLevel: next_level, totalAbove: next_total }
    },
    async ranksOf(businessIds) {
      const { rows } = await pool.query({ name: 'ranks', text: RANKS, values: [[...new Set(businessIds)]] })
      return new Map(
        z
          .array(rankRow)
          .parse(rows)
          .map((row) => [row.business_id, row.rank]),
      )
    },
  }
}
