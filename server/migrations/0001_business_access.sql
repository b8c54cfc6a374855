-- The one place that decides which business a person may act for. `named` null means their first one.
-- Example: accessible_business(caller, NULL) → the oldest business of the caller, or null when there is none.
CREATE FUNCTION accessible_business(caller uuid, named uuid) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT id FROM businesses
  WHERE user_id = caller AND erased_at IS NULL AND (named IS NULL OR id = named)
  ORDER BY id
  LIMIT 1
$$;

-- The level that a total stands on, or null below the lowest one.
CREATE FUNCTION level_for_points(total bigint) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT id FROM business_levels WHERE required_points <= total ORDER BY required_points DESC LIMIT 1
$$;
