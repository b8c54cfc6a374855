import { z } from 'zod'

/** Scope narrows a statement to some businesses: it answers a condition on the column that it is given. */
export type Scope = (column: string) => string

/** between is the scope of the ids above $1 and up to $2. */
export const between: Scope = (column) => `${column} > $1 AND ${column} <= $2`

/** among is the scope of the ids in the array $1. */
export const among: Scope = (column) => `${column} = ANY ($1::uuid[])`

/** wrongStanding is a business whose derived rows are not what the ledger and the definitions say. */
export const wrongStanding = z.object({
  business_id: z.string(),
  /** What the standing says; null where there is no standing at all. */
  stated: z
    .object({
      total_points: z.number(),
      highest_points: z.number(),
      level_id: z.string().nullable(),
      sequence: z.number(),
      on_board: z.boolean(),
      owner_id: z.string().nullable(),
      time_zone: z.string(),
      reached_at: z.string(),
    })
    .nullable(),
  total_points: z.number(),
  highest_points: z.number(),
  level_id: z.string().nullable(),
  on_board: z.boolean(),
  /** Of the business: null once it was erased. */
  owner_id: z.string().nullable(),
  time_zone: z.string(),
  /** The least that the sequence may be, or an announcement would take the place of an older one. */
  least_sequence: z.number(),
  /** When the last entry made the total; null without entries, and where the standing agrees. */
  reached_at: z.string().nullable(),
  lowest_points: z.number(),
  broken_entries: z.number(),
  broken_at: z.number().nullable(),
  missing_unlocks: z.array(z.string()),
  unearned_unlocks: z.array(z.string()),
})
export type WrongStanding = z.output<typeof wrongStanding>

/**
 * wrongStandings is the one statement of what is right: it answers a WrongStanding for every business in scope that is
 * not. Verifying lists them, and rebuilding writes what they should be.
 *
 * Totals are running sums over a business's entries in their order; a level is the highest one that the total reaches; an
 * achievement is due when the highest running sum reaches it, unless the business was erased, and was never earned when
 * that sum reaches no version of it. The sequence may run ahead of the ledger, since judging announces too, but must
 * not lag. Counting by width_bucket in sorted thresholds keeps this one pass over each table.
 * Example row: {business_id: '0190…', total_points: 35, stated: {total_points: 30, …}, missing_unlocks: ['0190…'], …}
 */
export function wrongStandings(within: Scope): string {
  return `
  WITH definitions AS MATERIALIZED (
    SELECT
      (SELECT coalesce(array_agg(required_points::bigint ORDER BY required_points), '{}') FROM business_levels)
        AS level_points,
      (SELECT coalesce(array_agg(id ORDER BY required_points), '{}') FROM business_levels) AS level_ids,
      (SELECT coalesce(array_agg(required_points::bigint ORDER BY required_points), '{}') FROM achievements
        WHERE deleted_at IS NULL) AS achievement_points
  ),
  achievement AS MATERIALIZED (
    SELECT a.id, a.required_points, a.deleted_at IS NULL AS is_alive,
      least(a.required_points, (SELECT min((v.content->>'required_points')::integer) FROM definition_versions AS v
        WHERE v.definition_id = a.id)) AS least_points
    FROM achievements AS a
  ),
  entry AS (
    SELECT l.business_id, l.sequence, l.total_after, l.created_at, sum(l.points) OVER so_far AS running,
      lead(l.sequence) OVER so_far IS NULL AS is_last
    FROM ledger_entries AS l
    WHERE ${within('l.business_id')}
    WINDOW so_far AS (PARTITION BY l.business_id ORDER BY l.sequence ROWS UNBOUNDED PRECEDING)
  ),
  ledger AS (
    SELECT e.business_id, max(e.running) FILTER (WHERE e.is_last) AS total, greatest(max(e.running), 0) AS highest,
      min(e.running) AS lowest, max(e.sequence) AS sequence, max(e.created_at) FILTER (WHERE e.is_last) AS reached_at,
      count(*) FILTER (WHERE e.total_after <> e.running) AS broken,
      min(e.sequence) FILTER (WHERE e.total_after <> e.running) AS broken_at
    FROM entry AS e GROUP BY e.business_id
  ),
  unlocked AS (
    SELECT u.business_id,
      count(*) FILTER (WHERE a.is_alive AND a.required_points <= coalesce(l.highest, 0)) AS due,
      count(*) FILTER (WHERE a.id IS NULL OR a.least_points > coalesce(l.highest, 0)) AS unearned
    FROM user_achievements AS u
    LEFT JOIN achievement AS a ON a.id = u.achievement_id
    LEFT JOIN ledger AS l ON l.business_id = u.business_id
    WHERE ${within('u.business_id')}
    GROUP BY u.business_id
  ),
  truth AS (
    SELECT b.id AS business_id, b.user_id, coalesce(l.total, 0)::bigint AS total_points,
      coalesce(l.highest, 0)::bigint AS highest_points, coalesce(l.lowest, 0)::bigint AS lowest_points,
      d.level_ids[width_bucket(coalesce(l.total, 0)::bigint, d.level_points)] AS level_id,
      b.board_visibility <> 'hidden' AND b.erased_at IS NULL AS on_board,
      CASE WHEN b.erased_at IS NULL THEN b.user_id END AS owner_id, b.time_zone,
      greatest(l.sequence, 0, (SELECT max(a.sequence) FROM announcements AS a WHERE a.business_id = b.id)) AS least_sequence,
      l.reached_at, coalesce(l.broken, 0) AS broken, l.broken_at,
      b.user_id IS NOT NULL
        AND width_bucket(coalesce(l.highest, 0)::bigint, d.achievement_points) > coalesce(u.due, 0) AS lacks_unlocks,
      coalesce(u.unearned, 0) > 0 AS has_unearned
    FROM businesses AS b
    CROSS JOIN definitions AS d
    LEFT JOIN ledger AS l ON l.business_id = b.id
    LEFT JOIN unlocked AS u ON u.business_id = b.id
    WHERE ${within('b.id')}
  )
  SELECT t.business_id,
    CASE WHEN s.business_id IS NOT NULL THEN jsonb_build_object('total_points', s.total_points, 'highest_points',
      s.highest_points, 'level_id', s.level_id, 'sequence', s.sequence, 'on_board', s.on_board, 'owner_id', s.owner_id,
      'time_zone', s.time_zone, 'reached_at', s.reached_at) END AS stated,
    t.total_points, t.highest_points, t.level_id, t.on_board, t.owner_id, t.time_zone, t.least_sequence,
    CASE WHEN s.reached_at::timestamptz(3) IS DISTINCT FROM t.reached_at THEN to_jsonb(t.reached_at) #>> '{}' END
      AS reached_at,
    t.lowest_points, t.broken AS broken_entries, t.broken_at,
    ARRAY(
      SELECT a.id::text FROM achievement AS a
      WHERE t.lacks_unlocks AND a.is_alive AND a.required_points <= t.highest_points AND NOT EXISTS (
        SELECT FROM user_achievements AS u WHERE u.business_id = t.business_id AND u.achievement_id = a.id)
      ORDER BY a.required_points, a.id
    ) AS missing_unlocks,
    ARRAY(
      SELECT u.achievement_id::text FROM user_achievements AS u LEFT JOIN achievement AS a ON a.id = u.achievement_id
      WHERE t.has_unearned AND u.business_id = t.business_id AND (a.id IS NULL OR a.least_points > t.highest_points)
      ORDER BY a.required_points, u.achievement_id
    ) AS unearned_unlocks
  FROM truth AS t
  LEFT JOIN business_standings AS s ON s.business_id = t.business_id AND ${within('s.business_id')}
  WHERE s.business_id IS NULL OR s.total_points <> t.total_points OR s.highest_points <> t.highest_points
    OR s.level_id IS DISTINCT FROM t.level_id OR s.on_board <> t.on_board OR s.sequence < t.least_sequence
    OR s.owner_id IS DISTINCT FROM t.owner_id OR s.time_zone <> t.time_zone
    -- Entries keep milliseconds, standings microseconds.
    OR s.reached_at::timestamptz(3) <> t.reached_at
    OR t.lowest_points < 0 OR t.broken > 0 OR t.lacks_unlocks OR t.has_unearned
  ORDER BY t.business_id`
}

