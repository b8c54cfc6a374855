import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'drizzle-orm'
import { createTestDatabase } from '../../../test/harness.ts'
import { openPool } from './database.ts'

// An event that nobody hears would end the process, which the test runner tells as a failure.
for (const [what, statement] of [
  ['while a statement runs', sql`SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)`],
  ['between two statements', sql`SELECT pg_backend_pid() AS pid`],
] as const)
  test(`a connection lost in a transaction, ${what}, fails the transaction and nothing else`, async () => {
    const database = await createTestDatabase()
    const { db, pool } = openPool({ connectionString: database.url }, () => {})
    try {
      await assert.rejects(
        db.transaction(async (tx) => {
          const { rows } = await tx.execute(statement)
          await pool.query('SELECT pg_terminate_backend($1::integer)', [rows[0]?.['pid']])
          await new Promise((resolve) => setTimeout(resolve, 50))
          await tx.execute(statement)
        }),
      )
      assert.deepEqual((await db.execute(sql`SELECT 1 AS one`)).rows, [{ one: 1 }])
    } finally {
      await pool.end()
      await database.drop()
    }
  })
