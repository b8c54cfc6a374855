import type { Clock } from '../../../platform/clock.ts'
import type { Log } from '../../../platform/logger.ts'
import type { EventRecorder, ProfileEditor, Standings } from '../dependencies.ts'
import type { AdvisorMemory } from '../facts.ts'
import { forgetFact } from './forget-fact.ts'
import { getBusinessSummary } from './get-business-summary.ts'
import { getLeaderboardPosition } from './get-leaderboard-position.ts'
import { listAchievements } from './list-achievements.ts'
import { listFacts } from './list-facts.ts'
import { listPointRules } from './list-point-rules.ts'
import { recordEvent } from './record-event.ts'
import { recentPoints } from './recent-points.ts'
import { rememberFact } from './remember-fact.ts'
import { type SearchHistory, searchMyHistory } from './search-my-history.ts'
import type { Tool } from './tool.ts'
import { updateBusinessProfile } from './update-business-profile.ts'
import { whatIf } from './what-if.ts'

/** Writes are what tools may change, each time with the owner's approval. */
export type Writes = { events: EventRecorder; profiles: ProfileEditor }

/** allTools are the advisor's tools; a new one is added here. */
export function allTools(deps: {
  standings: Standings
  facts: AdvisorMemory
  clock: Clock
  log: Log
  writes?: Writes | undefined
  searchHistory?: SearchHistory | undefined
}): Tool[] {
  const { standings, facts, clock, log, writes, searchHistory } = deps
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
    ...(searchHistory ? [searchMyHistory(searchHistory)] : []),
    ...(writes ? [recordEvent({ standings, events: writes.events, log }), updateBusinessProfile(writes.profiles)] : []),
  ]
}
