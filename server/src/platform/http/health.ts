import type pg from 'pg'
import { z } from 'zod'
import { problem } from '../errors.ts'
import type { App } from './app-types.ts'

type HealthOptions = {
  version: string
  database: 'embedded' | 'postgres'
  advisor: string
  pool: pg.Pool
}

// Whoever asks wants to know now; a database that stands still would be waited for longer than they wait.
const LONGEST_WAIT_MS = 2_000

const healthSchema = z
  .object({
    status: z.literal('ok'),
    version: z.string(),
    database: z.enum(['embedded', 'postgres']),
    advisor: z.string().describe('`offline` or the name of the model'),
  })
  .meta({ id: 'Health' })

/** serveHealth answers /health as soon as requests are served, and /ready only while the database answers too. */
export async function serveHealth(app: App, options: HealthOptions): Promise<void> {
  const { version, database, advisor } = options
  app.get(
    '/health',
    {
      config: { access: 'public', quiet: true, whileDraining: true },
      schema: { tags: ['Service'], summary: 'Is the process up?', response: { 200: healthSchema } },
    },
    async () => ({ status: 'ok' as const, version, database, advisor }),
  )
  app.get(
    '/ready',
    {
      config: { access: 'public', quiet: true },
      schema: {
        tags: ['Service'],
        summary: 'Can it serve right now?',
        response: { 200: z.object({ status: z.literal('ready') }) },
      },
    },
    async () => {
      await answers(options.pool)
      return { status: 'ready' as const }
    },
  )
}

async function answers(pool: pg.Pool): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(problem.unavailable('database_unavailable', 'The database does not answer.')),
    LONGEST_WAIT_MS,
  )
  try {
    await Promise.race([pool.query('SELECT 1'), late])
  } finally {
    clearTimeout(timer)
  }
}
