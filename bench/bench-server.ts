import { createApp } from '../server/src/app.ts'
import { loadSettings } from '../server/src/platform/config.ts'
import { openPool } from '../server/src/platform/db/database.ts'
import { callerOf } from '../server/src/modules/auth/index.ts'
import type { App } from '../server/src/platform/http/app-types.ts'
import { limitCallers } from '../server/src/platform/http/caller-limit.ts'
import { sendJson } from '../server/src/platform/http/send-json.ts'
import { createLimiter } from '../server/src/platform/limits.ts'
import { createLog } from '../server/src/platform/logger.ts'
import { usage } from './chat/serve-parent.ts'
import { naiveLeaderboard } from './naive.ts'

// The service as a process of its own, with two routes beside its own: one that answers the bytes of a leaderboard from a
// constant, behind the same authentication, limits and headers, and the naive leaderboard. Its parent talks to it over the
// IPC channel: {static: body} sets the constant, {memory: true} asks for the memory in use after a collection, {usage:
// true} for what the process has used so far.

const [databaseUrl = '', secretKey = '', environment = '{}'] = process.argv.slice(2)
const settings = loadSettings({
  DATABASE_URL: databaseUrl,
  API_LIMIT_PER_MINUTE: '1000000',
  LOG_LEVEL: 'warn',
  ...JSON.parse(environment),
})
const startedAt = performance.timeOrigin
const store = openPool({ connectionString: databaseUrl }, () => {})
const app = await createApp({
  settings,
  store,
  databaseKind: 'postgres',
  secretKey,
  log: createLog({ level: settings.logLevel }),
})

let constant = '[]'
await app.http.register(
  async (bench: App) => {
    limitCallers(bench, settings.apiLimitPerMinute, createLimiter)
    bench.get('/static', { config: { access: 'user' }, schema: { hide: true } }, async (_request, reply) =>
      sendJson(reply, constant),
    )
    bench.get('/naive', { config: { access: 'user' }, schema: { hide: true } }, async (request, reply) =>
      sendJson(reply, JSON.stringify(await naiveLeaderboard(store.pool, callerOf(request).userId))),
    )
  },
  { prefix: '/bench' },
)

const { boardWarm } = await app.start()
const url = await app.http.listen({ host: '127.0.0.1', port: 0 })
const listeningMs = performance.timeOrigin + performance.now() - startedAt
await boardWarm
const warmMs = performance.timeOrigin + performance.now() - startedAt
process.send?.({ url, listeningMs, warmMs })

// A bench that failed leaves nothing behind.
process.on('disconnect', () => process.exit(0))
process.on('message', (message: { static?: string; memory?: true; usage?: true; stop?: true }) => {
  if (message.static !== undefined) constant = message.static
  if (message.memory) {
    globalThis.gc?.()
    globalThis.gc?.()
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
    process.send?.({ memory: { heapUsed, external, arrayBuffers, rss }, cpu: process.cpuUsage() })
  }
  if (message.usage) process.send?.(usage())
  if (message.stop)
    void app
      .close()
      .then(() => store.pool.end())
      .then(() => process.exit(0))
})
