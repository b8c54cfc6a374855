-- definitions_barrier separates awards from re-evaluations. Whoever judges a business by the definitions holds it
-- shared until commit; a re-evaluation that follows an edit first takes it exclusively for a moment, so that nobody who
-- has read the old definitions is still uncommitted when it looks for standings that are wrong.
CREATE FUNCTION definitions_barrier() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 7261002::bigint';

-- awarded_event is an accepted event, judged and not yet written, with its receipt (total_points to unlocked: the standing
-- that it leaves its business in, and what it brought) and the highest total and the sequence that go with it.
CREATE TYPE awarded_event AS (
  event_id uuid, ledger_id uuid, business_id uuid, source text, namespace text, idempotency_key text, fingerprint text,
  actor_id uuid, type text, metadata jsonb, occurred_at timestamptz, day date, rule_id uuid, rule_version integer,
  is_limited boolean, points integer, reason text, total_points bigint, level_id uuid, level_name text,
  levels_gained text[], unlocked text[], highest_points bigint, sequence bigint);

-- award_events judges an array of events, those of a business in their order, and answers one row for each, in any order:
--   outcome 'awarded' | 'replayed' with the parts of the stored receipt (levels_gained and unlocked are null where empty)
--   and, where points changed, the sequence of the change in the business's history and the microsecond at which the total
--   was reached; or a refusal, in which the columns after it mean nothing:
--   'no_business' (none of the caller's), 'key_conflict', 'untimely', 'unknown_type', 'source_closed', 'below_zero'.
-- One event, as the service sends it (points and reason are given by adjustments only). `timely` is false where its source
-- may not date it so; that is asked after the key, so that a late retry is still a replay.
--   {"ordinal":1,"event_id":"…","ledger_id":"…","source":"owner","namespace":"owner","idempotency_key":"k1",
--    "fingerprint":"9f…","actor_id":"…","type":"sale_recorded","metadata":{},"occurred_at":"2026-11-22T08:00:00.000Z",
--    "timely":true,"points":null,"reason":null}
-- `named` has the business of each event, in the order of the ordinals, which count from 1. `callers`, where any event is
-- of an owner, has the owners: they name a business of their own, or none for their first.
-- Businesses are locked in id order. What follows is read after the locks, by one query for the whole array, judged event
-- by event in memory, and written by one statement a table.
CREATE FUNCTION award_events(input json, named uuid[], callers uuid[])
RETURNS TABLE (ordinal integer, outcome text, event_id uuid, business_id uuid, points integer, total_points bigint,
  level_id uuid, level_name text, levels_gained text[], unlocked text[], reason text, sequence bigint,
  reached_at_us bigint)
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
  nothing constant jsonb := '[]';
  meant uuid[] := named;
  judged_at timestamptz;
  judged_at_us bigint;
  e record;
  accepted awarded_event[] := '{}';
  -- The business at hand: its events in `accepted`, and where the events so far have led it.
  at_business uuid;
  own_from integer;
  own awarded_event[];
  total bigint;
  highest bigint;
  changes bigint;
  level_points integer;
  next_level_points integer;
  next_unlock_points integer;
  current_level_id uuid;
  current_level_name text;
  -- The event at hand.
  local_day date;
  room bigint;
  total_before bigint;
  highest_before bigint;
  gained jsonb;
  fresh jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(definitions_barrier());

  -- Resolved before anything is locked.
  IF callers IS NOT NULL THEN
    FOR i IN 1 .. cardinality(callers) LOOP
      IF callers[i] IS NOT NULL THEN
        meant[i] := accessible_business(callers[i], named[i]);
      END IF;
    END LOOP;
  END IF;

  PERFORM 1 FROM business_standings AS s WHERE s.business_id = ANY (meant) ORDER BY s.business_id FOR NO KEY UPDATE;

  judged_at := clock_timestamp();
  judged_at_us := extract(epoch FROM judged_at) * 1000000;

  FOR e IN
    SELECT a.*, m.business_id, b.user_id AS owner_id, b.time_zone, s.business_id AS standing_id, s.total_points,
      s.highest_points, s.sequence, l.id AS level_id, l.name AS level_name, l.required_points AS level_points,
      n.next_level_points, u.next_unlock_points, known.id AS known_id, known.fingerprint AS known_fingerprint,
      known.points_awarded AS known_points, known.total_after AS known_total, known.level_id AS known_level_id,
      known.level_name AS known_level_name, known.levels_gained AS known_levels_gained, known.unlocked AS known_unlocked,
      known.reason AS known_reason,
      r.id AS rule_id, r.version AS rule_version, r.points AS rule_points, r.daily_cap, r.cooldown_seconds, r.active,
      r.sources
    FROM json_to_recordset(input) AS a (
      ordinal integer, event_id uuid, ledger_id uuid, source text, namespace text,
      idempotency_key text, fingerprint text, actor_id uuid, type text, metadata jsonb, occurred_at timestamptz,
      timely boolean, points integer, reason text)
    CROSS JOIN LATERAL (SELECT meant[a.ordinal] AS business_id) AS m
    LEFT JOIN businesses AS b ON b.id = m.business_id AND b.erased_at IS NULL
    LEFT JOIN business_standings AS s ON s.business_id = b.id
    LEFT JOIN LATERAL (
      SELECT x.id, x.name, x.required_points FROM business_levels AS x WHERE x.required_points <= s.total_points
      ORDER BY x.required_points DESC LIMIT 1
    ) AS l ON true
    LEFT JOIN LATERAL (
      SELECT x.required_points AS next_level_points FROM business_levels AS x WHERE x.required_points > s.total_points
      ORDER BY x.required_points LIMIT 1
    ) AS n ON true
    LEFT JOIN LATERAL (
      SELECT x.required_points AS next_unlock_points FROM achievements AS x
      WHERE x.required_points > s.highest_points AND x.deleted_at IS NULL
      ORDER BY x.required_points LIMIT 1
    ) AS u ON true
    LEFT JOIN events AS known
      ON known.business_id = m.business_id AND known.namespace = a.namespace AND known.idempotency_key = a.idempotency_key
    LEFT JOIN point_rules AS r ON r.type = a.type AND r.deleted_at IS NULL AND a.points IS NULL
    ORDER BY m.business_id, a.ordinal
  LOOP
    ordinal := e.ordinal;
    sequence := NULL;

    IF e.standing_id IS NULL THEN
      outcome := 'no_business';
      RETURN NEXT;
      CONTINUE;
    END IF;

    IF at_business IS DISTINCT FROM e.business_id THEN
      at_business := e.business_id;
      own_from := cardinality(accepted) + 1;
      own := '{}';
      total := e.total_points;
      highest := e.highest_points;
      changes := e.sequence;
      current_level_id := e.level_id;
      current_level_name := e.level_name;
      level_points := e.level_points;
      next_level_points := e.next_level_points;
      next_unlock_points := e.next_unlock_points;
    ELSE
      own := accepted[own_from:];
      IF e.known_fingerprint IS NULL AND cardinality(own) > 0 THEN
        SELECT o.event_id, o.fingerprint, o.points, o.total_points, o.level_id, o.level_name, o.levels_gained, o.unlocked,
          o.reason
        INTO e.known_id, e.known_fingerprint, e.known_points, e.known_total, e.known_level_id, e.known_level_name,
          e.known_levels_gained, e.known_unlocked, e.known_reason
        FROM unnest(own) AS o
        WHERE o.namespace = e.namespace AND o.idempotency_key = e.idempotency_key;
      END IF;
    END IF;

    IF e.known_fingerprint = e.fingerprint THEN
      outcome := 'replayed';
      event_id := e.known_id;
      business_id := at_business;
      points := e.known_points;
      total_points := e.known_total;
      level_id := e.known_level_id;
      level_name := e.known_level_name;
      levels_gained := e.known_levels_gained;
      unlocked := e.known_unlocked;
      reason := e.known_reason;
    ELSIF e.known_fingerprint IS NOT NULL THEN
      outcome := 'key_conflict';
    ELSIF NOT e.timely THEN
      outcome := 'untimely';
    ELSIF e.points IS NOT NULL THEN
      outcome := CASE WHEN total + e.points < 0 THEN 'below_zero' ELSE 'awarded' END;
    ELSIF e.rule_id IS NULL OR NOT e.active THEN
      outcome := 'unknown_type';
    ELSIF e.source IN ('owner', 'api_key') AND e.source <> ALL (e.sources) THEN
      outcome := 'source_closed';
    ELSE
      outcome := 'awarded';
    END IF;
    IF outcome <> 'awarded' THEN
      RETURN NEXT;
      CONTINUE;
    END IF;

    -- What the event is worth. A cap counts the points of one day of the business's own time zone, as it was when each
    -- event was recorded: who moves to another zone does not get the day again.
    -- Times begin with year 1 of UTC, and so do days, where it is still the year before.
    local_day := greatest((e.occurred_at AT TIME ZONE e.time_zone)::date, date '0001-01-01');
    points := coalesce(e.points, e.rule_points);
    reason := e.reason;
    IF e.cooldown_seconds > 0 THEN
      IF EXISTS (
        SELECT FROM events AS x
        WHERE x.business_id = at_business AND x.rule_id = e.rule_id AND x.is_limited
          AND x.occurred_at > e.occurred_at - make_interval(secs => e.cooldown_seconds)
          AND x.occurred_at < e.occurred_at + make_interval(secs => e.cooldown_seconds))
      OR EXISTS (
        SELECT FROM unnest(own) AS x
        WHERE x.rule_id = e.rule_id AND x.is_limited
          AND x.occurred_at > e.occurred_at - make_interval(secs => e.cooldown_seconds)
          AND x.occurred_at < e.occurred_at + make_interval(secs => e.cooldown_seconds))
      THEN
        points := 0;
        reason := 'cooldown';
      END IF;
    END IF;
    IF e.daily_cap IS NOT NULL AND points > 0 THEN
      SELECT e.daily_cap - coalesce(sum(x.points), 0) INTO room
      FROM (
        SELECT x.points_awarded AS points FROM events AS x
        WHERE x.business_id = at_business AND x.rule_id = e.rule_id AND x.is_limited AND x.day = local_day
          -- Somewhere on earth it is that day from 14 hours before it begins in UTC until 12 hours after it ends; long ago,
          -- when Manila counted with America and Alaska with Asia, up to 16 hours either way.
          AND x.occurred_at >= (local_day - interval '16 hours') AT TIME ZONE 'UTC'
          AND x.occurred_at < (local_day + interval '40 hours') AT TIME ZONE 'UTC'
        UNION ALL
        SELECT x.points FROM unnest(own) AS x
        WHERE x.rule_id = e.rule_id AND x.is_limited AND x.day = local_day
      ) AS x;
      IF points > room THEN
        points := greatest(room, 0);
        reason := 'daily_cap';
      END IF;
    END IF;

    total_before := total;
    highest_before := highest;
    levels_gained := NULL;
    unlocked := NULL;
    IF points <> 0 THEN
      total := total + points;
      highest := greatest(highest, total);
      changes := changes + 1;
      sequence := changes;
      reached_at_us := judged_at_us;

      gained := nothing;
      fresh := nothing;
      IF total >= next_level_points OR total < level_points THEN
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name, 'required_points', x.required_points)
          ORDER BY x.required_points), nothing)
        INTO gained FROM business_levels AS x
        WHERE x.required_points > total_before AND x.required_points <= total;
        SELECT x.id, x.name, x.required_points INTO current_level_id, current_level_name, level_points
        FROM business_levels AS x WHERE x.required_points <= total ORDER BY x.required_points DESC LIMIT 1;
        SELECT min(x.required_points) INTO next_level_points FROM business_levels AS x WHERE x.required_points > total;
      END IF;

      -- The unique key makes an unlock happen once; an achievement that was earned before and made harder since is not
      -- returned, and so not announced again.
      IF highest >= next_unlock_points THEN
        WITH unlocked AS (
          INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at)
          SELECT at_business, x.id, e.owner_id, judged_at FROM achievements AS x
          WHERE x.required_points > highest_before AND x.required_points <= highest AND x.deleted_at IS NULL
          ON CONFLICT DO NOTHING
          RETURNING achievement_id
        )
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'title', x.title, 'badge_icon', x.badge_icon)
          ORDER BY x.required_points, x.id), nothing)
        INTO fresh FROM unlocked AS u JOIN achievements AS x ON x.id = u.achievement_id;
        SELECT min(x.required_points) INTO next_unlock_points FROM achievements AS x
        WHERE x.required_points > highest AND x.deleted_at IS NULL;
      END IF;

      -- What the points brought stands behind them in the outbox. A level that was lost, by an adjustment or by an edit
      -- that raised it, can be regained, but is announced once.
      IF gained <> nothing OR fresh <> nothing THEN
        levels_gained := nullif(ARRAY(SELECT g->>'name' FROM jsonb_array_elements(gained) AS g), '{}');
        unlocked := nullif(ARRAY(SELECT f->>'title' FROM jsonb_array_elements(fresh) AS f), '{}');
        INSERT INTO outbox (business_id, sequence, position, kind, payload, created_at)
        SELECT at_business, changes, row_number() OVER (ORDER BY news.part, news.nth), news.kind,
          jsonb_build_object('business_id', at_business) || news.payload, judged_at
        FROM (
          SELECT 1 AS part, g.nth, 'level_up' AS kind, jsonb_build_object('level', g.level - 'required_points') AS payload
          FROM jsonb_array_elements(gained) WITH ORDINALITY AS g (level, nth)
          WHERE (g.level->>'required_points')::bigint > highest_before AND NOT EXISTS (
            SELECT FROM outbox AS o
            WHERE o.business_id = at_business AND o.kind = 'level_up' AND o.payload #>> '{level,id}' = g.level->>'id')
          UNION ALL
          SELECT 2, f.nth, 'achievement', jsonb_build_object('achievement', f.achievement)
          FROM jsonb_array_elements(fresh) WITH ORDINALITY AS f (achievement, nth)
        ) AS news;
      END IF;
    END IF;

    event_id := e.event_id;
    business_id := at_business;
    total_points := total;
    level_id := current_level_id;
    level_name := current_level_name;
    RETURN NEXT;

    accepted := accepted || ROW(event_id, e.ledger_id, at_business, e.source, e.namespace, e.idempotency_key,
      e.fingerprint, e.actor_id, e.type, e.metadata, e.occurred_at, local_day, e.rule_id, e.rule_version,
      points <> 0 AND (e.daily_cap IS NOT NULL OR e.cooldown_seconds IS NOT NULL), points, reason, total, level_id,
      level_name, levels_gained, unlocked, highest, changes)::awarded_event;
  END LOOP;

  INSERT INTO events (id, business_id, source, namespace, idempotency_key, fingerprint, actor_id, type, metadata,
    occurred_at, day, created_at, rule_id, rule_version, is_limited, points_awarded, reason,
    total_after, level_id, level_name, levels_gained, unlocked)
  SELECT x.event_id, x.business_id, x.source, x.namespace, x.idempotency_key, x.fingerprint, x.actor_id, x.type,
    x.metadata, x.occurred_at, x.day, judged_at, x.rule_id, x.rule_version, x.is_limited, x.points, x.reason,
    x.total_points, x.level_id, x.level_name, x.levels_gained, x.unlocked
  FROM unnest(accepted) AS x;

  INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, reason, rule_id,
    rule_version, occurred_at, created_at)
  SELECT x.ledger_id, x.business_id, x.sequence, x.event_id, x.type, x.points, x.total_points, x.reason, x.rule_id,
    x.rule_version, x.occurred_at, judged_at
  FROM unnest(accepted) AS x WHERE x.points <> 0;

  INSERT INTO outbox (business_id, sequence, position, kind, payload, created_at)
  SELECT x.business_id, x.sequence, 0, 'points', jsonb_build_object('event_id', x.event_id,
    'business_id', x.business_id, 'type', x.type, 'points', x.points, 'total_points', x.total_points), judged_at
  FROM unnest(accepted) AS x WHERE x.points <> 0;

  UPDATE business_standings AS s
  SET total_points = last.total_points, highest_points = last.highest_points, level_id = last.level_id,
    sequence = last.sequence, reached_at = judged_at
  FROM (
    SELECT DISTINCT ON (x.business_id) x.* FROM unnest(accepted) AS x
    ORDER BY x.business_id, x.sequence DESC
  ) AS last
  WHERE s.business_id = last.business_id AND last.sequence > s.sequence;
END
$$;

-- Standings change with every award and have no index on what changes, so that an update stays on its page: it needs room
-- there.
ALTER TABLE business_standings SET (fillfactor = 70);
