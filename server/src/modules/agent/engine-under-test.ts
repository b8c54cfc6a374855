import type { LanguageModelV4 } from '@ai-sdk/provider'
import { createLog } from '../../platform/logger.ts'
import { createBuiltInEngine } from './built-in-engine.ts'
import type { Standings } from './dependencies.ts'
import { AgentFailure, type AgentEngine, type AgentEvent, type ApprovalDecision, type RunInput } from './engine.ts'
import { factKey } from './fact-key.ts'
import type { AdvisorMemory, Fact } from './facts.ts'
import { type AgentLimits, defaultLimits } from './limits.ts'
import { modelErrorExplainer } from './model-errors.ts'
import { createModelOrder } from './model-order.ts'
import { chooseModels, type Models, type ModelSettings } from './models.ts'
import { argumentsHash } from './tools/approval-token.ts'
import type { Approvals } from './tools/approvals.ts'
import { allTools, type Writes } from './tools/all-tools.ts'
import type { Tool } from './tools/tool.ts'
import { createToolbox } from './tools/toolbox.ts'

/** apiKey is the key of the tests' model server; no error and no log may hold it. */
export const apiKey = 'sk-test-4711-secret'

/** ownBusinessId and otherBusinessId are two businesses; runs of the tests are for the first. */
export const ownBusinessId = '01990000-0000-7000-8000-000000000001'
export const otherBusinessId = '01990000-0000-7000-8000-000000000002'

/** engineRunId is the id of every run of the tests. */
export const engineRunId = '01990000-0000-7000-8000-0000000000aa'

/** runInput is a run of the owner Sari with the given message. */
export function runInput(message: string, change: Partial<RunInput> = {}): RunInput {
  return {
    context: {
      runId: engineRunId,
      userId: '01990000-0000-7000-8000-0000000000bb',
      userName: 'Sari Dewi',
      locale: 'en',
      business: {
        id: ownBusinessId,
        name: 'Warung Sari',
        stage: 'Operational',
        category: 'Food & Beverage',
        description: null,
        primaryGoal: 'A second stall',
        targetMarket: null,
        timeZone: 'Asia/Jakarta',
        currency: 'IDR',
      },
    },
    facts: [],
    history: [],
    message,
    ...change,
  }
}

/** standingsOfTests are fixed standings: 140 points for the own business, 9,999 for any other. */
export const standingsOfTests: Standings = {
  standingOf: async (businessId) => ({
    totalPoints: businessId === ownBusinessId ? 140 : 9_999,
    level: { name: 'Sprout', icon: '🌱', requiredPoints: 100 },
    nextLevel: { name: 'Sapling', icon: '🌿', requiredPoints: 200 },
    pointsToNextLevel: 60,
    rank: 3,
    ranked: 12,
    pointsToNextRank: 25,
    leadOverNextRank: 10,
  }),
  standingWith: async (_businessId, morePoints) => ({
    totalPoints: 140 + morePoints,
    level: { name: 'Sapling', icon: '🌿', requiredPoints: 200 },
    nextLevel: null,
    pointsToNextLevel: null,
    rank: 2,
    ranked: 12,
    pointsToNextRank: 5,
  }),
  recentPoints: async () => [
    {
      type: 'adjustment',
      points: 100,
      totalAfter: 140,
      reason: 'Won the bazaar contest',
      createdAt: new Date('2026-11-22T19:00:00Z'),
    },
    { type: 'daily_check_in', points: 5, totalAfter: 40, reason: null, createdAt: new Date('2026-11-20T01:00:00Z') },
  ],
  achievementsOf: async () => [
    achievement('First step', 10, true),
    achievement('Hundred', 100, true),
    achievement('Two hundred', 200, false),
    achievement('Thousand', 1_000, false),
  ],
  earnableRules: async () => [
    { type: 'daily_check_in', points: 5, dailyCap: 5, cooldownSeconds: null },
    { type: 'course_completed', points: 50, dailyCap: null, cooldownSeconds: null },
  ],
}

function achievement(title: string, requiredPoints: number, isUnlocked: boolean) {
  const progress = Math.min(1, 140 / requiredPoints)
  return { title, description: `Reach ${requiredPoints}`, requiredPoints, isUnlocked, unlockedAt: null, progress }
}

/** factOf is a fact of the tests: about the business, told on 20 November 2026. */
export function factOf(content: string, change: Partial<Fact> = {}): Fact {
  const at = new Date('2026-11-20T20:00:00Z')
  const origin = { kind: 'business', source: 'advisor' } as const
  return { id: content, businessId: ownBusinessId, content, ...origin, createdAt: at, updatedAt: at, ...change }
}

