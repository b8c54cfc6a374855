import type { Profile } from '../business/index.ts'
import type { News } from '../gamification/index.ts'

/** BusinessAccess is what the advisor needs of the business module: it throws 404 when the business is not the user's. */
export type BusinessAccess = { businessFor(userId: string, businessId: string): Promise<unknown> }

/** OwnBusinesses answers the business that a user may act for, their first when none is named; 404 otherwise. */
export type OwnBusinesses = { businessFor(userId: string, businessId?: string): Promise<{ id: string }> }

type Rung = { name: string; icon: string | null; requiredPoints: number }

type Place = {
  totalPoints: number
  level: Rung | null
  nextLevel: Rung | null
  pointsToNextLevel: number | null
  /** Null for a business that is on no board. */
  rank: number | null
  /** How many businesses are on the board. */
  ranked: number
  pointsToNextRank: number | null
}

/** Standings is what the advisor needs of the gamification module, all of it about one business. */
export type Standings = {
  standingOf(businessId: string): Promise<Place & { leadOverNextRank: number | null }>
  /** Where the business would stand with so many more points, if all others stayed where they are. */
  standingWith(businessId: string, morePoints: number): Promise<Place>
  achievementsOf(businessId: string): Promise<
    {
      title: string
      description: string
      requiredPoints: number
      isUnlocked: boolean
      unlockedAt: Date | string | null
      progress: number
    }[]
  >
  /** The newest entries of the business's ledger, newest first. */
  recentPoints(
    businessId: string,
    limit: number,
  ): Promise<{ type: string; points: number; totalAfter: number; reason: string | null; createdAt: Date }[]>
  earnableRules(): Promise<{ type: string; points: number; dailyCap: number | null; cooldownSeconds: number | null }[]>
}

/** EventRecorder is what the advisor needs to record events in the name of an owner, who has agreed. */
export type EventRecorder = {
  /** Records an event by its rule, as its owner would; the same key again answers the same with `replayed`. */
  recordEvent(
    userId: string,
    event: { type: string; business_id: string; idempotency_key: string; metadata?: Record<string, unknown> },
  ): Promise<{
    event_id: string
    points_awarded: number
    total_points: number
    level: { name: string } | null
    levels_gained: string[]
    unlocked: string[]
    reason?: string | undefined
    replayed: boolean
  }>
  /** What an event was worth telling, as the live feed tells it; nothing where it awarded nothing. */
  newsOf(businessId: string, eventId: string): Promise<News[]>
}

/** ProfileEditor is what the advisor needs to change what an owner says of a business, with their consent. */
export type ProfileEditor = {
  profileFor(userId: string, businessId: string): Promise<ProfileFields>
  updateProfile(userId: string, businessId: string, changes: Partial<ProfileFields>): Promise<ProfileFields>
}

type ProfileFields = Pick<
  Profile,
  | 'business_name'
  | 'business_category'
  | 'business_description'
  | 'address'
  | 'business_stage'
  | 'target_market'
  | 'primary_goal'
  | 'time_zone'
  | 'currency'
  | 'board_visibility'
>
