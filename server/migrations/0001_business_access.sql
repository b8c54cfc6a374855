-- may_act_for decides access to a business, and is the only place that does: who calls, the business's owner, and when it
-- was erased. Whoever asks for more people than the owner changes this. PostgreSQL inlines it, so indexes serve it.
CREATE FUNCTION may_act_for(caller uuid, owner uuid, erased_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT owner = caller AND erased_at IS NULL';

-- accessible_business is the business that a person named, if they may act for it, or their first one where `named` is
-- null; null when there is none. Example: accessible_business(caller, NULL) → the oldest business of the caller.
-- It is PL/pgSQL because that keeps its plan; as an SQL function it would be planned anew for every award.
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
