import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Store, Transaction } from '../../platform/db/database.ts'
import type { App } from '../../platform/http/app-types.ts'
import type { CreateLimiter } from '../../platform/limits.ts'
import type { Log } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics/metrics.ts'
import type { RedisConnection } from '../../platform/redis.ts'
import type { OpenStreams } from '../../platform/sse/open-streams.ts'
import type { AgentEngine, Approvals, Summariser, WriteTitle } from '../agent/index.ts'
import { findUser } from '../auth/index.ts'
import { type BusinessAccess, createChatAccess } from './chat-access.ts'
import { feedbackAdminRoutes } from './feedback-admin-routes.ts'
import { createFeedbackRepository } from './feedback-repository.ts'
import { feedbackRoutes } from './feedback-routes.ts'
import { createFeedbackService } from './feedback.ts'
import { messageRoutes } from './message-routes.ts'
import { forget } from './budget/budget-repository.ts'
import { budgetRoutes } from './budget/budget-routes.ts'
import { createBudgetService } from './budget/budget-service.ts'
import { createRunBudgets } from './budget/run-budgets.ts'
import { createLiveRunPlaces } from './live-run-places.ts'
import { createChatRepository } from './repository.ts'
import { chatRoutes } from './routes.ts'
import { measureRuns } from './run-metrics.ts'
import { createRunInstance, type RunCommand } from './run-instance.ts'
import { createOpenAiChat } from './openai/openai-chat.ts'
import { openAiRoutes } from './openai/openai-routes.ts'
import { createUiChat } from './ui-stream/ui-chat.ts'
import { uiRoutes } from './ui-stream/ui-routes.ts'
import { createRunLeases } from './run-leases.ts'
import { createRunRegistry } from './run-registry.ts'
import { createRunRelay } from './run-relay.ts'
import { defaultRunBounds, type RunBounds } from './run.ts'
import { createChatService } from './service.ts'
import { createSessionExporter } from './session-export.ts'
import { createSessionPurge } from './session-purge.ts'
import { createSessionRepository } from './session-repository.ts'
import { sessionRoutes } from './session-routes.ts'
import { createSessionSearch } from './session-search.ts'
import { createSessionService } from './session-service.ts'
import { createSideCalls } from './side-calls.ts'
import { createTitles } from './titles.ts'
import { createSessionSummaries } from './session-summaries.ts'

export * from './schema.ts'
export { createHistorySearch } from './history-search.ts'
export { streamEvent, type StreamEvent } from './dto.ts'
export { insertPastConversation, type PastTurn } from './past-conversation.ts'
export type { RunBounds } from './run.ts'
export type { RunFeed } from './run-feed.ts'
export type { ChatService, Completion } from './service.ts'

/** Chat is the module, wired. */
export type Chat = ReturnType<typeof createChat>

type ChatSettings = Pick<
  Settings,
  | 'chatLimitPerMinute'
  | 'chatLimitPerDay'
  | 'runsPerOwner'
  | 'llmRunSeconds'
  | 'llmTitles'
  | 'maxLiveRuns'
  | 'llmPrices'
  | 'llmPriceCurrency'
  | 'defaultTimeZone'
>

// Of the 10 s that the process may take to stop, what running answers may take to be stored.
const DRAIN_MS = 4_000

// The engine has this limit of its own; the chat's is a backstop that is reached a little later.
const runLimitMs = (seconds: number) => seconds * 1000 + 15_000

