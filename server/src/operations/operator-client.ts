import type pg from 'pg'
import { newClient } from '../platform/db/database.ts'

/**
 * withOperatorClient lends one connection to work that takes as long as it takes: none of the server's time limits hold
 * for it. Dates, numbers and texts come out in one form, whatever the database's own settings are.
 */
export async function withOperatorClient<T>(
  options: { connection: pg.PoolConfig; name: string },
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = newClient({ ...options.connection, application_name: `tangga ${options.name}` })
  await client.connect()
  try {
    await client.query(`
      SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;
      SET client_encoding = 'UTF8'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC';
      SET extra_float_digits = 3; SET bytea_output = 'hex'`)
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
