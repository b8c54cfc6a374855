import type pg from 'pg'

const CHUNK = 50_000

/** The ids of the n-th business, its owner, and the one event that all its points come from, as the seed makes them. */
export const seededId = {
  user: (n: number) => idOf('018f', n),
  business: (n: number) => idOf('0190', n),
  event: (n: number) => idOf('0191', n),
}

function idOf(prefix: string, n: number): string {
  const digits = n.toString(16).padStart(12, '0')
  return `${prefix}0000-0000-7000-8000-${digits}`
}

const sqlId = (prefix: string) => `('${prefix}0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`

/**
 * seedBusinesses makes `count` owners with a business each, in a freshly migrated database: skewed totals with many ties,
 * one event and one ledger entry that make up the total, and the unlocks and levels that belong to it, so that every
 * invariant holds. It ends with ANALYZE. `onProgress` gets the businesses made so far.
 */
export async function seedBusinesses(
  client: pg.ClientBase,
  count: number,
  onProgress: (made: number) => void,
): Promise<void> {
  await client.query('SET statement_timeout = 0')
  // What triggers would note of the seed, a server reads anyway when it starts.
  await client.query('ALTER TABLE businesses DISABLE TRIGGER USER')
  for (let from = 1; from <= count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK - 1)
    await client.query(`
      WITH seed AS MATERIALIZED (
        SELECT n, ${sqlId('018f')} AS user_id, ${sqlId('0190')} AS business_id, ${sqlId('0191')} AS event_id,
          ${sqlId('0192')} AS ledger_id,
          -- A number between 0 and 1 that looks random and is the same each time.
          floor(6000 * power((hashint4(n)::bigint + 2147483648) / 4294967296.0, 3))::integer AS total,
          now() - n * interval '1 second' AS at
        FROM generate_series(${from}, ${to}) AS n
      ),
      people AS (
        INSERT INTO users (id, email, name, locale)
        SELECT user_id, 'owner' || n || '@example.org', 'Owner Number ' || n, 'en' FROM seed
      ),
      shops AS (
        INSERT INTO businesses (id, user_id, business_name, business_category, business_stage, time_zone, currency)
        SELECT business_id, user_id, 'Business Number ' || n, 'Retail', 'Operational', 'UTC', 'USD' FROM seed
      ),
      accepted AS (
        INSERT INTO events (id, business_id, source, namespace, idempotency_key, fingerprint, type, occurred_at, day,
          created_at, points_awarded, total_after)
        SELECT event_id, business_id, 'server', 'server', 'seed', 'seed', 'adjustment', at, at::date, at, total, total
        FROM seed
      ),
      entered AS (
        INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, occurred_at, created_at)
        SELECT ledger_id, business_id, 1, event_id, 'adjustment', total, total, at, at FROM seed WHERE total > 0
      ),
      unlocked AS (
        INSERT INTO user_achievements (business_id, achievement_id, user_id, unlocked_at)
        SELECT business_id, a.id, user_id, at FROM seed JOIN achievements AS a ON a.required_points <= total
      )
      INSERT INTO business_standings (business_id, total_points, highest_points, level_id, reached_at, sequence, owner_id,
        time_zone)
      SELECT business_id, total, total, level_for_points(total), at, (total > 0)::integer, user_id, 'UTC' FROM seed`)
    onProgress(to)
  }
  await client.query('ALTER TABLE businesses ENABLE TRIGGER USER')
  await client.query('VACUUM (ANALYZE)')
}
