import type { Clock } from '../../../platform/clock.ts'
import type { Standings } from '../dependencies.ts'
import type { AdvisorMemory } from '../facts.ts'
import { forgetFact } from './forget-fact.ts'
import { getBusinessSummary } from './get-business-summary.ts'
import { getLeaderboardPosition } from './get-leaderboard-position.ts'
import { listAchievements } from './list-achievements.ts'
import { listFacts } from './list-facts.ts'
import { listPointRules } from './list-point-rules.ts'
import { recentPoints } from './recent-points.ts'
import { rememberFact } from './remember-fact.ts'
import type { Tool } from './tool.ts'
import { whatIf } from './what-if.ts'

/** allTools are the advisor's tools; a new one is added here. */
export function allTools(deps: { standings: Standings; facts: AdvisorMemory; clock: Clock }): Tool[] {
  const { standings, facts, clock } = deps
  return [
    getBusinessSummary(standings),
    listAchievements(standings),
    getLeaderboardPosition(standings),
    listPointRules(standings),
    recentPoints({ standings, clock }),
    whatIf(standings),
    rememberFact(facts),
    forgetFact(facts),
    listFacts(facts),
  ]
}
