import {
  createAgent,
  createMcpServer,
  type AgentEngine,
  type AgentLimits,
  type McpConfig,
} from './modules/agent/index.ts'
import { createAudit } from './modules/audit/index.ts'
import { createAuth, derivedKey, findUser } from './modules/auth/index.ts'
import { createBusiness } from './modules/business/index.ts'
import { createChat, createHistorySearch } from './modules/chat/index.ts'
import { createGamification } from './modules/gamification/index.ts'
import { createWebhooks, type WebhookTuning } from './modules/webhooks/index.ts'
import type { Clock } from './platform/clock.ts'
import { systemClock } from './platform/clock.ts'
import { loadSettings, type Settings } from './platform/config.ts'
import { openPool, type Store } from './platform/db/database.ts'
import type { App } from './platform/http/app-types.ts'
import { refuseWhileDraining } from './platform/http/draining.ts'
import { serveHealth } from './platform/http/health.ts'
import { limitCallers } from './platform/http/caller-limit.ts'
import { registerOpenApi, serveOpenApi } from './platform/http/openapi.ts'
import { createHttp } from './platform/http/server.ts'
import { serveWebApp } from './platform/http/web-app.ts'
import { createLimiter, sharedLimiters } from './platform/limits.ts'
import { createLog, type Log } from './platform/logger.ts'
import { measureHttp } from './platform/metrics/measure-http.ts'
import { measurePool } from './platform/metrics/measure-pool.ts'
import { createMetrics } from './platform/metrics/metrics.ts'
import { serveMetrics } from './platform/metrics/serve-metrics.ts'
import { createRedis } from './platform/redis.ts'
import { createOpenStreams } from './platform/sse/open-streams.ts'
import { openTracing } from './platform/tracing/open-tracing.ts'
import { traceRequests } from './platform/tracing/trace-requests.ts'
import { version } from './version.ts'

/** AppOptions are what the process hands in; `secretKey` signs tokens and is never empty. */
export type AppOptions = {
  settings: Settings
  store: Store
  databaseKind: 'embedded' | 'postgres'
  secretKey: string
  log: Log
  clock?: Clock
  /** Another engine than the built-in one; tests bring their own. */
  engine?: AgentEngine
  /** Outside servers whose tools join the advisor's. */
  mcp?: McpConfig
  /** Smaller limits of runs than the usual ones, for tests. */
  agentLimits?: Partial<AgentLimits>
  /** How webhooks are sent, where tests need it otherwise. */
  webhooks?: WebhookTuning
}

const LINGER_MS = 2_000

/** Tangga is the whole service, wired and not yet listening. */
export type Tangga = Awaited<ReturnType<typeof createApp>>