/** factsInMemory is an AdvisorMemory that keeps facts in an array. */
export function factsInMemory(...contents: string[]): AdvisorMemory & { kept: { businessId: string; fact: Fact }[] } {
  const fact = factOf
  const kept = contents.map((content) => ({ businessId: ownBusinessId, fact: fact(content) }))
  return {
    kept,
    async remember({ businessId }, text) {
      const known = kept.find((entry) => entry.fact.content === text)
      if (known) return { fact: known.fact, isNew: false }
      kept.unshift({ businessId, fact: fact(text) })
      return { fact: fact(text), isNew: true }
    },
    async forget(businessId, text) {
      const at = kept.findIndex((one) => one.businessId === businessId && factKey(one.fact.content) === factKey(text))
      return at === -1 ? undefined : kept.splice(at, 1)[0]?.fact
    },
    list: async (businessId) => kept.filter((entry) => entry.businessId === businessId).map(({ fact: one }) => one),
  }
}

/** ownerWho is an owner who decides at once, and always the same. */
function ownerWho(decision: ApprovalDecision): Pick<Approvals, 'ask'> {
  return {
    ask: async ({ tool, args }) => ({
      id: '01990000-0000-7000-8000-0000000000cc',
      token: 'token',
      expiresAt: new Date('2026-11-22T20:10:00Z'),
      decision: async () =>
        decision === 'approved' ? { decision, grant: { tool, argumentsHash: argumentsHash(args) } } : { decision },
    }),
  }
}

/** engineUnderTest makes the built-in engine over a model server, or over any model, with what stands around it. */
export function engineUnderTest(options: {
  url?: string
  model?: LanguageModelV4
  /** Settings instead of the model server at `url`. */
  settings?: ModelSettings
  limits?: Partial<AgentLimits>
  tools?: Tool[]
  facts?: AdvisorMemory
  standings?: Standings
  /** What the tools may write, and what the owner says when they are asked. */
  writes?: Writes
  owner?: ApprovalDecision
  now?: Date | (() => Date)
}) {
  const limits = { ...defaultLimits, retryMs: 1, ...options.limits }
  const logged: string[] = []
  const log = createLog({ level: 'trace' }, { write: (line) => void logged.push(line) })
  const facts = options.facts ?? factsInMemory()
  const settings = options.settings ?? { llmBaseUrl: options.url, llmApiKey: apiKey, llmModelName: 'test-model' }
  const models: Models = options.model
    ? [{ name: 'model-of-the-test', model: options.model, secrets: [] }]
    : chooseModels(settings)
  const at = options.now ?? new Date('2026-11-22T20:00:00Z')
  const now = () => (typeof at === 'function' ? at() : at)
  const engine: AgentEngine = createBuiltInEngine({
    name: models[0].name,
    order: createModelOrder({ models, clock: { now }, restMs: limits.restMs }),
    explain: modelErrorExplainer({ secrets: [apiKey, ...models.flatMap(({ secrets }) => secrets)], now }),
    toolbox: createToolbox({
      tools:
        options.tools ??
        allTools({
          standings: options.standings ?? standingsOfTests,
          facts,
          clock: { now },
          log,
          writes: options.writes,
        }),
      ...(options.owner && { approvals: ownerWho(options.owner) }),
      business: { businessFor: async () => {} },
      toolMs: limits.toolMs,
      log,
    }),
    limits,
    clock: { now },
    log,
  })
  return { engine, facts, logged }
}

/** Played is everything that a run did: its events, the deltas joined, and how it failed, if it did. */
export type Played = { events: AgentEvent[]; text: string; failure: AgentFailure | undefined }

/** play runs an engine to its end and checks the rules that every run obeys. */
export async function play(engine: AgentEngine, input: RunInput): Promise<Played> {
  const events: AgentEvent[] = []
  let failed: AgentFailure | undefined
  try {
    for await (const event of engine.run(input, new AbortController().signal)) events.push(event)
  } catch (error) {
    if (!(error instanceof AgentFailure)) throw error
    failed = error
  }
  const text = events.map((event) => (event.type === 'AgentStream' ? event.delta : '')).join('')
  const outputs = events.filter((event) => event.type === 'AgentOutput')
  if (events[0]?.type !== 'AgentInput') throw new Error('a run begins with AgentInput')
  if (outputs.length + (failed ? 1 : 0) !== 1) throw new Error('a run has exactly one end')
  if (outputs[0] && (outputs[0] !== events.at(-1) || outputs[0].text !== text)) {
    throw new Error('a run ends with the text of its deltas')
  }
  return { events, text, failure: failed }
}
