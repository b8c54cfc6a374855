import { calls, type ModelScript, says } from '../../../../../test/model-server.ts'
import type { AgentEvent } from '../../engine.ts'

/**
 * Scenario is one run of the example workflow (examples/llamaindex) with a scripted model behind it. Each is recorded from
 * the real server into `recordings/<name>.json`; the recordings are replayed everywhere, and the real server is asked
 * again where it is installed.
 */
export type Scenario = {
  name: string
  message: string
  /** What the model answers, request by request. */
  model: ModelScript[]
  /** The run is stopped as soon as it has said this. */
  stopAfter?: string
  /** Too long to be recorded. */
  isLong?: boolean
  /** Another workflow than the example's. */
  workflow?: string
}

const breakEven = { name: 'break_even_units', id: 'call_7', args: { fixed_costs: 1000, price: 30, cost_per_unit: 10 } }

/** scenarios are all that is recorded. */
export const scenarios: Scenario[] = [
  { name: 'answer', message: 'Good morning', model: [says('Selamat ', 'pagi, ', 'Sari! 🌱')] },
  {
    name: 'tool-call',
    message: 'When do I break even?',
    model: [
      { steps: [{ text: ['Let me ', 'see.'] }, { toolCalls: [breakEven] }, { finish: 'tool_calls' }] },
      says('You need ', '50 units', ' a month.'),
    ],
  },
  {
    name: 'tool-error',
    message: 'When do I break even?',
    model: [calls({ ...breakEven, args: { fixed_costs: 'x' } }), says('I cannot tell.')],
  },
  { name: 'model-fails', message: 'Good morning', model: [{ status: 500 }] },
  {
    name: 'model-breaks-off',
    message: 'Good morning',
    model: [{ steps: [{ text: ['Half a ', 'sentence'] }, { cut: true }] }],
  },
  {
    name: 'endless-tools',
    message: 'When do I break even?',
    isLong: true,
    model: Array.from({ length: 20 }, () => calls({ ...breakEven, args: {} })),
  },
  {
    name: 'stopped',
    message: 'Good morning',
    model: [{ steps: [{ text: ['Half a ', 'sentence'] }, { stall: true }] }],
    stopAfter: 'Half a sentence',
  },
  { name: 'unknown-workflow', message: 'Good morning', model: [], workflow: 'nothing-here' },
]

/** scenario finds one by its name. */
export function scenario(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name)
  if (!found) throw new Error(`there is no scenario ${name}`)
  return found
}

/** joined makes one event of pieces of text that follow each other, which come as the network likes. */
export function joined(events: readonly AgentEvent[]): AgentEvent[] {
  const result: AgentEvent[] = []
  for (const event of events) {
    const last = result.at(-1)
    if (event.type === 'AgentStream' && last?.type === 'AgentStream')
      result.splice(-1, 1, { type: 'AgentStream', delta: last.delta + event.delta })
    else result.push(event)
  }
  return result
}
