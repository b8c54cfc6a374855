import type { components } from '@tangga/client'

type Schemas = components['schemas']

/** ProblemBody is the body of every refused call (RFC 9457); `run_id` names the run that keeps a conversation busy. */
export type ProblemBody = Partial<Schemas['Problem']> & { status: number; run_id?: string }

/** User is an account as its owner sees it. */
export type User = Schemas['User']

/** Person is an account in the admin's list. */
export type Person = Schemas['AdminUser']

/** Business is a business profile with its standing. */
export type Business = Schemas['BusinessProfile']

/** OwnedBusiness is a business in the admin's list, with its owner. */
export type OwnedBusiness = Schemas['AdminBusiness']

/** BusinessInput is what an owner writes about a business. */
export type BusinessInput = Schemas['NewBusinessInput'] & Pick<Schemas['BusinessChangesInput'], 'board_visibility'>

/** BoardVisibility says how a business appears on the leaderboard. */
export type BoardVisibility = Business['board_visibility']

/** Address is the postal address of a business. */
export type Address = NonNullable<Business['address']>

/** Level is a rung of the ladder. */
export type Level = Schemas['BusinessLevel']

/** Achievement is an achievement as one business stands to it; `progress` runs from 0 to 1. */
export type Achievement = Schemas['AchievementProgress']

/** LeaderboardEntry is one row of the board. */
export type LeaderboardEntry = Schemas['LeaderboardEntry']

/** OpenRule is an active rule that an owner may use. */
export type OpenRule = Schemas['EarnableRule']

/** LedgerEntry is one change of a business's points. */
export type LedgerEntry = Schemas['PointsEntry']

/** Receipt is what an event or an adjustment did. */
export type Receipt = Schemas['Receipt']

/** Rule is a point rule as an admin defines it. */
export type Rule = Schemas['AdminRule']

/** RuleSource is who may send events of a rule's type. */
export type RuleSource = Rule['sources'][number]

/** ResetLink lets one person set a new password, once. */
export type ResetLink = Schemas['ResetLink']

/** ChatUsage is what the owner has used of the advisor. */
export type ChatUsage = Schemas['ChatUsage']

/** ChatUsageTotals is what everybody has used. */
export type ChatUsageTotals = Schemas['ChatUsageTotals']

/** UsageSums are answers, tokens and costs under one heading. */
export type UsageSums = Schemas['ChatUsageSums']

/** ChatBudget is what an owner may use in a day. */
export type ChatBudget = Schemas['ChatBudget']

/** OwnerBudget is the budget of one owner. */
export type OwnerBudget = Schemas['ChatOwnerBudget']

/** BudgetInput is what an admin sets of a budget; null is "as without it", 0 is no limit. */
export type BudgetInput = Schemas['ChatBudgetChangeInput']

/** ChatSession is a conversation with the advisor. */
export type ChatSession = Schemas['ChatSession']

/** ChatMessage is one stored message; `run_id` names the run that wrote an answer. */
export type ChatMessage = Schemas['ChatMessage']

/** FoundSession is a conversation that a search found. */
export type FoundSession = Schemas['ChatSearchResult']

/** Highlight is a place in a text, in characters (code points). */
export type Highlight = Schemas['ChatHighlight']

/** MessageFeedback is what an owner says of an answer. */
export type MessageFeedback = Schemas['ChatMessageFeedback']

/** AdminFeedback is what somebody said of some answer, as admins see it. */
export type AdminFeedback = Schemas['AdminChatFeedback']

/** PersonalKey is a key for programs of the person's own; the key itself is not among it. */
export type PersonalKey = Schemas['PersonalKey']

/** NewPersonalKey is a key just made, with the key itself. */
export type NewPersonalKey = Schemas['NewPersonalKey']

/** Fact is something that the advisor remembers for a business. */
export type Fact = Schemas['AdvisorFact']

/** FactInput is what an owner writes of a fact. */
export type FactInput = Pick<Fact, 'content' | 'kind'>

/** Definitions are the three kinds of things that an admin defines, by the path that serves them, with what may be set of each. */
export type Definitions = {
  '/admin/business/levels': { shown: Schemas['AdminLevel']; input: Schemas['LevelInput'] }
  '/admin/gamification/achievements': { shown: Schemas['AdminAchievement']; input: Schemas['AchievementInput'] }
  '/admin/gamification/rules': { shown: Rule; input: Schemas['RuleInput'] }
}
