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
