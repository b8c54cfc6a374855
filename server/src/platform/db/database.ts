import { drizzle } from 'drizzle-orm/node-postgres'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'

// `bigint` arrives as a string by default; every bigint of this schema (sequences, counts, sums of points) stays far
// below 2^53, so it is parsed once, here.
pg.types.setTypeParser(pg.types.builtins.INT8, (value) => Number(value))

/** Database is the drizzle handle over the connection pool. */
export type Database = NodePgDatabase
/** Transaction is the handle inside `db.transaction`. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]
/** Executor is either: what a function takes that may run inside a transaction. */
export type Executor = Database | Transaction

/** Store is an open database: the pool for hand-written statements, `db` for the query builder. */
export type Store = { pool: pg.Pool; db: Database }

/**
 * openPool opens a pool. Statements that hang are cancelled after 30 s, waiting for a lock after 10 s; a lost idle
 * connection is reported to `onError` and replaced by the next checkout.
 */
export function openPool(connection: pg.PoolConfig, onError: (error: Error) => void): Store {
  const pool = new pg.Pool({
    max: 20,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 30_000,
    application_name: 'tangga',
    ...connection,
  })
  pool.on('error', onError)
  pool.on('connect', surviveLoss)
  return { pool, db: drizzle(pool, { casing: 'snake_case' }) }
}

/** newClient makes a connection beside the pool, not opened yet, for work that must not hold to the pool's time limits. */
export function newClient(connection: pg.ClientConfig): pg.Client {
  const client = new pg.Client(connection)
  surviveLoss(client)
  return client
}

/**
 * surviveLoss leaves the loss of a connection to the statement that fails by it, or to the next one. The event says it
 * too, also of a connection in the middle of a transaction, and would end the process if nobody listened.
 */
function surviveLoss(client: pg.ClientBase): void {
  client.on('error', () => {})
}

/** databaseError finds the driver's error, which the query builder wraps, or undefined for anything else. */
export function databaseError(error: unknown): pg.DatabaseError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof pg.DatabaseError) return at
  }
  return undefined
}

/** pgErrorCode is the SQLSTATE of a failed statement (`23505` unique_violation …) or undefined. */
export function pgErrorCode(error: unknown): string | undefined {
  return databaseError(error)?.code
}

/** pgConstraint names the constraint that a failed statement violated, or undefined. */
export function pgConstraint(error: unknown): string | undefined {
  return databaseError(error)?.constraint
}
