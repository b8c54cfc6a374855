-- may_act_for decides access to a business, and is the only place that does: who calls, the business's owner, and when it
-- was erased. Whoever asks for more people than the owner changes this. PostgreSQL inlines it, so indexes serve it.
CREATE FUNCTION may_act_for(caller uuid, owner uuid, erased_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT owner = caller AND erased_at IS NULL';

-- A standing has of its business what an award must know, so that it reads one row. Whatever changes the business changes
-- it too.
CREATE FUNCTION standing_follows_business() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE business_standings
  SET owner_id = CASE WHEN NEW.erased_at IS NULL THEN NEW.user_id END, time_zone = NEW.time_zone,
    on_board = NEW.board_visibility <> 'hidden' AND NEW.erased_at IS NULL
  WHERE business_id = NEW.id;
  RETURN NULL;
END
$$;

CREATE TRIGGER businesses_followed AFTER UPDATE ON businesses FOR EACH ROW
WHEN ((OLD.user_id, OLD.erased_at, OLD.time_zone, OLD.board_visibility)
  IS DISTINCT FROM (NEW.user_id, NEW.erased_at, NEW.time_zone, NEW.board_visibility))
EXECUTE FUNCTION standing_follows_business();

-- accessible_business is the business that a person named, if they may act for it, or their first one where `named` is
-- null; null when there is none. Example: accessible_business(caller, NULL) → the oldest business of the caller.
-- It is PL/pgSQL because that keeps its plan; as an SQL function it would be planned anew for every call.
CREATE FUNCTION accessible_business(caller uuid, named uuid) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT id FROM businesses
    WHERE may_act_for(caller, user_id, erased_at) AND (named IS NULL OR id = named)
    ORDER BY id
    LIMIT 1);
END
$$;

-- The level that a total stands on, or null below the lowest one.
CREATE FUNCTION level_for_points(total bigint) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT id FROM business_levels WHERE required_points <= total ORDER BY required_points DESC LIMIT 1
$$;

-- outbox is everything that others may hear of: points, which the ledger says, and behind them what they brought. Both sides
-- are read by their own indexes; types are named so that they are equal, without which PostgreSQL could not look inside.
CREATE VIEW outbox AS
  SELECT business_id, sequence, 0::smallint AS position, 'points'::text AS kind,
    jsonb_build_object('event_id', event_id, 'business_id', business_id, 'type', type, 'points', points,
      'total_points', total_after) AS payload,
    transaction_id, created_at
  FROM ledger_entries
  UNION ALL
  SELECT business_id, sequence, position, kind, payload, transaction_id, created_at FROM announcements;

-- outbox_since is what was announced at some time and after it, for when transaction ids do not tell. The ledger has no index
-- by time, so entries are found by their ids, which are UUIDv7 of when they were asked for: a little before they were
-- written, and by another clock.
CREATE FUNCTION outbox_since(at timestamptz) RETURNS SETOF outbox
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
  SELECT o.* FROM (
    SELECT l.business_id, l.sequence FROM ledger_entries AS l
    WHERE l.created_at >= at AND l.id >= (
      lpad(to_hex((extract(epoch FROM at - interval '1 hour') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
    UNION
    SELECT a.business_id, a.sequence FROM announcements AS a WHERE a.created_at >= at
  ) AS recent
  -- OFFSET has each looked up by itself, however many PostgreSQL expects.
  CROSS JOIN LATERAL (
    SELECT x.* FROM outbox AS x WHERE x.business_id = recent.business_id AND x.sequence = recent.sequence OFFSET 0
  ) AS o
$$;
