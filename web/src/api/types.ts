/** Problem is the body of every refused call (RFC 9457). */
export type ProblemBody = {
  status: number
  title?: string
  detail?: string
  code?: string
  errors?: { path: string; message: string }[]
  run_id?: string
}

/** User is an account as its owner or an admin sees it. */
export type User = {
  id: string
  email: string
  name: string
  role: 'user' | 'admin'
  locale: string
  created_at: string
}

/** Person is an account in the admin's list. */
export type Person = User & { disabled: boolean }

/** BoardVisibility says how a business appears on the leaderboard. */
export type BoardVisibility = 'shown' | 'alias' | 'hidden'

/** Address is the postal address of a business. */
export type Address = Record<'street' | 'city' | 'state' | 'zip_code' | 'country', string | null>

/** BusinessInput is what an owner writes about a business. */
export type BusinessInput = {
  business_name: string
  business_category: string
  business_stage: string
  business_description?: string | null
  address?: Address | null
  target_market?: string | null
  primary_goal?: string | null
  time_zone?: string
  currency?: string
  board_visibility?: BoardVisibility
}

/** Business is a business profile with its standing. */
export type Business = Required<BusinessInput> & {
  id: string
  user_id: string
  total_points: number
  level_id: string | null
  level_name: string | null
  level_icon: string | null
  created_at: string
  updated_at: string
}

/** OwnedBusiness is a business in the admin's list, with its owner. */
export type OwnedBusiness = Business & { owner?: { id: string; name: string; email: string } | null }

/** Level is a rung of the ladder. */
export type Level = {
  id: string
  name: string
  required_points: number
  order: number | null
  icon: string | null
  created_at: string
}

/** AchievementDefinition is an achievement as an admin defines it. */
export type AchievementDefinition = {
  id: string
  title: string
  description: string
  required_points: number
  badge_icon: string | null
  created_at: string
}

/** Achievement is an achievement as one business stands to it; `progress` runs from 0 to 1. */
export type Achievement = AchievementDefinition & { is_unlocked: boolean; unlocked_at: string | null; progress: number }

/** LeaderboardEntry is one row of the board. */
export type LeaderboardEntry = {
  rank: number
  business_id: string
  business_name: string
  total_points: number
  level_name: string | null
  achievements_count: number
  user_id: string | null
  user_name: string
  is_current_user: boolean
}

/** OpenRule is an active rule that an owner may use. */
export type OpenRule = { type: string; points: number; daily_cap: number | null; cooldown_seconds: number | null }

/** RuleSource is who may send events of a rule's type. */
export type RuleSource = 'owner' | 'api_key'

/** Rule is a point rule as an admin defines it. */
export type Rule = OpenRule & { id: string; sources: RuleSource[]; active: boolean }

/** LedgerEntry is one change of a business's points. */
export type LedgerEntry = {
  id: string
  event_id: string | null
  type: string
  points: number
  total_after: number
  reason: string | null
  occurred_at: string
  created_at: string
}

/** Receipt is what an event or an adjustment did. */
export type Receipt = {
  event_id: string
  business_id: string
  type: string
  points_awarded: number
  total_points: number
  level: { id: string; name: string } | null
  levels_gained: string[]
  unlocked: string[]
  rank: number | null
  replayed: boolean
  reason?: string | null
}

/** ChatSession is a conversation with the advisor. */
export type ChatSession = { id: string; title: string; business_id: string; created_at: string; updated_at: string }

/** StoredToolCall is one use of a tool within a stored answer. */
export type StoredToolCall = { call_id: string; tool: string; args: unknown; ok: boolean | null; output: unknown }

/** ChatMessage is one stored message; `run_id` names the run that wrote an answer. */
export type ChatMessage = {
  id: string
  session_id: string
  role: 'user' | 'assistant'
  content: string
  created_at: string
  status: 'complete' | 'streaming' | 'interrupted' | 'stopped'
  run_id?: string | null
  tool_calls?: StoredToolCall[]
}
