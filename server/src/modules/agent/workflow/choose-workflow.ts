import type { Clock } from '../../../platform/clock.ts'
import type { Settings } from '../../../platform/config.ts'
import type { Log } from '../../../platform/logger.ts'
import type { AgentEngine } from '../engine.ts'
import type { AgentLimits } from '../limits.ts'
import type { Tool } from '../tools/tool.ts'
import { createWorkflowEngine } from './workflow-engine.ts'

/** WorkflowSettings are the settings that choose a workflow as the advisor. */
export type WorkflowSettings = Pick<
  Settings,
  'agentWorkflowUrl' | 'agentWorkflowName' | 'agentWorkflowApiKey' | 'agentWorkflowTimeoutSeconds'
>

/** chooseWorkflow makes the workflow engine of the settings, or nothing where they name none. */
export function chooseWorkflow(
  settings: Partial<WorkflowSettings>,
  deps: { tools: Tool[]; limits: AgentLimits; clock: Clock; log: Log },
): AgentEngine | undefined {
  const { agentWorkflowUrl: url, agentWorkflowName: workflow, agentWorkflowTimeoutSeconds: seconds = 300 } = settings
  if (url === undefined || workflow === undefined) return undefined
  const { tools, limits, clock, log } = deps
  return createWorkflowEngine({
    address: { url, workflow, apiKey: settings.agentWorkflowApiKey },
    labels: new Map(tools.map((tool) => [tool.name, tool.labels])),
    limits: { ...limits, runMs: Math.min(limits.runMs, seconds * 1000) },
    clock,
    log,
  })
}
