-- definitions_barrier separates awards from re-evaluations. Whoever judges a business by the definitions holds it
-- shared until commit; a re-evaluation that follows an edit first takes it exclusively for a moment, so that nobody who
-- has read the old definitions is still uncommitted when it looks for standings that are wrong.
CREATE FUNCTION definitions_barrier() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 7261002::bigint';

-- award_events takes an array of events, in order, and answers one row for each:
--   outcome 'awarded' | 'replayed' with the receipt (without rank) and, where points changed, the standing that the board
--   needs to know: {total_points, sequence, reached_at_us, unlocked}; or a refusal without either:
--   'no_business' (none of the caller's), 'key_conflict', 'untimely', 'unknown_type', 'source_closed', 'below_zero',
--   or 'waiting', see below.
-- One event, as the service sends it (points and reason are given by adjustments only; caller by owners only). `timely`
-- is false where its source may not date it so; that is asked after the key, so that a late retry is still a replay.
--   {"ordinal":1,"event_id":"…","ledger_id":"…","caller":"…","business_id":null,"source":"owner","namespace":"owner",
--    "idempotency_key":"k1","fingerprint":"9f…","actor_id":"…","type":"sale_recorded","metadata":{},
--    "occurred_at":"2026-11-22T08:00:00.000Z","timely":true,"points":null,"reason":null}
-- Businesses are locked in id order; what follows sees a snapshot taken after the locks, and is computed and written by
-- one statement. An event whose result depends on an earlier one of the same array in a way that arithmetic cannot foresee
-- (the same key twice, a cooldown, an adjustment) is answered 'waiting' and left as it was: whoever called sends it again.
-- The first event of a business never waits, so that every round leaves fewer.
CREATE FUNCTION award_events(input jsonb)
RETURNS TABLE (ordinal integer, outcome text, business_id uuid, receipt jsonb, standing jsonb)
LANGUAGE plpgsql
-- Every look-up here is by an index; plans made while the tables were empty must not scan them once they are large.
-- Before PostgreSQL 18 a plan that cannot do without a scan seems so costly that it is compiled, for half a second.
SET jit = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  events_in jsonb := input;
  judged_at timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(definitions_barrier());

  -- Owners name a business of their own, or none: resolved once, before anything is locked.
  IF EXISTS (SELECT FROM jsonb_array_elements(input) AS e WHERE e->>'caller' IS NOT NULL) THEN
    SELECT jsonb_agg(
      CASE WHEN e->>'caller' IS NULL THEN e
        ELSE e || jsonb_build_object('business_id',
          accessible_business((e->>'caller')::uuid, (e->>'business_id')::uuid)) END)
    INTO events_in FROM jsonb_array_elements(input) AS e;
  END IF;

  PERFORM 1 FROM business_standings AS s
  WHERE s.business_id = ANY (ARRAY(SELECT (e->>'business_id')::uuid FROM jsonb_array_elements(events_in) AS e))
  ORDER BY s.business_id
  FOR NO KEY UPDATE;

  judged_at := clock_timestamp();

  RETURN QUERY
  WITH asked AS MATERIALIZED (
    SELECT e.*, row_number() OVER (PARTITION BY e.business_id ORDER BY e.ordinal) AS nth
    FROM jsonb_to_recordset(events_in) AS e (
      ordinal integer, event_id uuid, ledger_id uuid, business_id uuid, source text, namespace text,
      idempotency_key text, fingerprint text, actor_id uuid, type text, metadata jsonb, occurred_at timestamptz,
      timely boolean, points integer, reason text)
  ),
  looked_up AS MATERIALIZED (
    SELECT a.*, s.total_points AS total_before, s.highest_points AS highest_before, s.sequence AS sequence_before,
      b.user_id AS owner_id, b.time_zone,
      known.fingerprint AS known_fingerprint, known.receipt AS known_receipt,
      r.id AS rule_id, r.version AS rule_version, r.points AS rule_points, r.daily_cap, r.cooldown_seconds,
      CASE
        WHEN b.id IS NULL OR s.business_id IS NULL THEN 'no_business'
        WHEN known.fingerprint = a.fingerprint THEN 'replayed'
        WHEN known.fingerprint IS NOT NULL THEN 'key_conflict'
        WHEN row_number() OVER (PARTITION BY a.business_id, a.namespace, a.idempotency_key ORDER BY a.ordinal) > 1
          THEN 'waiting'
        WHEN NOT a.timely THEN 'untimely'
        WHEN a.points IS NOT NULL THEN
          CASE WHEN a.nth > 1 THEN 'waiting' WHEN s.total_points + a.points < 0 THEN 'below_zero' ELSE 'awarded' END
        WHEN r.id IS NULL OR NOT r.active THEN 'unknown_type'
        WHEN a.source IN ('owner', 'api_key') AND a.source <> ALL (r.sources) THEN 'source_closed'
        WHEN r.cooldown_seconds > 0
          AND row_number() OVER (PARTITION BY a.business_id, a.type ORDER BY a.ordinal) > 1 THEN 'waiting'
        ELSE 'awarded'
      END AS outcome
    FROM asked AS a
    LEFT JOIN LATERAL (SELECT * FROM businesses WHERE id = a.business_id AND erased_at IS NULL) AS b ON true
    LEFT JOIN LATERAL (SELECT * FROM business_standings AS x WHERE x.business_id = a.business_id) AS s ON true
    LEFT JOIN LATERAL (
      SELECT x.fingerprint, x.receipt FROM events AS x
      WHERE x.business_id = a.business_id AND x.namespace = a.namespace AND x.idempotency_key = a.idempotency_key
    ) AS known ON true
    LEFT JOIN LATERAL (
      SELECT * FROM point_rules AS x WHERE x.type = a.type AND x.deleted_at IS NULL AND a.points IS NULL
    ) AS r ON true
  ),
  -- What each accepted event is worth. A cap counts the points of one day of the business's own time zone, as it was
  -- when each event was recorded: who moves to another zone does not get the day again. The n-th event of a rule on a
  -- day takes what the first n may have together, less what the first n − 1 took.
  worth AS MATERIALIZED (
    SELECT l.*,
      CASE
        WHEN l.points IS NOT NULL THEN l.points
        WHEN cooling.down THEN 0
        WHEN l.daily_cap IS NULL THEN l.rule_points
        ELSE least(capped.room, capped.nth_of_day * l.rule_points)
          - least(capped.room, (capped.nth_of_day - 1) * l.rule_points)
      END::integer AS awarded,
      CASE
        WHEN l.points IS NOT NULL THEN l.reason
        WHEN cooling.down THEN 'cooldown'
        WHEN capped.nth_of_day * l.rule_points > capped.room THEN 'daily_cap'
      END AS award_reason
    FROM (
      SELECT x.*, local.day,
        row_number() OVER (PARTITION BY x.business_id, x.rule_id, local.day ORDER BY x.ordinal)::bigint AS nth_of_day
      FROM looked_up AS x
      CROSS JOIN LATERAL (SELECT (x.occurred_at AT TIME ZONE x.time_zone)::date AS day) AS local
      WHERE x.outcome = 'awarded'
    ) AS l
    CROSS JOIN LATERAL (
      SELECT l.nth_of_day, CASE WHEN l.daily_cap IS NOT NULL THEN greatest(l.daily_cap - (
        SELECT coalesce(sum(x.points_awarded), 0) FROM events AS x
        WHERE x.business_id = l.business_id AND x.rule_id = l.rule_id AND x.points_awarded <> 0 AND x.day = l.day
          -- Somewhere on earth it is that day from 14 hours before it begins in UTC until 12 hours after it ends.
          AND x.occurred_at >= (l.day - interval '14 hours') AT TIME ZONE 'UTC'
          AND x.occurred_at < (l.day + interval '36 hours') AT TIME ZONE 'UTC'), 0) END AS room
      OFFSET 0 -- or it is computed at each place that names it
    ) AS capped
    CROSS JOIN LATERAL (
      SELECT coalesce(l.cooldown_seconds, 0) > 0 AND EXISTS (
        SELECT FROM events AS x
        WHERE x.business_id = l.business_id AND x.rule_id = l.rule_id AND x.points_awarded <> 0
          AND x.occurred_at > l.occurred_at - make_interval(secs => l.cooldown_seconds)
          AND x.occurred_at < l.occurred_at + make_interval(secs => l.cooldown_seconds)) AS down
      OFFSET 0
    ) AS cooling
  ),
  -- Running totals in the order of the array. Only a first event can be negative, so the highest total before an
  -- event is the larger of the old one and of what came before it here.
  counted AS MATERIALIZED (
    SELECT w.*,
      w.total_before + sum(w.awarded) OVER before_and_this AS total_after,
      w.sequence_before + count(*) FILTER (WHERE w.awarded <> 0) OVER before_and_this AS sequence_after,
      row_number() OVER (PARTITION BY w.business_id ORDER BY w.ordinal DESC) AS nth_from_last
    FROM worth AS w
    WINDOW before_and_this AS (PARTITION BY w.business_id ORDER BY w.ordinal)
  ),
  climbed AS MATERIALIZED (
    SELECT c.*,
      greatest(c.highest_before, max(c.total_after) OVER earlier) AS high_before,
      greatest(c.highest_before, max(c.total_after) OVER so_far) AS high_after
    FROM counted AS c
    WINDOW earlier AS (PARTITION BY c.business_id ORDER BY c.ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
      so_far AS (PARTITION BY c.business_id ORDER BY c.ordinal)
  ),
  -- The unique key makes an unlock happen once; an achievement that was earned before and made harder since is not
  -- returned, and so not announced again.
  unlocked AS (
    INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at)
    SELECT c.business_id, a.id, c.owner_id, judged_at
    FROM climbed AS c
    JOIN achievements AS a ON a.required_points > c.high_before AND a.required_points <= c.high_after
    WHERE c.high_after > c.high_before AND a.deleted_at IS NULL
    ON CONFLICT DO NOTHING
    RETURNING business_id, achievement_id
  ),
  settled AS MATERIALIZED (
    SELECT c.*, level.id AS level_id, gained.levels, fresh.achievements,
      jsonb_build_object(
        'event_id', c.event_id, 'business_id', c.business_id, 'type', c.type, 'points_awarded', c.awarded,
        'total_points', c.total_after,
        'level', CASE WHEN level.id IS NULL THEN NULL ELSE jsonb_build_object('id', level.id, 'name', level.name) END,
        'levels_gained', coalesce((SELECT jsonb_agg(g->'name') FROM jsonb_array_elements(gained.levels) AS g), '[]'),
        'unlocked', coalesce((SELECT jsonb_agg(f->'title') FROM jsonb_array_elements(fresh.achievements) AS f), '[]'))
      || CASE WHEN c.award_reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', c.award_reason) END AS receipt
    FROM climbed AS c
    LEFT JOIN LATERAL (
      SELECT x.id, x.name FROM business_levels AS x WHERE x.required_points <= c.total_after
      ORDER BY x.required_points DESC LIMIT 1
    ) AS level ON true
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name, 'required_points', x.required_points)
        ORDER BY x.required_points) AS levels
      FROM business_levels AS x
      WHERE x.required_points > c.total_after - c.awarded AND x.required_points <= c.total_after
    ) AS gained
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('id', x.id, 'title', x.title, 'badge_icon', x.badge_icon)
        ORDER BY x.required_points, x.id) AS achievements
      FROM unlocked AS u JOIN achievements AS x ON x.id = u.achievement_id
      WHERE u.business_id = c.business_id AND x.required_points > c.high_before AND x.required_points <= c.high_after
    ) AS fresh
  ),
  stored AS (
    INSERT INTO events (id, business_id, source, namespace, idempotency_key, fingerprint, actor_id, type, metadata,
      occurred_at, day, created_at, rule_id, rule_version, points_awarded, receipt)
    SELECT event_id, business_id, source, namespace, idempotency_key, fingerprint, actor_id, type, metadata,
      occurred_at, day, judged_at, rule_id, rule_version, awarded, receipt
    FROM settled
  ),
  entered AS (
    INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, reason, rule_id,
      rule_version, occurred_at, created_at)
    SELECT ledger_id, business_id, sequence_after, event_id, type, awarded, total_after, award_reason, rule_id,
      rule_version, occurred_at, judged_at
    FROM settled WHERE awarded <> 0
  ),
  stood AS (
    UPDATE business_standings AS s
    SET total_points = f.total_after, highest_points = f.high_after, level_id = f.level_id,
      sequence = f.sequence_after, reached_at = judged_at
    FROM settled AS f
    WHERE f.nth_from_last = 1 AND s.business_id = f.business_id AND f.sequence_after > s.sequence
  ),
  announced AS (
    INSERT INTO outbox (business_id, sequence, position, kind, payload, created_at)
    SELECT f.business_id, f.sequence_after,
      row_number() OVER (PARTITION BY f.business_id, f.sequence_after ORDER BY news.part, news.at) - 1,
      news.kind, news.payload, judged_at
    FROM settled AS f
    CROSS JOIN LATERAL (
      SELECT 0 AS part, 0::bigint AS at, 'points' AS kind, jsonb_build_object('event_id', f.event_id,
        'business_id', f.business_id, 'type', f.type, 'points', f.awarded, 'total_points', f.total_after) AS payload
      UNION ALL
      -- A level that was lost, by an adjustment or by an edit that raised it, can be regained, but is announced once.
      SELECT 1, g.nth, 'level_up', jsonb_build_object('business_id', f.business_id, 'level', g.level - 'required_points')
      FROM jsonb_array_elements(f.levels) WITH ORDINALITY AS g (level, nth)
      WHERE (g.level->>'required_points')::bigint > f.high_before
        AND NOT EXISTS (
          SELECT FROM outbox AS o
          WHERE o.business_id = f.business_id AND o.kind = 'level_up' AND o.payload #>> '{level,id}' = g.level->>'id')
      UNION ALL
      SELECT 2, a.nth, 'achievement', jsonb_build_object('business_id', f.business_id, 'achievement', a.achievement)
      FROM jsonb_array_elements(f.achievements) WITH ORDINALITY AS a (achievement, nth)
    ) AS news
    WHERE f.awarded <> 0
  )
  SELECT l.ordinal, l.outcome, l.business_id,
    CASE l.outcome WHEN 'awarded' THEN f.receipt WHEN 'replayed' THEN l.known_receipt END,
    CASE WHEN f.awarded <> 0 THEN jsonb_build_object('total_points', f.total_after,
      'sequence', f.sequence_after, 'reached_at_us', (extract(epoch FROM judged_at) * 1000000)::bigint,
      'unlocked', coalesce(jsonb_array_length(f.achievements), 0)) END
  FROM looked_up AS l
  LEFT JOIN settled AS f ON f.ordinal = l.ordinal;
END
$$;

-- Standings change with every award and have no index on what changes, so that an update stays on its page: it needs room
-- there.
ALTER TABLE business_standings SET (fillfactor = 70);