/** createApp wires every module; it is the only place that knows them all. Nothing here touches the database. */
export async function createApp(options: AppOptions) {
  const { settings, store, log, clock = systemClock } = options
  const http = await createHttp({
    log,
    trustProxy: settings.trustProxy,
    corsOrigins: settings.corsOrigins,
    https: settings.publicUrl?.startsWith('https:') ?? false,
  })
  const tracing = await openTracing({ settings, version, log })
  if (tracing) traceRequests(http)
  await registerOpenApi(http, version)

  const shared = settings.redisUrl === undefined ? undefined : createRedis(settings.redisUrl, log)
  const limiter = shared ? sharedLimiters(shared.redis) : createLimiter
  const streams = createOpenStreams({ perOwner: settings.streamsPerOwner, redis: shared?.redis })

  const metrics = createMetrics()
  measureHttp(http, metrics)
  measurePool(store.pool, metrics)
  metrics.gauge({
    name: 'tangga_open_streams',
    help: 'Answers and live feeds that are followed',
    read: () => streams.open,
  })

  const auth = createAuth({ store, settings, secretKey: options.secretKey, clock, log, limiter })
  const audit = createAudit({ store })
  const business = createBusiness({ store, settings, clock, log, auth })
  const gamification = createGamification({
    store,
    clock,
    log,
    business: business.service,
    links: business.links,
    streams,
    metrics,
  })
  const agent = createAgent({
    store,
    settings,
    approvalKey: derivedKey(options.secretKey, 'tool-approval'),
    clock,
    log,
    business: business.service,
    gamification: gamification.service,
    engine: options.engine,
    mcp: options.mcp && { config: options.mcp, version },
    searchHistory: createHistorySearch(store.db),
    writes: { events: gamification.service, profiles: business.service },
    ...(options.agentLimits && { limits: options.agentLimits }),
  })
  const mcp = createMcpServer({
    agent,
    business: business.service,
    findUser: (userId) => findUser(store.db, userId),
    settings,
    log,
    version,
  })
  const chat = createChat({
    store,
    settings,
    limiter,
    streams,
    metrics,
    clock,
    log,
    business: business.service,
    engine: agent.engine,
    summariser: agent.summariser,
    approvals: agent.approvals,
    writeTitle: agent.writeTitle,
    redis: shared?.redis,
  })

  const webhooks = createWebhooks({
    store,
    settings,
    secretKey: options.secretKey,
    clock,
    log,
    metrics,
    tuning: options.webhooks,
  })

  gamification.service.onNews(webhooks.courier.news)

  // In this order: whoever must still know the owner's businesses comes before they lose their owner.
  auth.onErase(chat.erase)
  auth.onErase(gamification.service.erase)
  auth.onErase(business.erase)
  business.onCreated((tx, created) => gamification.service.openStanding(tx, created.id))
  business.onChanged(gamification.service.boardChanged)
  auth.onErased(chat.erased)
  auth.onErased(gamification.service.boardChanged)
  auth.onErased(gamification.service.endFeedsOf)
  auth.onKeyRevoked(gamification.service.endFeedsOfKey)

  refuseWhileDraining(http, () => draining)
  auth.guard(http, business.personalKeys)
  // Not on the root: a probe of /health must never be refused, and neither must the files of the web app.
  await http.register(async (limited: App) => {
    limitCallers(limited, settings.apiLimitPerMinute, limiter)
    await limited.register(chat.openAiRoutes, { prefix: '/openai/v1' })
    await limited.register(mcp.routes)
    await limited.register(
      async (api: App) => {
        for (const routes of [
          auth.routes,
          business.routes,
          gamification.routes,
          agent.routes,
          chat.routes,
          webhooks.routes,
          audit.routes,
        ])
          await api.register(routes)
      },
      { prefix: '/api/v1' },
    )
  })
  await serveHealth(http, {
    version,
    database: options.databaseKind,
    advisor: agent.engine.name,
    pool: store.pool,
  })
  await serveMetrics(http, metrics)
  await serveOpenApi(http)
  await serveWebApp(http)

  let draining = false
  return {
    http,
    auth,
    business,
    gamification,
    agent,
    chat,
    webhooks,
    /** advisor names who answers: `offline` or the model. */
    advisor: agent.engine.name,
    /** start brings derived state up to date and begins the background work; `boardWarm` resolves when ranks are in memory. */
    async start() {
      shared?.connect()
      metrics.start()
      const { warm: boardWarm } = await gamification.service.start()
      await chat.start()
      agent.start()
      webhooks.start()
      return { boardWarm }
    },
    /** close refuses new calls, finishes or marks running streams, and ends the background work. The store stays open. */
    async close() {
      draining = true
      gamification.service.drain()
      await chat.drain()
      // Whoever takes their last bytes too slowly by now would keep the process from ending.
      const lingering = setTimeout(() => http.server.closeAllConnections(), LINGER_MS)
      await http.close()
      clearTimeout(lingering)
      await agent.close()
      await webhooks.close()
      await gamification.service.close()
      await auth.close()
      await business.close()
      streams.close()
      metrics.close()
      shared?.close()
      await tracing?.close()
    },
  }
}

/** buildOpenApiDocument makes the OpenAPI document from the routes themselves, without a database. */
export async function buildOpenApiDocument(): Promise<unknown> {
  const log = createLog({ level: 'silent' })
  const store = openPool({ host: '/nowhere' }, () => {})
  const app = await createApp({
    settings: loadSettings({}),
    store,
    databaseKind: 'embedded',
    secretKey: 'x'.repeat(32),
    log,
  })
  await app.http.ready()
  return app.http.swagger()
}
