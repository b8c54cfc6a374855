import type { Standings } from '../dependencies.ts'
import { engineUnderTest, factOf, play, runInput } from '../engine-under-test.ts'
import type { AgentEvent, ApprovalDecision } from '../engine.ts'
import type { AdvisorMemory } from '../facts.ts'
import type { Locale } from '../failures.ts'
import type { Writes } from '../tools/all-tools.ts'
import { createOfflineModel } from './offline-model.ts'

const NOW = new Date('2026-11-26T03:00:00Z')
const TOTAL = 1_340
const LEVELS = [
  { name: 'Seed', icon: null, requiredPoints: 0 },
  { name: 'Sprout', icon: null, requiredPoints: 1_000 },
  { name: 'Sapling', icon: null, requiredPoints: 2_000 },
  { name: 'Tree', icon: null, requiredPoints: 5_000 },
]
const ACHIEVEMENTS: [title: string, requiredPoints: number][] = [
  ['First step', 10],
  ['Hundred club', 100],
  ['Thousand', 1_000],
  ['Regular', 1_500],
  ['Two thousand', 2_000],
  ['Legend', 10_000],
]
// The totals of the businesses above; 212 are on the board.
const ABOVE = [
  1_385, 1_400, 1_450, 1_500, 1_550, 1_600, 1_650, 1_700, 1_850, 1_900, 1_950, 2_100, 2_200, 2_400, 2_500, 9_000,
]
const RANKED = 212
const LEDGER: [type: string, points: number, reason: string | null, at: string][] = [
  ['course_completed', 50, null, '2026-11-26T02:00:00Z'],
  ['daily_check_in', 5, null, '2026-11-26T01:00:00Z'],
  ['sales_recorded', 20, null, '2026-11-24T09:00:00Z'],
  ['adjustment', -10, 'Counted twice', '2026-11-20T09:00:00Z'],
  ['sales_recorded', 20, null, '2026-11-18T09:00:00Z'],
  ['adjustment', 100, 'Won the bazaar contest', '2026-11-17T09:00:00Z'],
  ['stock_counted', 30, 'daily_cap', '2026-11-10T09:00:00Z'],
]

function standingWith(more: number) {
  const total = TOTAL + more
  const nextLevel = LEVELS.find((level) => level.requiredPoints > total) ?? null
  const above = ABOVE.filter((points) => points > total)
  return {
    totalPoints: total,
    level: LEVELS.findLast((level) => level.requiredPoints <= total) ?? null,
    nextLevel,
    pointsToNextLevel: nextLevel && nextLevel.requiredPoints - total,
    rank: above.length + 1,
    ranked: RANKED,
    pointsToNextRank: above.length > 0 ? Math.min(...above) - total : null,
    leadOverNextRank: 28,
  }
}

const standings: Standings = {
  standingOf: async () => standingWith(0),
  standingWith: async (_business, more) => standingWith(more),
  achievementsOf: async () =>
    ACHIEVEMENTS.map(([title, requiredPoints]) => ({
      title,
      description: 'For the evaluation.',
      requiredPoints,
      isUnlocked: requiredPoints <= TOTAL,
      unlockedAt: null,
      progress: Math.min(1, TOTAL / requiredPoints),
    })),
  recentPoints: async () => {
    let totalAfter = TOTAL
    return LEDGER.map(([type, points, reason, at]) => {
      const entry = { type, points, totalAfter, reason, createdAt: new Date(at) }
      totalAfter -= points
      return entry
    })
  },
  earnableRules: async () => [
    { type: 'daily_check_in', points: 5, dailyCap: 5, cooldownSeconds: null },
    { type: 'sales_recorded', points: 10, dailyCap: 30, cooldownSeconds: null },
    { type: 'course_completed', points: 50, dailyCap: null, cooldownSeconds: null },
  ],
}

const writes: Writes = {
  events: {
    async recordEvent() {
      const level = { name: 'Sprout' }
      return {
        event_id: '01990000-0000-7000-8000-0000000000ee',
        points_awarded: 10,
        total_points: TOTAL + 10,
        level,
        levels_gained: [],
        unlocked: [],
        replayed: false,
      }
    },
    newsOf: async () => [],
  },
  profiles: {
    profileFor: () => Promise.reject(new Error('the offline advisor changes no profile')),
    updateProfile: () => Promise.reject(new Error('the offline advisor changes no profile')),
  },
}

const facts: AdvisorMemory = {
  async remember(_owner, content) {
    return { fact: factOf(content, { createdAt: NOW, updatedAt: NOW }), isNew: content !== 'we are closed on Mondays' }
  },
  list: async () =>
    ['Pak Budi delivers the rice', 'We are closed on Mondays'].map((content) => {
      const at = new Date('2026-11-20T08:00:00Z')
      return factOf(content, { createdAt: at, updatedAt: at })
    }),
  forget: async () => undefined,
}

/** Asked is what the advisor did with a question of the evaluation. */
export type Asked = { text: string; tools: string[]; outputs: unknown[] }

/**
 * askInWorld asks the offline advisor, through the whole engine, in a world that never changes: Warung Sari has 1,340
 * points and is 17th of 212; it is Thursday, 26 November 2026, in Jakarta.
 */
export async function askInWorld(
  question: string,
  options: { locale?: Locale; earlier?: readonly string[]; owner?: ApprovalDecision } = {},
): Promise<Asked> {
  const { engine } = engineUnderTest({
    model: createOfflineModel({ pieceMs: 0 }),
    standings,
    facts,
    writes,
    owner: options.owner ?? 'approved',
    now: NOW,
  })
  const input = runInput(question)
  input.context.locale = options.locale ?? 'en'
  input.history = (options.earlier ?? []).flatMap((content) => [
    { role: 'user' as const, content },
    { role: 'assistant' as const, content: 'OK' },
  ])
  const { events, text, failure } = await play(engine, input)
  if (failure) throw failure
  const results = events.flatMap((event: AgentEvent) => (event.type === 'ToolCallResult' ? [event] : []))
  return { text, tools: results.map(({ tool }) => tool), outputs: results.map(({ output }) => output) }
}

/** TODAY is the day that the world is on, in digits. */
export const TODAY = '26 2026'
