import { canonicalJson } from './tools/canonical-json.ts'
import type { PreparedCall, ToolOutcome } from './tools/toolbox.ts'

type Call = Pick<PreparedCall, 'tool' | 'args' | 'isValid' | 'writes' | 'preview'>

// So many failures of one call are enough.
const FINAL = 2

/** RepeatedCalls remembers the calls of one run. */
export type RepeatedCalls = ReturnType<typeof createRepeatedCalls>

/**
 * createRepeatedCalls makes the memory that tells a call that would only bring what it has brought already: the same tool
 * with the same arguments, and nothing in between that could have changed the answer. A tool that writes makes every
 * other answer open again, but its own call is not made twice. What failed may be tried once more, unless the owner was
 * asked for it: they are not asked the same twice.
 */
export function createRepeatedCalls() {
  const known = new Map<string, { outcome: ToolOutcome; failures: number }>()
  // Arguments that cannot be read are all the same to us, and told to the model; only the limit of steps ends those.
  const keyOf = ({ tool, args }: Call) => `${tool} ${canonicalJson(args)}`

  return {
    /** outcomeOf answers what the call has brought before, undefined when it is to be executed. */
    outcomeOf(call: Call): ToolOutcome | undefined {
      if (!call.isValid) return undefined
      const before = known.get(keyOf(call))
      return before && (before.outcome.ok || before.failures >= FINAL) ? before.outcome : undefined
    },

    /** executed takes note of a call and what came of it. */
    executed(call: Call, outcome: ToolOutcome): void {
      const key = keyOf(call)
      const failures = (known.get(key)?.failures ?? 0) + (outcome.ok ? 0 : call.preview ? FINAL : 1)
      if (call.writes && outcome.ok) known.clear()
      known.set(key, { outcome, failures })
    },
  }
}
