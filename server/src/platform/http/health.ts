import type pg from 'pg'
import { z } from 'zod'
import { problem } from '../errors.ts'
import type { App } from './app-types.ts'

type HealthOptions = {
  version: string
  database: 'embedded' | 'postgres'
  advisor: string
  pool: pg.Pool
  draining: () => boolean
}

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
      config: { access: 'public' },
      logLevel: 'warn',
      schema: { tags: ['Service'], summary: 'Is the process up?', response: { 200: healthSchema } },
    },
    async () => ({ status: 'ok' as const, version, database, advisor }),
  )
  app.get(
    '/ready',
    {
      config: { access: 'public' },
      logLevel: 'warn',
      schema: {
        tags: ['Service'],
        summary: 'Can it serve right now?',
        response: { 200: z.object({ status: z.literal('ready') }) },
      },
    },
    async () => {
      if (options.draining()) throw problem.unavailable('draining', 'The server is shutting down.')
      await options.pool.query('SELECT 1')
      return { status: 'ready' as const }
    },
  )
}
