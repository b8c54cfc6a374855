import type pg from 'pg'
import { z } from 'zod'

const FIRST = '00000000-0000-0000-0000-000000000000'
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** BusinessChunk is a range of ids, above `after` and up to `upTo`, and how many businesses it holds at most. */
export type BusinessChunk = { after: string; upTo: string; size: number }

/** businessChunks walks through every business in the order of ids, `size` at a time; the last chunk is open-ended. */
export async function* businessChunks(client: pg.Client, size: number): AsyncGenerator<BusinessChunk> {
  for (let after = FIRST; ;) {
    const { rows } = await client.query('SELECT id FROM businesses WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1', [
      after,
      size - 1,
    ])
    const end = z.array(z.object({ id: z.string() })).parse(rows)[0]?.id
    yield { after, upTo: end ?? LAST, size }
    if (end === undefined) return
    after = end
  }
}

/** countBusinesses counts them all. */
export async function countBusinesses(client: pg.Client): Promise<number> {
  const { rows } = await client.query('SELECT count(*) AS count FROM businesses')
  return z.object({ count: z.number() }).parse(rows[0]).count
}
