import { randomBytes } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import type { Store } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import { createBuiltInEngine } from './built-in-engine.ts'
import type { OwnBusinesses, Standings } from './dependencies.ts'
import type { AgentEngine } from './engine.ts'
import { createFactStore } from './facts.ts'
import { type AgentLimits, limitsOf, type LimitSettings } from './limits.ts'
import { createMemoryService } from './memory-service.ts'
import { modelErrorExplainer } from './model-errors.ts'
import { createModelOrder } from './model-order.ts'
import { chooseModels, type ChosenModel, type Models, type ModelSettings } from './models.ts'
import { agentRoutes } from './routes.ts'
import { createTitleWriter } from './title-writer.ts'
import { OFFLINE_PROVIDER } from './offline/offline-model.ts'
import { createSummariser } from './summariser.ts'
import { allTools, type Writes } from './tools/all-tools.ts'
import { createApprovalRepository } from './tools/approval-repository.ts'
import { createApprovals } from './tools/approvals.ts'
import type { SearchHistory } from './tools/search-my-history.ts'
import type { McpConfig } from './tools/mcp/mcp-config.ts'
import { createMcpServers } from './tools/mcp/mcp-servers.ts'
import { createToolbox } from './tools/toolbox.ts'
import { chooseWorkflow, type WorkflowSettings } from './workflow/choose-workflow.ts'

export * from './engine.ts'
export { estimatedTokens } from './estimated-tokens.ts'
export { FACTS_PER_BUSINESS } from './facts.ts'
export type { AgentLimits } from './limits.ts'
export { createMcpServer } from './mcp-server/mcp-server.ts'
export { runContext } from './run-context.ts'
export { createOfflineModel } from './offline/offline-model.ts'
export { type McpConfig, readMcpConfig } from './tools/mcp/mcp-config.ts'
export { businessFacts, toolApprovals } from './schema.ts'
export type { SearchHistory } from './tools/search-my-history.ts'
export type { Approvals, Verdict } from './tools/approvals.ts'
export type { ModelUse, TellUse } from './model-use.ts'
export type { Summariser } from './summariser.ts'
export type { FirstTurn, WriteTitle } from './title-writer.ts'

/** Agent is the module: the engine that answers, and the advisor's memory. */
export type Agent = ReturnType<typeof createAgent>

/**
 * createAgent wires the advisor: a model by the settings, the tools over the other modules' services, and the loop that
 * drives both. `engine` replaces the built-in one; `model` and `limits` are for tests.
 */
export function createAgent(deps: {
  store: Pick<Store, 'db'>
  settings: ModelSettings & Partial<LimitSettings & WorkflowSettings>
  /** Signs approvals, and nothing else; a random one serves a single process. */
  approvalKey?: Buffer
  /** What the advisor may change with the owner's approval; without it there are no tools that write. */
  writes?: Writes
  /** Searches the owner's earlier conversations about a business; without it there is no tool for that. */
  searchHistory?: SearchHistory
  /** Servers whose tools join ours, and the version that we tell them. */
  mcp?: { config: McpConfig; version: string } | undefined
  clock: Clock
  log: Log
  business: OwnBusinesses
  gamification: Standings
  engine?: AgentEngine | undefined
  model?: ChosenModel
  limits?: Partial<AgentLimits>
}) {
  const { clock, log, business } = deps
  const limits = { ...limitsOf(deps.settings), ...deps.limits }
  const facts = createFactStore({ db: deps.store.db, clock })
  const approvals = createApprovals({
    repository: createApprovalRepository(deps.store.db),
    key: deps.approvalKey ?? randomBytes(32),
    waitMs: limits.approvalMs,
    pollMs: limits.approvalPollMs,
    log,
  })
  const models: Models = deps.model ? [deps.model] : chooseModels(deps.settings)
  const order = createModelOrder({ models, clock, restMs: limits.restMs })
  const secrets = models.flatMap((model) => model.secrets)
  const explain = modelErrorExplainer({ secrets, now: () => clock.now() })
  // The offline advisor reads no summary and cannot write one.
  const summariser =
    models[0].model.provider === OFFLINE_PROVIDER ? undefined : createSummariser({ order, explain, limits, log })
  const outside = createMcpServers({ ...(deps.mcp ?? { config: {}, version: '' }), log })
  const tools = allTools({
    standings: deps.gamification,
    facts,
    clock,
    log,
    writes: deps.writes,
    searchHistory: deps.searchHistory,
  })
  const engine =
    deps.engine ??
    chooseWorkflow(deps.settings, { tools, limits, clock, log }) ??
    createBuiltInEngine({
      name: models[0].name,
      order,
      explain,
      toolbox: createToolbox({
        tools,
        more: () => outside.tools(),
        business,
        approvals,
        toolMs: limits.toolMs,
        log,
      }),
      limits,
      clock,
      log,
    })
  const memory = createMemoryService({ facts, business })
  return {
    engine,
    facts,
    /** summariser writes summaries of long conversations, where there is a model. */
    summariser,
    approvals,
    tools,
    limits,
    /** writeTitle asks the model; another engine brings a model of its own, which is not ours to ask. */
    writeTitle: deps.engine ? undefined : createTitleWriter(order),
    /** start connects outside servers, in the background. */
    start: () => outside.start(),
    close: () => outside.close(),
    /** routes serves what the advisor remembers. */
    routes: agentRoutes({ memory }),
  }
}
