import { createLog } from '../../../../platform/logger.ts'
import type { AgentFailure, AgentEngine, AgentEvent } from '../../engine.ts'
import { factOf, factsInMemory, play, runInput, standingsOfTests } from '../../engine-under-test.ts'
import { type AgentLimits, defaultLimits } from '../../limits.ts'
import { allTools } from '../../tools/all-tools.ts'
import { chooseWorkflow } from '../choose-workflow.ts'
import { joined, type Scenario } from './scenarios.ts'

const now = () => new Date('2026-11-22T20:00:00Z')

/** workflowEngine makes the engine over a WorkflowServer, and keeps what it logs. */
export function workflowEngine(
  url: string,
  options: { workflow?: string | undefined; limits?: Partial<AgentLimits>; apiKey?: string; seconds?: number } = {},
): { engine: AgentEngine; logged: string[] } {
  const logged: string[] = []
  const log = createLog({ level: 'trace' }, { write: (line) => void logged.push(line) })
  const engine = chooseWorkflow(
    {
      agentWorkflowUrl: url,
      agentWorkflowName: options.workflow ?? 'advisor',
      agentWorkflowApiKey: options.apiKey,
      agentWorkflowTimeoutSeconds: options.seconds ?? 300,
    },
    {
      tools: allTools({ standings: standingsOfTests, facts: factsInMemory(), clock: { now }, log }),
      limits: { ...defaultLimits, retryMs: 1, ...options.limits },
      clock: { now },
      log,
    },
  )
  if (!engine) throw new Error('no engine was chosen')
  return { engine, logged }
}

/** PlayedScenario is what came of a scenario: its events, pieces of text joined, and how it ended. */
export type PlayedScenario = { events: AgentEvent[]; failure: AgentFailure | undefined; stopped: boolean }

/** playScenario runs a scenario to its end, or stops it where it says so. */
export async function playScenario(engine: AgentEngine, { message, stopAfter }: Scenario): Promise<PlayedScenario> {
  const input = runInput(message, {
    facts: [factOf('Closed on Fridays')],
    history: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ],
  })
  if (stopAfter === undefined) {
    const { events, failure } = await play(engine, input)
    return { events: joined(events), failure, stopped: false }
  }
  const stop = new AbortController()
  const reason = new Error('stopped by the test')
  const events: AgentEvent[] = []
  let said = ''
  try {
    for await (const event of engine.run(input, stop.signal)) {
      events.push(event)
      if (event.type === 'AgentStream') said += event.delta
      if (said === stopAfter) stop.abort(reason)
    }
  } catch (error) {
    if (error !== reason) throw error
    return { events: joined(events), failure: undefined, stopped: true }
  }
  throw new Error('a stopped run throws why it was stopped')
}
