-- judge_standings brings the named standings in line with the definitions: level = f(total), and every achievement
-- whose required_points the highest total has reached is unlocked and announced. It changes no points, and a second run
-- changes nothing. Answers one row a business: its level, and the titles unlocked just now, lowest first.
CREATE FUNCTION judge_standings(ids uuid[])
RETURNS TABLE (business_id uuid, level_id uuid, level_name text, unlocked text[])
LANGUAGE plpgsql
-- Before PostgreSQL 18 a plan that cannot do without a scan seems so costly that it is compiled, for half a second.
SET jit = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  judged_at timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(definitions_barrier());
  PERFORM 1 FROM business_standings AS s WHERE s.business_id = ANY (ids) ORDER BY s.business_id FOR NO KEY UPDATE;
  judged_at := clock_timestamp();
  RETURN QUERY
  WITH standing AS MATERIALIZED (
    SELECT s.business_id, s.highest_points, s.sequence, s.level_id AS level_before, s.owner_id, level.id AS level_id,
      level.name AS level_name
    FROM unnest(ids) AS asked (id)
    JOIN business_standings AS s ON s.business_id = asked.id
    LEFT JOIN LATERAL (
      SELECT x.id, x.name FROM business_levels AS x WHERE x.required_points <= s.total_points
      ORDER BY x.required_points DESC LIMIT 1
    ) AS level ON true
  ),
  earned AS (
    INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at)
    SELECT s.business_id, a.id, s.owner_id, judged_at
    FROM standing AS s
    JOIN achievements AS a ON a.required_points <= s.highest_points
    WHERE a.deleted_at IS NULL AND s.owner_id IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM user_achievements AS u WHERE u.business_id = s.business_id AND u.achievement_id = a.id)
    ON CONFLICT DO NOTHING
    RETURNING business_id, achievement_id
  ),
  news AS MATERIALIZED (
    SELECT e.business_id, a.id, a.title, a.badge_icon,
      row_number() OVER (PARTITION BY e.business_id ORDER BY a.required_points, a.id) AS nth
    FROM earned AS e JOIN achievements AS a ON a.id = e.achievement_id
  ),
  stood AS (
    UPDATE business_standings AS s
    SET level_id = x.level_id,
      sequence = s.sequence + CASE WHEN EXISTS (SELECT FROM news AS n WHERE n.business_id = x.business_id) THEN 1 ELSE 0 END
    FROM standing AS x
    WHERE s.business_id = x.business_id
      AND (x.level_id IS DISTINCT FROM x.level_before
        OR EXISTS (SELECT FROM news AS n WHERE n.business_id = x.business_id))
  ),
  announced AS (
    INSERT INTO announcements (business_id, sequence, position, kind, payload, created_at)
    SELECT s.business_id, s.sequence + 1, n.nth - 1, 'achievement',
      jsonb_build_object('business_id', s.business_id,
        'achievement', jsonb_build_object('id', n.id, 'title', n.title, 'badge_icon', n.badge_icon)),
      judged_at
    FROM news AS n JOIN standing AS s ON s.business_id = n.business_id
  )
  SELECT s.business_id, s.level_id, s.level_name,
    ARRAY(SELECT n.title FROM news AS n WHERE n.business_id = s.business_id ORDER BY n.nth)
  FROM standing AS s;
END
$$;

-- misjudged_standings looks through the next `chunk` standings after `after` by id and answers the last id it has seen
-- (null at the end) and those that no longer agree with the definitions.
CREATE FUNCTION misjudged_standings(after uuid, chunk integer)
RETURNS TABLE (last uuid, wrong uuid[])
LANGUAGE sql STABLE AS $$
  WITH seen AS (
    SELECT s.business_id, s.total_points, s.highest_points, s.level_id, s.owner_id
    FROM business_standings AS s WHERE s.business_id > after ORDER BY s.business_id LIMIT chunk
  )
  -- A UUID has no max() before PostgreSQL 18; the array keeps the order.
  SELECT (array_agg(s.business_id ORDER BY s.business_id DESC))[1],
    coalesce(array_agg(s.business_id ORDER BY s.business_id) FILTER (
      WHERE s.level_id IS DISTINCT FROM level_for_points(s.total_points)
        OR EXISTS (
          SELECT FROM achievements AS a
          WHERE a.deleted_at IS NULL AND a.required_points <= s.highest_points
            AND NOT EXISTS (
              SELECT FROM user_achievements AS u WHERE u.business_id = s.business_id AND u.achievement_id = a.id)
            AND s.owner_id IS NOT NULL)), '{}')
  FROM seen AS s
$$;
