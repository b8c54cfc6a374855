-- definitions_barrier separates awards from re-evaluations. Whoever judges a business by the definitions holds it
-- shared until commit; a re-evaluation that follows an edit first takes it exclusively for a moment, so that nobody who
-- has read the old definitions is still uncommitted when it looks for standings that are wrong.
CREATE FUNCTION definitions_barrier() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 7261002::bigint';

-- reached is what an award brought beside points: names of levels and titles of achievements, lowest first; null for none.
CREATE TYPE reached AS (levels_gained text[], unlocked text[]);

-- announce_reached unlocks and announces what lies between two totals of a business, and answers it; `rung` is what the
-- level of the new total asks for, or null below the lowest. The business is locked, so that nobody else unlocks for it.
-- What is announced stands behind the points of its sequence, levels first. An achievement that was earned before and made
-- harder since is not unlocked again; a level that was lost, by an adjustment or by an edit that raised it, can be regained,
-- but is announced once.
CREATE FUNCTION announce_reached(business uuid, owner uuid, sequence bigint, total_before bigint, highest_before bigint,
  total bigint, rung integer, at timestamptz)
RETURNS reached
LANGUAGE plpgsql AS $$
DECLARE
  answer reached;
  position integer := 0;
  step record;
BEGIN
  IF rung > total_before THEN
    FOR step IN
      SELECT l.id, l.name, l.required_points FROM business_levels AS l
      WHERE l.required_points > total_before AND l.required_points <= total
      ORDER BY l.required_points
    LOOP
      answer.levels_gained := answer.levels_gained || step.name;
      CONTINUE WHEN step.required_points <= highest_before OR EXISTS (
        SELECT FROM announcements AS x
        WHERE x.business_id = business AND x.kind = 'level_up' AND x.payload #>> '{level,id}' = step.id::text);
      position := position + 1;
      INSERT INTO announcements (business_id, sequence, position, kind, payload, created_at)
      VALUES (business, announce_reached.sequence, position, 'level_up', jsonb_build_object('business_id', business,
        'level', jsonb_build_object('id', step.id, 'name', step.name)), at);
    END LOOP;
  END IF;
  FOR step IN
    SELECT a.id, a.title, a.badge_icon FROM achievements AS a
    WHERE a.required_points > highest_before AND a.required_points <= total AND a.deleted_at IS NULL AND NOT EXISTS (
      SELECT FROM user_achievements AS u WHERE u.business_id = business AND u.achievement_id = a.id)
    ORDER BY a.required_points, a.id
  LOOP
    INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at) VALUES (business, step.id, owner, at);
    answer.unlocked := answer.unlocked || step.title;
    position := position + 1;
    INSERT INTO announcements (business_id, sequence, position, kind, payload, created_at)
    VALUES (business, announce_reached.sequence, position, 'achievement', jsonb_build_object('business_id', business,
      'achievement', jsonb_build_object('id', step.id, 'title', step.title, 'badge_icon', step.badge_icon)), at);
  END LOOP;
  RETURN answer;
END
$$;