/** createChat wires conversations and runs. Nothing here touches the database before `start`. `bounds` is for tests. */
export function createChat(options: {
  store: Store
  settings: ChatSettings
  limiter: CreateLimiter
  streams: OpenStreams
  metrics: Metrics
  clock: Clock
  log: Log
  engine: AgentEngine
  /** Writes summaries of long conversations; there are none without it. */
  summariser?: Summariser | undefined
  approvals: Pick<Approvals, 'decide'>
  /** writeTitle asks the model for a title; there is none with the offline advisor. */
  writeTitle?: WriteTitle | undefined
  business: BusinessAccess
  /** Shared by several instances, where there is one. */
  redis?: RedisConnection | undefined
  bounds?: Partial<RunBounds>
}) {
  const { settings, clock, log, engine, business, streams } = options
  const { db, pool } = options.store
  const repository = createChatRepository(db)
  const access = createChatAccess({ repository, business })
  const sessions = createSessionRepository(db)
  const feedback = createFeedbackRepository(db)
  const userLocale = async (userId: string) => (await findUser(db, userId))?.locale ?? 'en'
  const write = settings.llmTitles ? options.writeTitle : undefined
  const places = createLiveRunPlaces(settings.maxLiveRuns)
  const { tellEnded, tellUsed } = measureRuns(options.metrics, places)
  const timeZone = settings.defaultTimeZone
  const calls = createSideCalls({ db, prices: settings, timeZone, clock, log, onUsed: tellUsed })
  const titles = createTitles({ write, calls, sessions, repository, log })
  const summaries = createSessionSummaries({ db, repository, summariser: options.summariser, calls, log })
  const registry = createRunRegistry((run) => summaries.consider(run))
  function obey(command: RunCommand): void {
    registry.obey(command)
    if ('userId' in command) calls.end(command)
  }
  const instance = createRunInstance({
    pool,
    log,
    onCommand: obey,
    onHearing: () => void leases.tick(),
  })
  const leases = createRunLeases({ repository, registry, instance, log })
  const relay = options.redis && createRunRelay({ redis: options.redis, log, onCommand: obey })
  const service = createChatService({
    repository,
    sessions,
    feedback,
    titles,
    calls,
    registry,
    runs: {
      engine,
      repository,
      onEnded: tellEnded,
      clock,
      log,
      bounds: { ...defaultRunBounds, runLimitMs: runLimitMs(settings.llmRunSeconds), ...options.bounds },
      closing: registry.closing,
    },
    approvals: options.approvals,
    business,
    userLocale,
    settings,
    budgets: createRunBudgets({ db, engine, prices: settings, timeZone, clock, log }),
    places,
    limiter: options.limiter,
    streams,
    clock,
    log,
    instance: () => instance.number,
    relay,
  })

  const sessionService = createSessionService({ sessions, access, clock })
  const search = createSessionSearch({ db, access })
  const exporter = createSessionExporter({ repository, feedback, access, userLocale, streams, clock })
  const feedbackService = createFeedbackService({ repository: feedback, access, clock, advisor: engine.name })
  const purge = createSessionPurge({ sessions, clock, log })
  const budgets = createBudgetService({ db, clock, timeZone, perDay: settings.chatLimitPerDay })

  return {
    service,
    /** titles names conversations by itself; tests wait for it. */
    titles,
    /** purge erases long deleted conversations by itself once started; tests call `run`. */
    purge,
    /** exporter writes conversations down. */
    exporter,
    /** leases renews and sweeps by itself once started; tests call `tick`. */
    leases,
    /** summaries are refreshed by themselves after answers; tests wait for them. */
    summaries,
    /** routes serves everything under /chat. */
    async routes(app: App): Promise<void> {
      await chatRoutes({ service })(app)
      await messageRoutes({ service })(app)
      await sessionRoutes({ sessions: sessionService, search, exporter })(app)
      await feedbackRoutes({ feedback: feedbackService })(app)
      await feedbackAdminRoutes({ feedback: feedbackService })(app)
      await uiRoutes({ chat: createUiChat({ chat: service }) })(app)
      await budgetRoutes({ service: budgets })(app)
    },
    /** erase ends what is under way for a user whose account is about to be erased, and takes their name off what they used. */
    async erase(tx: Transaction, userId: string): Promise<void> {
      await service.stopWorkFor(userId)
      await forget(tx, userId)
    },
    /** erased gives up what was begun for a user while their account was being erased. */
    erased: (userId: string): Promise<void> => service.stopWorkFor(userId),
    /** openAiRoutes serves the chat to clients of the OpenAI interface. */
    openAiRoutes: openAiRoutes({ chat: createOpenAiChat({ chat: service, clock }) }),
    /** start ends the runs of processes that are gone, and begins to keep those of this one. */
    async start(): Promise<void> {
      relay?.start()
      await instance.start()
      await leases.start()
      purge.start()
    },
    /** drain stores running answers as interrupted and ends every stream with `server_stopping`; no run starts after it. */
    async drain(): Promise<void> {
      await registry.close(DRAIN_MS)
      await calls.close()
      leases.stop()
      await purge.close()
      await instance.close()
      relay?.close()
    },
  }
}
