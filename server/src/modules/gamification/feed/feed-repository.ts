import type pg from 'pg'
import { z } from 'zod'
import type { FeedPlace } from './feed-cursor.ts'

/** FEED_PAGE is how many entries of one business are read at once. */
export const FEED_PAGE = 200

const entryRow = z.object({
  reader: z.int(),
  business_id: z.string(),
  sequence: z.number(),
  position: z.int(),
  kind: z.enum(['points', 'level_up', 'achievement']),
  payload: z.record(z.string(), z.unknown()),
})

/** FeedEntry is one row of the outbox. */
export type FeedEntry = Omit<z.output<typeof entryRow>, 'reader'>

/** FeedRead asks for what a reader has not seen of some businesses. */
export type FeedRead = [businessId: string, place: FeedPlace][]

const standingRow = z.object({ business_id: z.string(), sequence: z.number() })

// Each business's next entries, in its order. What a lower sequence holds was committed before what a higher one holds,
// since both were written under the lock of the business's standing: nothing appears behind a reader. No sequence is
// empty, so a page ends within FEED_PAGE of them after the first, which may have been read to its end; by that bound a long
// history is read a piece at a time, whatever the plan.
const ENTRIES = `
  SELECT asked.reader, o.business_id, o.sequence, o.position, o.kind, o.payload
  FROM unnest($1::int[], $2::uuid[], $3::bigint[], $4::int[]) AS asked (reader, business_id, sequence, position)
  CROSS JOIN LATERAL (
    SELECT x.* FROM outbox AS x
    WHERE x.business_id = asked.business_id AND (x.sequence, x.position) >= (asked.sequence, asked.position)
      AND x.sequence <= asked.sequence + ${FEED_PAGE}
    ORDER BY x.sequence, x.position
    LIMIT ${FEED_PAGE}
  ) AS o`

/** createFeedRepository reads the outbox, and where it ends. */
export function createFeedRepository(pool: pg.Pool) {
  const standings = async (text: string, values: unknown[]) =>
    z
      .array(standingRow)
      .parse((await pool.query(text, values)).rows)
      .map((row) => ({ businessId: row.business_id, sequence: row.sequence }))

  return {
    /** entries reads at most FEED_PAGE entries of each business of each read, in order per business, in one round trip. */
    async entries(reads: FeedRead[]): Promise<FeedEntry[][]> {
      const asked = reads.flatMap((read, reader) => read.map(([id, place]) => ({ reader, id, ...place })))
      const { rows } = await pool.query({
        name: 'feed_entries',
        text: ENTRIES,
        values: [
          asked.map((place) => place.reader),
          asked.map((place) => place.id),
          asked.map((place) => place.sequence),
          asked.map((place) => place.position),
        ],
      })
      const found: FeedEntry[][] = reads.map(() => [])
      for (const { reader, ...entry } of z.array(entryRow).parse(rows)) found[reader]?.push(entry)
      for (const entries of found) entries.sort(inOrder)
      return found
    },

    /** ownStandings are the last sequences of the businesses that a person may act for, or of the one they name. */
    ownStandings: (userId: string, businessId: string | undefined) =>
      standings(
        `SELECT s.business_id, s.sequence FROM businesses AS b JOIN business_standings AS s ON s.business_id = b.id
        WHERE may_act_for($1, b.user_id, b.erased_at) AND ($2::uuid IS NULL OR b.id = $2) ORDER BY b.id`,
        [userId, businessId ?? null],
      ),

    /** lockedOut are those of these people and API keys who may sign in, or call, no longer. */
    async lockedOut(owners: { userIds: string[]; keyIds: string[] }): Promise<string[]> {
      const { rows } = await pool.query(
        `SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
        WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = asked.id AND u.disabled_at IS NULL)
        UNION ALL
        SELECT asked.id FROM unnest($2::uuid[]) AS asked (id)
        WHERE NOT EXISTS (SELECT FROM api_keys AS k WHERE k.id = asked.id AND coalesce(k.expires_at > now(), true))`,
        [owners.userIds, owners.keyIds],
      )
      return z
        .array(z.object({ id: z.string() }))
        .parse(rows)
        .map(({ id }) => id)
    },

    /** anyStanding is the last sequence of a business, whoever's it is; none for one that is erased. */
    anyStanding: (businessId: string) =>
      standings(
        `SELECT s.business_id, s.sequence FROM businesses AS b JOIN business_standings AS s ON s.business_id = b.id
        WHERE b.id = $1 AND b.erased_at IS NULL`,
        [businessId],
      ),
  }
}

export type FeedRepository = ReturnType<typeof createFeedRepository>

function inOrder(a: FeedEntry, b: FeedEntry): number {
  if (a.business_id !== b.business_id) return a.business_id < b.business_id ? -1 : 1
  return a.sequence - b.sequence || a.position - b.position
}
