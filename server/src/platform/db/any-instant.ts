import { customType } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { z } from 'zod'

const parse = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ)

/**
 * anyInstant is a column for instants of any year. The query builder's own hands what PostgreSQL writes to `new Date`, which
 * takes year 1 for 2001 and cannot read the offsets of long ago, such as +07:07:12, in a database whose zone is not UTC.
 */
export const anyInstant = customType<{ data: Date; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  toDriver: (at) => at.toISOString(),
  fromDriver: (text) => z.date().parse(parse(text)),
})
