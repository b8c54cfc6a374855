import type pg from 'pg'
import { z } from 'zod'

/** LEASE_MS is how long a claim lasts: an attempt at its longest, and the time to record it, with room to spare. */
export const LEASE_MS = 60_000

const claimRow = z.object({ target_id: z.string(), lane: z.string(), version: z.number() })

const headRow = z.object({
  target_id: z.string(),
  lane: z.string(),
  id: z.string().nullable(),
  kind: z.string().nullable(),
  payload: z.unknown(),
  occurred_at: z.date().nullable(),
  attempts: z.number().nullable(),
  retry_until: z.date().nullable(),
  url: z.string(),
  secret: z.string(),
  previous_secret: z.string().nullable(),
  previous_secret_until: z.date().nullable(),
})

/** LaneClaim is a lane that this process may deliver from until its lease ends. */
export type LaneClaim = { targetId: string; lane: string; claim: string; version: number }

/** Head is the first delivery of a claimed lane, with what its target needs for sending. */
export type Head = LaneClaim & {
  target: {
    id: string
    url: string
    secret: string
    previousSecret: string | null
    previousSecretUntil: Date | null
  }
  delivery: { id: string; kind: string; payload: unknown; occurredAt: Date; attempts: number; retryUntil: Date }
}

/** Outcome is what became of a claimed lane: an attempt, or nothing where there was nothing to send. */
export type Outcome = LaneClaim & {
  /** When the lane is due again, if something is left in it. */
  nextAttemptAt: Date
  attempt: {
    deliveryId: string
    status: 'pending' | 'accepted' | 'parked'
    attemptedAt: Date
    requestHeaders: Record<string, string> | null
    answerStatus: number | null
    answerBody: string | null
    durationMs: number
    error: string | null
  } | null
}

/** createDeliveryRepository claims lanes, reads what is first in them, and records what became of it. */
export function createDeliveryRepository(pool: pg.Pool) {
  return {
    /** claim takes due lanes, those that have waited longest first, up to `room` for each target. */
    async claim(options: { room: Map<string, number>; claim: string; now: Date }): Promise<LaneClaim[]> {
      const { room, claim, now } = options
      const { rows } = await pool.query({
        name: 'webhook_claim',
        text: CLAIM,
        values: [[...room.keys()], [...room.values()], claim, now, new Date(now.getTime() + LEASE_MS)],
      })
      return z
        .array(claimRow)
        .parse(rows)
        .map((row) => ({ targetId: row.target_id, lane: row.lane, claim, version: row.version }))
    },

    /**
     * heads reads the first delivery of each claimed lane, and null where there is none. It is a statement of its own,
     * whose snapshot is newer than the claim, so that it cannot see as waiting what the last holder has just sent.
     */
    async heads(claims: LaneClaim[]): Promise<{ claim: LaneClaim; head: Head | null }[]> {
      const { rows } = await pool.query({
        name: 'webhook_heads',
        text: HEADS,
        values: [claims.map((claim) => claim.targetId), claims.map((claim) => claim.lane)],
      })
      const found = new Map(
        z
          .array(headRow)
          .parse(rows)
          .map((row) => [`${row.target_id} ${row.lane}`, row]),
      )
      return claims.map((claim) => {
        const row = found.get(`${claim.targetId} ${claim.lane}`)
        return { claim, head: row ? headOf(claim, row) : null }
      })
    },

    /**
     * record stores what became of claimed lanes, in one statement. A lane in which nothing is left is removed, unless
     * something has joined it since it was claimed; any other becomes due at its time. What a receiver has accepted stays
     * accepted, also when the claim has meanwhile passed to somebody else.
     */
    async record(outcomes: Outcome[]): Promise<void> {
      const input = outcomes.map(({ targetId, lane, claim, version, nextAttemptAt, attempt }) => ({
        target_id: targetId,
        lane,
        claim,
        version,
        next_attempt_at: nextAttemptAt,
        delivery_id: attempt?.deliveryId ?? null,
        status: attempt?.status ?? null,
        attempted_at: attempt?.attemptedAt ?? null,
        request_headers: attempt?.requestHeaders ?? null,
        answer_status: attempt?.answerStatus ?? null,
        answer_body: attempt?.answerBody ?? null,
        duration_ms: attempt?.durationMs ?? null,
        error: attempt?.error ?? null,
      }))
      await pool.query({ name: 'webhook_record', text: RECORD, values: [JSON.stringify(input)] })
    },

    /** release makes lanes due at once that this process will not deliver from. */
    async release(claims: LaneClaim[], now: Date): Promise<void> {
      await pool.query(
        `UPDATE webhook_lanes AS l SET claim = NULL, next_attempt_at = $2
         FROM jsonb_to_recordset($1) AS r ("targetId" uuid, lane uuid, claim uuid)
         WHERE l.target_id = r."targetId" AND l.lane = r.lane AND l.claim = r.claim`,
        [JSON.stringify(claims), now],
      )
    },
  }
}

