import type pg from 'pg'
import type { Metrics } from './metrics.ts'

/** measurePool tells how a pool of database connections is used. */
export function measurePool(pool: pg.Pool, metrics: Metrics): void {
  metrics.gauges({
    name: 'tangga_database_connections',
    help: 'Connections to the database, and calls that wait for one',
    label: 'state',
    read: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
  })
}
