-- board_changes notes which businesses changed in what the board shows but for points: made, renamed, hidden, shown,
-- erased, or their owner renamed. Points and unlocks come by the outbox. Triggers write it, so that no way of changing is missed.
CREATE FUNCTION note_board_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO board_changes (business_id) VALUES (NEW.id);
  RETURN NULL;
END
$$;

CREATE TRIGGER businesses_made AFTER INSERT ON businesses FOR EACH ROW EXECUTE FUNCTION note_board_change();

CREATE TRIGGER businesses_changed AFTER UPDATE ON businesses FOR EACH ROW
WHEN ((OLD.business_name, OLD.board_visibility, OLD.user_id, OLD.erased_at)
  IS DISTINCT FROM (NEW.business_name, NEW.board_visibility, NEW.user_id, NEW.erased_at))
EXECUTE FUNCTION note_board_change();

CREATE FUNCTION note_owner_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO board_changes (business_id) SELECT id FROM businesses WHERE user_id = NEW.id;
  RETURN NULL;
END
$$;

CREATE TRIGGER users_renamed AFTER UPDATE ON users FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
EXECUTE FUNCTION note_owner_change();

-- board_businesses is what the board knows of every business.
CREATE VIEW board_businesses AS
  SELECT s.business_id, b.user_id, b.business_name, coalesce(owner.name, '') AS user_name, b.board_visibility,
    s.total_points, s.reached_at, s.sequence,
    (SELECT count(*)::integer FROM user_achievements AS u JOIN achievements AS a ON a.id = u.achievement_id
      WHERE u.business_id = s.business_id AND a.deleted_at IS NULL) AS achievements_count
  FROM business_standings AS s
  JOIN businesses AS b ON b.id = s.business_id
  LEFT JOIN users AS owner ON owner.id = b.user_id;

-- board_news is everything visible that was written by transactions from `since` on, and the bound below which every
-- transaction has ended: the next call starts there, so that nothing that commits late is missed; what lies above it is
-- told twice. Points and unlocks of the transactions in `known` are left out. A business whose newest sequence is known needs
-- no further look; null always needs one.
-- Example row: {until: 4711, revision: 3, changed: [["0190…", 17], ["0190…", null]]}
CREATE FUNCTION board_news(since xid8, known xid8[])
RETURNS TABLE (until xid8, revision bigint, changed jsonb)
LANGUAGE sql STABLE
-- Before PostgreSQL 18 a plan that cannot do without a scan seems so costly that it is compiled, for half a second.
SET jit = off
SET enable_seqscan = off
-- However many are known, each row is looked up among them at once.
SET enable_nestloop = off
-- What is new is found sooner than other processes are started to help.
SET max_parallel_workers_per_gather = 0
AS $$
  SELECT pg_snapshot_xmin(pg_current_snapshot()), (SELECT d.revision FROM definition_changes AS d),
    (SELECT coalesce(jsonb_agg(jsonb_build_array(x.business_id, x.sequence)), '[]')
      FROM (
        SELECT o.business_id, max(o.sequence) AS sequence FROM outbox AS o
        WHERE o.transaction_id >= since
          AND NOT EXISTS (SELECT FROM unnest(known) AS k (transaction_id) WHERE k.transaction_id = o.transaction_id)
        GROUP BY o.business_id
        UNION ALL
        SELECT DISTINCT c.business_id, NULL::bigint FROM board_changes AS c WHERE c.transaction_id >= since
      ) AS x)
$$;
