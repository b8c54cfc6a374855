-- show_branch makes the way from the start of a conversation to the message `tip` the current one, and nothing beside or
-- behind it; the session's own id stands for its start. The session must be locked.
CREATE FUNCTION show_branch(session uuid, tip uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  way uuid[];
BEGIN
  WITH RECURSIVE path AS (
    SELECT id, after_id FROM chat_messages WHERE id = tip
    UNION ALL
    SELECT m.id, m.after_id FROM chat_messages m JOIN path ON m.id = path.after_id
  )
  SELECT coalesce(array_agg(id), '{}') INTO way FROM path;
  -- One after the other: two versions must not be current at once, not even within a statement.
  UPDATE chat_messages SET is_current = false WHERE session_id = session AND is_current AND id <> ALL (way);
  UPDATE chat_messages SET is_current = true WHERE id = ANY (way) AND NOT is_current;
END
$$;
--> statement-breakpoint
-- chat_history is what was said in a conversation before a message, oldest first: at most `most` messages of the current
-- branch, as [{"id":"…","role":"user","content":"Hi","tool_calls":null}].
CREATE FUNCTION chat_history(session uuid, before uuid, most integer) RETURNS json
LANGUAGE plpgsql STABLE
SET jit = off
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  RETURN (
    SELECT coalesce(json_agg(said ORDER BY said.id), '[]') FROM (
      SELECT id, role, content, tool_calls FROM chat_messages
      WHERE session_id = session AND id < before AND is_current AND status <> 'streaming'
        -- An answer that failed before its first word has nothing to remember, and models refuse empty turns.
        AND (content <> '' OR tool_calls IS NOT NULL)
      ORDER BY id DESC LIMIT most
    ) AS said);
END
$$;
--> statement-breakpoint
-- flush_runs returns once all that was committed before it is on the disk: a commit waits for what others left in the log, and
-- the message is there for this one to have something to write. PostgreSQL reads such messages nowhere.
CREATE FUNCTION flush_runs() RETURNS void LANGUAGE sql AS $$
  SELECT pg_logical_emit_message(true, 'tangga', '')
$$;
--> statement-breakpoint
-- start_run decides whether a message may be sent, writes it with the run that answers it, and tells what the run begins
-- with, in one round trip. It writes a session where none is named, the run, both messages, the names that the client gives
-- them, and what the run holds of its owner's day. It answers
--   {"kind":"started"} with the user (id, name, locale), the business, what is remembered of it (facts, newest first), what
--   the run holds (tokens, token_limit; 0 is no limit), and what was said before (history, as chat_history tells it, and
--   the summary with the message it reaches to, or nulls),
-- or why nothing was written:
--   'no_account'; 'no_business' where the user may not act for the one that is named, or has none; 'session_gone', also
--   for one that is somebody else's; 'repeated' with the run_id that the same client_message_id has started;
--   'session_known' with the session_id that has been begun under the same names; 'run_active' and, where the lease of
--   that run is over, 'run_expired', both with its run_id; 'too_many_runs'; 'day_limit' with free_at; 'budget_spent' with
--   all that tells why. See run-start-row.ts for what is asked.
-- It does not wait until what it wrote is on the disk: whoever calls it waits for that in flush_runs, before the sender is told.
CREATE FUNCTION start_run(asked json) RETURNS json LANGUAGE plpgsql
-- Every look-up here is by an index; plans made while the tables were empty must not scan them once they are large.
SET jit = off
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  run record;
  owner record;
  about record;
  allowed record;
  other record;
  held integer := 0;
  token_limit bigint;
  runs_of_day integer;
  summed text;
  summed_until uuid;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  SELECT * INTO run FROM json_to_record(asked) AS (
    run_id uuid, user_id uuid, business_id uuid, session_id uuid, title text, is_new boolean, question_id uuid,
    answer_id uuid, content text, place text, after_id uuid, client_message_id text, find_names text[],
    keep_names text[], record json, instance integer, lease_seconds integer, started_at timestamptz, most_runs integer,
    most_per_day integer, day date, tokens integer, history_tokens integer, history_messages integer, most_facts integer,
    model text, input_price numeric, output_price numeric, price_currency text);

  -- Starts of one owner happen one after the other, so that limits and repeats are judged exactly, and none happens while
  -- the account is being erased.
  SELECT id, name, locale, disabled_at INTO owner FROM users WHERE id = run.user_id FOR NO KEY UPDATE;
  IF owner.id IS NULL OR owner.disabled_at IS NOT NULL THEN
    RETURN json_build_object('kind', 'no_account');
  END IF;

  IF NOT run.is_new THEN
    SELECT business_id INTO other FROM chat_sessions
    WHERE id = run.session_id AND deleted_at IS NULL AND (run.business_id IS NULL OR business_id = run.business_id)
    FOR UPDATE;
    IF NOT FOUND THEN
      RETURN json_build_object('kind', 'session_gone');
    END IF;
    run.business_id := other.business_id;
  END IF;
  SELECT id, business_name AS name, business_stage AS stage, business_category AS category,
    business_description AS description, primary_goal, target_market, time_zone, currency
  INTO about FROM businesses
  WHERE may_act_for(run.user_id, user_id, erased_at) AND (run.business_id IS NULL OR id = run.business_id)
  ORDER BY id LIMIT 1;
  IF NOT FOUND THEN
    RETURN json_build_object('kind', CASE WHEN run.is_new THEN 'no_business' ELSE 'session_gone' END);
  END IF;

  IF run.is_new THEN
    IF run.client_message_id IS NOT NULL THEN
      SELECT m.run_id INTO other FROM chat_messages m JOIN chat_sessions s ON s.id = m.session_id
      WHERE m.client_message_id = run.client_message_id AND s.business_id = about.id AND s.deleted_at IS NULL
      ORDER BY m.id LIMIT 1;
      IF other.run_id IS NOT NULL THEN
        RETURN json_build_object('kind', 'repeated', 'run_id', other.run_id);
      END IF;
    END IF;
    SELECT n.session_id INTO other FROM chat_names n JOIN chat_sessions s ON s.id = n.session_id
    WHERE n.user_id = run.user_id AND n.name = ANY (run.find_names) AND n.business_id = about.id
      AND s.deleted_at IS NULL
    ORDER BY array_position(run.find_names, n.name) LIMIT 1;
    IF FOUND THEN
      RETURN json_build_object('kind', 'session_known', 'session_id', other.session_id);
    END IF;
  ELSE
    SELECT m.run_id INTO other FROM chat_messages m
    WHERE m.session_id = run.session_id AND m.client_message_id = run.client_message_id;
    IF other.run_id IS NOT NULL THEN
      RETURN json_build_object('kind', 'repeated', 'run_id', other.run_id);
    END IF;
    SELECT id, lease_until < now() AS is_expired INTO other FROM chat_runs
    WHERE session_id = run.session_id AND status = 'running';
    IF FOUND THEN
      RETURN json_build_object(
        'kind', CASE WHEN other.is_expired THEN 'run_expired' ELSE 'run_active' END, 'run_id', other.id);
    END IF;
  END IF;

  IF run.most_runs > 0 AND run.most_runs <= (
    SELECT count(*) FROM chat_runs WHERE user_id = run.user_id AND status = 'running' AND lease_until > now()
  ) THEN
    RETURN json_build_object('kind', 'too_many_runs');
  END IF;

  -- An owner's own limits, then the programme's.
  SELECT
    coalesce(max(tokens_per_day) FILTER (WHERE user_id IS NOT NULL), max(tokens_per_day), 0) AS tokens,
    coalesce(max(runs_per_day) FILTER (WHERE user_id IS NOT NULL), max(runs_per_day)) AS runs
  INTO allowed FROM chat_budgets WHERE user_id IS NULL OR user_id = run.user_id;

  -- Where admins have set a number of runs, that one holds, by the day.
  IF run.most_per_day > 0 AND allowed.runs IS NULL THEN
    -- The run whose 24 hours must be over before another one fits in.
    SELECT started_at + interval '24 hours' AS free_at INTO other FROM chat_runs
    WHERE user_id = run.user_id AND started_at > run.started_at - interval '24 hours'
    ORDER BY started_at DESC OFFSET run.most_per_day - 1 LIMIT 1;
    IF FOUND THEN
      RETURN json_build_object('kind', 'day_limit', 'free_at', other.free_at);
    END IF;
  END IF;

  token_limit := CASE WHEN run.tokens = 0 THEN 0 ELSE allowed.tokens END;
  IF token_limit > 0 THEN
    held := run.tokens;
    IF NOT run.is_new THEN
      -- What was said is estimated: bytes are counted, three to a token.
      held := held + least(run.history_tokens, (
        SELECT coalesce(sum(octet_length(content) + coalesce(octet_length(tool_calls::text), 0)), 0) / 3
        FROM (SELECT content, tool_calls FROM chat_messages WHERE session_id = run.session_id AND is_current
          ORDER BY id DESC LIMIT run.history_messages) AS said));
    END IF;
  END IF;
  -- One statement on one row judges and takes, so whoever else reserves waits for it, wherever they are.
  INSERT INTO chat_budget_days AS d (user_id, day, runs, reserved_tokens)
  SELECT run.user_id, run.day, 1, held WHERE token_limit = 0 OR held <= token_limit
  ON CONFLICT (user_id, day) DO UPDATE SET runs = d.runs + 1, reserved_tokens = d.reserved_tokens + held
  WHERE (token_limit = 0 OR d.used_tokens + d.reserved_tokens + held <= token_limit)
    AND (coalesce(allowed.runs, 0) = 0 OR d.runs < allowed.runs)
  RETURNING d.runs INTO runs_of_day;
  IF runs_of_day IS NULL THEN
    SELECT runs, used_tokens, reserved_tokens INTO other FROM chat_budget_days
    WHERE user_id = run.user_id AND day = run.day;
    RETURN json_build_object('kind', 'budget_spent', 'locale', owner.locale, 'tokens', held,
      'limits', json_build_object('tokens', allowed.tokens, 'runs', allowed.runs),
      'use', json_build_object('runs', coalesce(other.runs, 0), 'used_tokens', coalesce(other.used_tokens, 0),
        'reserved_tokens', coalesce(other.reserved_tokens, 0)));
  END IF;
  IF runs_of_day = 1 THEN
    -- The first of a day clears away the days that nobody looks at any more.
    DELETE FROM chat_budget_days WHERE user_id = run.user_id AND day < run.day - 1 AND reserved_tokens = 0;
  END IF;

  IF run.is_new THEN
    INSERT INTO chat_sessions (id, business_id, user_id, title, created_at, updated_at)
    VALUES (run.session_id, about.id, run.user_id, run.title, run.started_at, run.started_at);
  ELSE
    UPDATE chat_sessions SET updated_at = run.started_at WHERE id = run.session_id;
  END IF;
  IF run.place <> 'end' THEN
    PERFORM show_branch(run.session_id, CASE run.place WHEN 'stands' THEN run.question_id ELSE run.after_id END);
  END IF;
  -- Leases are set and judged by the database's clock alone, which every process shares.
  WITH started AS (
    INSERT INTO chat_runs (id, session_id, instance, user_id, status, lease_until, started_at, record, budget_day,
      reserved_tokens, model, input_price, output_price, price_currency)
    VALUES (run.run_id, run.session_id, run.instance, run.user_id, 'running',
      now() + make_interval(secs => run.lease_seconds), run.started_at, run.record, run.day, held, run.model,
      run.input_price, run.output_price, run.price_currency)
  )
  INSERT INTO chat_messages (id, session_id, run_id, role, content, status, client_message_id, after_id, created_at)
  SELECT run.question_id, run.session_id, run.run_id, 'user', run.content, 'complete', run.client_message_id,
    CASE
      WHEN run.place = 'beside' THEN run.after_id
      WHEN run.is_new THEN run.session_id
      -- The current message that none follows, or the session itself when nothing was said yet. The newest id alone
      -- would not do: the clocks of two servers may differ.
      ELSE coalesce((
        SELECT m.id FROM chat_messages m
        WHERE m.session_id = run.session_id AND m.is_current
          AND NOT EXISTS (SELECT FROM chat_messages next WHERE next.after_id = m.id AND next.is_current)
        ORDER BY m.id DESC LIMIT 1), run.session_id)
    END, run.started_at
  WHERE run.place <> 'stands'
  UNION ALL
  SELECT run.answer_id, run.session_id, run.run_id, 'assistant', '', 'streaming',
    CASE run.place WHEN 'stands' THEN run.client_message_id END, run.question_id, run.started_at;
  IF run.keep_names IS NOT NULL THEN
    INSERT INTO chat_names (user_id, business_id, name, session_id, message_id)
    SELECT DISTINCT run.user_id, about.id, name, run.session_id, run.question_id
    FROM unnest(run.keep_names) AS name
    ON CONFLICT (user_id, name, business_id) DO UPDATE
    SET session_id = excluded.session_id, message_id = excluded.message_id;
  END IF;

  IF NOT run.is_new THEN
    -- A summary of what is not shown any more tells of another conversation.
    SELECT s.summary, s.summary_until INTO summed, summed_until
    FROM chat_sessions s JOIN chat_messages last ON last.id = s.summary_until AND last.is_current
    WHERE s.id = run.session_id;
  END IF;
  RETURN json_build_object('kind', 'started',
    'user', json_build_object('id', owner.id, 'name', owner.name, 'locale', owner.locale),
    'business', row_to_json(about),
    'facts', (
      SELECT coalesce(json_agg(fact), '[]') FROM (
        SELECT content, kind, updated_at FROM business_facts WHERE business_id = about.id ORDER BY id DESC LIMIT run.most_facts
      ) AS fact),
    'tokens', held, 'token_limit', token_limit, 'summary', summed, 'summary_until', summed_until,
    'history', CASE WHEN run.is_new THEN '[]'::json
      ELSE chat_history(run.session_id, run.question_id, run.history_messages) END);
END
$$;
