import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { problem } from '../errors.ts'
import { idSchema } from '../text.ts'

/** pageQuery is the query of every list: 1 to 200 items, 50 by default, and the cursor of the `Link` header. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
})

/** Page is a slice of a list; `next` is the cursor's content for the one after it, or null at the end. */
export type Page<T> = { items: T[]; next: Record<string, string | number> | null }

/** encodeCursor makes an opaque cursor of the last row's sort key. */
export function encodeCursor(key: Record<string, string | number>): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** decodeCursor reads a cursor back, parsed by the key's schema; 422 when it is not one of ours. */
export function decodeCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | undefined {
  if (cursor === undefined) return undefined
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch (cause) {
    const refusal = problem.invalid([{ path: 'cursor', message: 'is not a cursor of this list' }])
    refusal.cause = cause
    throw refusal
  }
}

const idCursor = z.object({ id: idSchema })

/** idOfCursor reads the cursor of a list whose only sort key is the id; 422 when it is not one of ours. */
export function idOfCursor(cursor: string | undefined): string | undefined {
  return decodeCursor(idCursor, cursor)?.id
}

/** pageOf cuts a list that was read one row longer than `limit` and keeps the sort key of its last row. */
export function pageOf<T>(rows: T[], limit: number, key: (row: T) => Record<string, string | number>): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? key(last) : null }
}

/** sendPage sets the `Link` header to the next page, where there is one, and returns the bare array to answer with. */
export function sendPage<T>(request: FastifyRequest, reply: FastifyReply, page: Page<T>): T[] {
  if (page.next) {
    const url = new URL(request.url, 'http://localhost')
    url.searchParams.set('cursor', encodeCursor(page.next))
    reply.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  return page.items
}
