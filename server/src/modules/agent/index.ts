import type { Clock } from '../../platform/clock.ts'
import type { Store } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import { createBuiltInEngine } from './built-in-engine.ts'
import type { OwnBusinesses, Standings } from './dependencies.ts'
import type { AgentEngine } from './engine.ts'
import { createFactStore } from './facts.ts'
import { type AgentLimits, defaultLimits } from './limits.ts'
import { createMemoryService } from './memory-service.ts'
import { modelErrorExplainer } from './model-errors.ts'
import { chooseModel, type ChosenModel, type ModelSettings } from './models.ts'
import { agentRoutes } from './routes.ts'
import { allTools } from './tools/all-tools.ts'
import { createToolbox } from './tools/toolbox.ts'
import { chooseWorkflow, type WorkflowSettings } from './workflow/choose-workflow.ts'

export * from './engine.ts'
export { createOfflineModel } from './offline/offline-model.ts'
export { businessFacts } from './schema.ts'

/** Agent is the module: the engine that answers, and the advisor's memory. */
export type Agent = ReturnType<typeof createAgent>

/**
 * createAgent wires the advisor: a model by the settings, the tools over the other modules' services, and the loop that
 * drives both. `engine` replaces the built-in one; `model` and `limits` are for tests.
 */
export function createAgent(deps: {
  store: Pick<Store, 'db'>
  settings: ModelSettings & Partial<WorkflowSettings>
  clock: Clock
  log: Log
  business: OwnBusinesses
  gamification: Standings
  engine?: AgentEngine | undefined
  model?: ChosenModel
  limits?: Partial<AgentLimits>
}) {
  const { clock, log, business } = deps
  const limits = { ...defaultLimits, ...deps.limits }
  const facts = createFactStore({ db: deps.store.db, clock })
  const { name, model, secrets } = deps.model ?? chooseModel(deps.settings)
  const tools = allTools({ standings: deps.gamification, facts, clock })
  const engine =
    deps.engine ??
    chooseWorkflow(deps.settings, { tools, facts, limits, clock, log }) ??
    createBuiltInEngine({
      name,
      model,
      explain: modelErrorExplainer({ secrets, now: () => clock.now() }),
      toolbox: createToolbox({
        tools,
        business,
        toolMs: limits.toolMs,
        log,
      }),
      facts,
      limits,
      clock,
      log,
    })
  const memory = createMemoryService({ facts, business })
  return {
    engine,
    facts,
    /** routes serves what the advisor remembers. */
    routes: agentRoutes({ memory }),
  }
}
