import type { RunStream, Sent } from '../src/modules/chat/testing/run-stream.ts'
import type { startOutsideHttp } from '../src/modules/agent/tools/mcp/testing/outside-server.ts'
import type { TestServer } from './harness.ts'
import type { ModelRequest, ModelScript, ModelServer } from './model-server.ts'

/** secretOfOthers stands in everything that the other owner has: description, goal, memory and conversations. */
export const secretOfOthers = 'SECRET-OF-BUDI-58131'

/** Person is an owner with a business. */
export type Person = { token: string; userId: string; businessId: string }

/** AttackWorld is what an attack can reach: `sari` is whose model obeys, `budi` is everybody else. */
export type AttackWorld = {
  server: TestServer
  model: ModelServer
  outside: Awaited<ReturnType<typeof startOutsideHttp>>
  sari: Person
  budi: Person
  say(who: Person, content: string, more?: Record<string, unknown>): Promise<RunStream>
  remember(who: Person, content: string): Promise<unknown>
}

type Event<Type extends Sent['event']['type']> = Extract<Sent['event'], { type: Type }>
type Asked = Event<'approval_required'>['data']

/** Outcome is everything that came of an attack. */
export type Outcome = {
  world: AttackWorld
  sent: Sent[]
  calls: Event<'tool_start'>['data'][]
  results: Event<'tool_end'>['data'][]
  told: string
  prompts: ModelRequest[]
}

/**
 * Attack is one attempt: what was planted before, what the owner writes, what the obedient model then does, how an approval
 * is answered (a run that asks is stopped afterwards), and what must be true in the end, beside what is true of all.
 */
export type Attack = {
  name: string
  prepare?: (world: AttackWorld) => Promise<unknown>
  message?: (world: AttackWorld) => string
  obeys: (world: AttackWorld) => ModelScript[]
  decide?: (world: AttackWorld, question: { runId: string; asked: Asked }) => Promise<void>
  /** The attack puts ids into free text, where they are only words. */
  namesOthersInText?: boolean
  holds: (outcome: Outcome) => void | Promise<void>
}