/** wrongEvent is an event that earned something else than the ledger holds for it. */
export const wrongEvent = z.object({
  business_id: z.string(),
  event_id: z.string(),
  awarded: z.number(),
  entered: z.number(),
})
export type WrongEvent = z.output<typeof wrongEvent>

/**
 * wrongEvents compares what events say they awarded with what the ledger holds for them, reversals aside. No one can tell
 * from the rows which of the two is wrong, so that is a person's to decide.
 */
export function wrongEvents(within: Scope): string {
  return `
  SELECT coalesce(e.business_id, l.business_id) AS business_id, coalesce(e.id, l.event_id) AS event_id,
    coalesce(e.points_awarded, 0) AS awarded, coalesce(l.points, 0) AS entered
  FROM (SELECT id, business_id, points_awarded FROM events AS e
    WHERE ${within('e.business_id')} AND e.points_awarded <> 0) AS e
  FULL JOIN (SELECT l.business_id, l.event_id, sum(l.points) AS points FROM ledger_entries AS l
    WHERE ${within('l.business_id')} AND l.reverses_id IS NULL GROUP BY l.business_id, l.event_id) AS l
    ON l.event_id = e.id AND l.business_id = e.business_id
  WHERE e.points_awarded IS DISTINCT FROM l.points
  ORDER BY 1, 2`
}

/** strayRecord is a business that does not exist, of which there are events, entries or unlocks all the same. */
export const strayRecord = z.object({
  business_id: z.string(),
  events: z.number(),
  entries: z.number(),
  unlocks: z.number(),
})
export type StrayRecord = z.output<typeof strayRecord>

/**
 * strayRecords finds what no foreign key keeps out, since an award checks its business under a lock of its own. The range
 * is said of each table: PostgreSQL would read one of them from its beginning otherwise.
 */
export function strayRecords(within: Scope): string {
  const strays = (table: string) => `
    SELECT x.business_id, '${table}' AS kind FROM ${table} AS x
    WHERE ${within('x.business_id')} AND NOT EXISTS (
      SELECT FROM businesses AS b WHERE b.id = x.business_id AND ${within('b.id')})`
  return `
  SELECT s.business_id, count(*) FILTER (WHERE s.kind = 'events') AS events,
    count(*) FILTER (WHERE s.kind = 'ledger_entries') AS entries,
    count(*) FILTER (WHERE s.kind = 'user_achievements') AS unlocks
  FROM (${['events', 'ledger_entries', 'user_achievements'].map(strays).join(' UNION ALL ')}) AS s
  GROUP BY s.business_id ORDER BY s.business_id`
}