-- local_day is the day of an instant in a time zone. Times begin with year 1 of UTC, and so do days, where it is still the
-- year before. PostgreSQL inlines it.
CREATE FUNCTION local_day(at timestamptz, time_zone text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT greatest((at AT TIME ZONE time_zone)::date, date '0001-01-01') $$;

-- is_cooling tells whether an event of a rule lies within its cooldown, on either side of one that brought points.
CREATE FUNCTION is_cooling(business uuid, rule uuid, cooldown_seconds integer, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM events AS e
    WHERE e.business_id = business AND e.rule_id = rule AND e.is_limited
      AND e.occurred_at > at - make_interval(secs => cooldown_seconds)
      AND e.occurred_at < at + make_interval(secs => cooldown_seconds));
END
$$;

-- room_of_day is what a rule's cap leaves of a day. A cap counts the points of one day of the business's own time zone, as
-- it was when each event was recorded: who moves to another zone does not get the day again.
CREATE FUNCTION room_of_day(business uuid, rule uuid, daily_cap integer, local_day date) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN greatest(0, daily_cap - (
    SELECT coalesce(sum(e.points_awarded), 0) FROM events AS e
    WHERE e.business_id = business AND e.rule_id = rule AND e.is_limited AND e.day = local_day
      -- Somewhere on earth it is that day from 14 hours before it begins in UTC until 12 hours after it ends; long ago,
      -- when Manila counted with America and Alaska with Asia, up to 16 hours either way.
      AND e.occurred_at >= (local_day - interval '16 hours') AT TIME ZONE 'UTC'
      AND e.occurred_at < (local_day + interval '40 hours') AT TIME ZONE 'UTC'));
END
$$;

-- known_event is the event that a key of a business was used for; its columns are null where there is none, and for a
-- business that was erased. It is one look-up of the whole key, however many events the business has.
CREATE FUNCTION known_event(business uuid, key_namespace text, key text) RETURNS events
LANGUAGE plpgsql STABLE AS $$
DECLARE
  answer events;
BEGIN
  SELECT * INTO answer FROM events AS e
  WHERE e.business_id = business AND e.namespace = key_namespace AND e.idempotency_key = key
    AND EXISTS (SELECT FROM business_standings AS s WHERE s.business_id = business AND s.owner_id IS NOT NULL)
  LIMIT 1;
  RETURN answer;
END
$$;

-- award_events judges an array of events and answers one row for each, in any order:
--   outcome 'awarded' | 'replayed' with the parts of the stored receipt (levels_gained and unlocked are null where empty)
--   and of an award that changed points the sequence of the change in the business's history, and the microsecond at which
--   the total was reached; or a refusal, in which the columns after it mean nothing:
--   'no_business' (none of the caller's), 'key_conflict', 'untimely', 'unknown_type', 'source_closed', 'below_zero'.
-- One event, as the service sends it. What is usual is left out, since reading all of it took 6 % of an award: namespace where
-- it is the name of the source, actor_id where it is the caller, metadata where there is none; given_points and
-- given_reason are of adjustments only; `timely` is false where its source may not date it so, which is asked after the
-- key, so that a late retry is still a replay.
--   {"ordinal":1,"event_id":"…","source":"api_key","namespace":"api_key:…","idempotency_key":"k1","fingerprint":"9f…",
--    "actor_id":"…","type":"sale_recorded","metadata":{},"occurred_at":"2026-11-22T08:00:00.000Z","timely":false}
--   {"ordinal":2,"event_id":"…","source":"admin","idempotency_key":"k2","fingerprint":"9f…","actor_id":"…",
--    "type":"adjustment","occurred_at":"2026-11-22T08:00:00.000Z","given_points":5,"given_reason":"…"}
-- `input` has one event of each business at most; what else there is of a business follows in the arrays of `later`, one
-- in each, which is null where there is nothing. Where two events of one array mean the same business after all (its owner
-- does not name it, and somebody else does) and change its points, both take its next sequence, and the call fails as a
-- whole.
-- `named` has the business of each event, in the order of the ordinals, which count from 1 over all arrays. `callers`,
-- where any event is of an owner, has the owners: they name a business of their own, or none for their first, which whoever
-- knows it had better name.
-- Where it is not `is_careful`, it takes for new whatever would be awarded: a key that is known breaks events_key_once, and
-- the caller asks again. So does whoever gets a refusal, since a replay outlives its rule.
-- Businesses are locked in id order. What follows is read after the locks, and judged and written by one statement an
-- array. It is begun anew for every call, which costs more than an event: what few events need is a function of its own.
CREATE FUNCTION award_events(input json, later json, named uuid[], callers uuid[], is_careful boolean)
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
  meant uuid[] := named;
  judged_at timestamptz;
  judged_at_us bigint;
  turn integer := 0;
  is_held boolean;
BEGIN
  -- An expression costs a fraction of a statement.
  is_held := pg_advisory_xact_lock_shared(definitions_barrier()) IS NOT NULL;

  -- Resolved before anything is locked. Where all are named, the statement that judges checks whose they are: whoever names
  -- another's business waits for it, and gets nothing.
  IF callers IS NOT NULL AND (is_careful OR array_position(named, NULL) IS NOT NULL) THEN
    meant := ARRAY(
      SELECT CASE WHEN c.caller IS NULL THEN c.named ELSE accessible_business(c.caller, c.named) END
      FROM unnest(callers, named) WITH ORDINALITY AS c (caller, named, nth)
      ORDER BY c.nth);
  END IF;

  PERFORM 1 FROM business_standings AS s WHERE s.business_id = ANY (meant) ORDER BY s.business_id FOR NO KEY UPDATE;

  judged_at := clock_timestamp();
  judged_at_us := extract(epoch FROM judged_at) * 1000000;

  WHILE input IS NOT NULL LOOP
    IF is_careful THEN
      RETURN QUERY
      SELECT a.ordinal, CASE WHEN x.fingerprint = a.fingerprint THEN 'replayed' ELSE 'key_conflict' END, x.id,
        x.business_id, x.points_awarded, x.total_after, x.level_id, x.level_name, x.levels_gained, x.unlocked, x.reason,
        NULL::bigint, judged_at_us
      FROM json_to_recordset(input) AS a (ordinal integer, source text, namespace text, idempotency_key text,
        fingerprint text)
      CROSS JOIN LATERAL known_event(meant[a.ordinal], coalesce(a.namespace, a.source), a.idempotency_key) AS x
      WHERE x.id IS NOT NULL;
    END IF;

    -- OFFSET 0 keeps PostgreSQL from writing out a step wherever a column of it is named.
    RETURN QUERY
    WITH found AS (
      SELECT a.*, s.owner_id, s.business_id, s.ctid AS place, s.total_points AS total_before,
        s.highest_points AS highest_before, s.sequence AS last_sequence, r.id AS rule_id, r.version AS rule_version,
        local_day(a.occurred_at, s.time_zone) AS day, coalesce(a.given_points, r.points) AS worth, r.daily_cap,
        r.cooldown_seconds,
        CASE WHEN r.cooldown_seconds > 0
          THEN is_cooling(s.business_id, r.id, r.cooldown_seconds, a.occurred_at) END AS is_cooling,
        CASE WHEN r.daily_cap IS NOT NULL
          THEN room_of_day(s.business_id, r.id, r.daily_cap, local_day(a.occurred_at, s.time_zone)) END AS room,
        CASE
          WHEN s.business_id IS NULL THEN 'no_business'
          WHEN NOT a.timely THEN 'untimely'
          WHEN s.total_points + a.given_points < 0 THEN 'below_zero'
          WHEN a.given_points IS NOT NULL THEN 'awarded'
          WHEN r.id IS NULL OR NOT r.active THEN 'unknown_type'
          WHEN a.source IN ('owner', 'api_key') AND a.source <> ALL (r.sources) THEN 'source_closed'
          ELSE 'awarded'
        END AS outcome
      FROM json_to_recordset(input) AS a (ordinal integer, event_id uuid, source text, namespace text,
        idempotency_key text, fingerprint text, actor_id uuid, type text, metadata jsonb, occurred_at timestamptz,
        timely boolean, given_points integer, given_reason text)
      LEFT JOIN business_standings AS s ON s.business_id = meant[a.ordinal] AND CASE WHEN callers[a.ordinal] IS NULL
        THEN s.owner_id IS NOT NULL ELSE may_act_for(callers[a.ordinal], s.owner_id, NULL) END
      LEFT JOIN point_rules AS r ON r.type = a.type AND r.deleted_at IS NULL AND a.given_points IS NULL
      WHERE NOT is_careful OR (known_event(meant[a.ordinal], coalesce(a.namespace, a.source), a.idempotency_key)).id
        IS NULL
      OFFSET 0
    ),
    worth AS (
      SELECT f.*,
        CASE WHEN f.outcome <> 'awarded' THEN NULL WHEN f.is_cooling THEN 0 ELSE least(f.worth, f.room) END AS points,
        CASE WHEN f.outcome <> 'awarded' THEN NULL WHEN f.is_cooling THEN 'cooldown' WHEN f.worth > f.room THEN 'daily_cap'
          ELSE f.given_reason END AS reason
      FROM found AS f
      OFFSET 0
    ),
    judged AS MATERIALIZED (
      SELECT w.*, w.total_before + w.points AS total_points, level.id AS level_id, level.name AS level_name,
        CASE WHEN w.points <> 0 THEN w.last_sequence + 1 END AS sequence,
        CASE WHEN level.required_points > w.total_before OR EXISTS (
          SELECT FROM achievements AS a
          WHERE a.required_points > w.highest_before AND a.required_points <= w.total_before + w.points
            AND a.deleted_at IS NULL
        ) THEN announce_reached(w.business_id, w.owner_id, w.last_sequence + 1, w.total_before, w.highest_before,
          w.total_before + w.points, level.required_points, judged_at) END AS reached
      FROM worth AS w
      LEFT JOIN LATERAL (
        SELECT l.id, l.name, l.required_points FROM business_levels AS l
        WHERE l.required_points <= w.total_before + w.points
        ORDER BY l.required_points DESC LIMIT 1
      ) AS level ON true
    ),
    recorded AS (
      INSERT INTO events (id, business_id, source, namespace, idempotency_key, fingerprint, actor_id, type, metadata,
        occurred_at, day, created_at, rule_id, rule_version, is_limited, points_awarded, reason, total_after, level_id,
        level_name, levels_gained, unlocked)
      SELECT j.event_id, j.business_id, j.source, coalesce(j.namespace, j.source), j.idempotency_key, j.fingerprint,
        coalesce(j.actor_id, callers[j.ordinal]), j.type, j.metadata, j.occurred_at, j.day, judged_at, j.rule_id,
        j.rule_version, j.points <> 0 AND (j.daily_cap IS NOT NULL OR j.cooldown_seconds IS NOT NULL), j.points, j.reason,
        j.total_points, j.level_id, j.level_name, (j.reached).levels_gained, (j.reached).unlocked
      FROM judged AS j WHERE j.outcome = 'awarded'
    ),
    -- What is entered here has the id of its event; others, older ones among them, have one of their own.
    entered AS (
      INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, reason, rule_id,
        rule_version, occurred_at, created_at)
      SELECT j.event_id, j.business_id, j.sequence, j.event_id, j.type, j.points, j.total_points, j.reason, j.rule_id,
        j.rule_version, j.occurred_at, judged_at
      FROM judged AS j WHERE j.points <> 0
    ),
    stood AS (
      UPDATE business_standings AS s
      SET total_points = j.total_points, highest_points = greatest(j.highest_before, j.total_points),
        level_id = j.level_id, sequence = j.sequence, reached_at = judged_at
      FROM judged AS j WHERE s.ctid = j.place AND j.points <> 0
    )
    SELECT j.ordinal, j.outcome, j.event_id, j.business_id, j.points, j.total_points, j.level_id, j.level_name,
      (j.reached).levels_gained, (j.reached).unlocked, j.reason, j.sequence, judged_at_us
    FROM judged AS j;

    input := later -> turn;
    turn := turn + 1;
  END LOOP;
END
$$;

-- Standings change with every award and have no index on what changes, so that an update stays on its page: it needs room
-- there.
ALTER TABLE business_standings SET (fillfactor = 70);