export type DeliveryRepository = ReturnType<typeof createDeliveryRepository>

const CLAIM = `
  WITH due AS (
    SELECT l.target_id, l.lane
    FROM unnest($1::uuid[], $2::integer[]) AS asked (target_id, room)
    CROSS JOIN LATERAL (
      SELECT x.target_id, x.lane FROM webhook_lanes AS x
      WHERE x.target_id = asked.target_id AND x.next_attempt_at <= $4
      ORDER BY x.next_attempt_at LIMIT asked.room
      FOR UPDATE SKIP LOCKED
    ) AS l
  )
  UPDATE webhook_lanes AS l SET claim = $3, next_attempt_at = $5
  FROM due WHERE l.target_id = due.target_id AND l.lane = due.lane
  RETURNING l.target_id, l.lane, l.version`

const HEADS = `
  SELECT asked.target_id, asked.lane, d.id, d.kind, d.payload, d.occurred_at, d.attempts, d.retry_until,
    t.url, t.secret, t.previous_secret, t.previous_secret_until
  FROM unnest($1::uuid[], $2::uuid[]) AS asked (target_id, lane)
  JOIN webhook_targets AS t ON t.id = asked.target_id AND t.active AND t.deleted_at IS NULL
  LEFT JOIN LATERAL (
    SELECT * FROM webhook_deliveries AS x
    WHERE x.target_id = asked.target_id AND x.lane = asked.lane AND x.status = 'pending'
    ORDER BY x.sequence, x.position LIMIT 1
  ) AS d ON true`

// One row of the input: {"target_id":"…","lane":"…","claim":"…","version":3,"next_attempt_at":"2026-11-22T08:00:05Z",
// "delivery_id":"…","status":"accepted","attempted_at":"…","request_headers":{…},"answer_status":200,"answer_body":"ok",
// "duration_ms":12,"error":null}. Lanes are locked in order, as everywhere, so that statements never wait for each other
// in a circle. Whether something else waits in a lane is seen as of the start of the statement; whatever has joined since
// has raised the version, which the lock shows.
const RECORD = `
  WITH r AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1) AS r (target_id uuid, lane uuid, claim uuid, version integer,
      next_attempt_at timestamptz, delivery_id uuid, status text, attempted_at timestamptz, request_headers jsonb,
      answer_status integer, answer_body text, duration_ms integer, error text)
  ),
  recorded AS (
    UPDATE webhook_deliveries AS d
    SET status = r.status, attempts = d.attempts + 1, attempted_at = r.attempted_at, request_headers = r.request_headers,
      answer_status = r.answer_status, answer_body = r.answer_body, duration_ms = r.duration_ms, error = r.error,
      finished_at = CASE WHEN r.status <> 'pending' THEN r.attempted_at + make_interval(secs => r.duration_ms / 1000.0) END
    FROM r WHERE d.id = r.delivery_id AND (d.status = 'pending' OR r.status = 'accepted')
  ),
  held AS MATERIALIZED (
    SELECT l.target_id, l.lane, l.version = r.version AND r.status IS DISTINCT FROM 'pending' AND NOT EXISTS (
        SELECT FROM webhook_deliveries AS d
        WHERE d.target_id = r.target_id AND d.lane = r.lane AND d.status = 'pending'
          AND d.id IS DISTINCT FROM r.delivery_id) AS is_empty,
      r.next_attempt_at
    FROM webhook_lanes AS l JOIN r ON l.target_id = r.target_id AND l.lane = r.lane AND l.claim = r.claim
    ORDER BY l.target_id, l.lane
    FOR UPDATE OF l
  ),
  emptied AS (
    DELETE FROM webhook_lanes AS l USING held AS h
    WHERE h.is_empty AND l.target_id = h.target_id AND l.lane = h.lane
  )
  UPDATE webhook_lanes AS l SET claim = NULL, next_attempt_at = h.next_attempt_at
  FROM held AS h WHERE NOT h.is_empty AND l.target_id = h.target_id AND l.lane = h.lane`

function headOf(claim: LaneClaim, row: z.output<typeof headRow>): Head | null {
  const { id, kind, occurred_at: occurredAt, attempts, retry_until: retryUntil } = row
  if (id === null || kind === null || occurredAt === null || attempts === null || retryUntil === null) return null
  return {
    ...claim,
    target: {
      id: row.target_id,
      url: row.url,
      secret: row.secret,
      previousSecret: row.previous_secret,
      previousSecretUntil: row.previous_secret_until,
    },
    delivery: { id, kind, payload: row.payload, occurredAt, attempts, retryUntil },
  }
}
