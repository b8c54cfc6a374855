import { and, asc, desc, eq, inArray, isNull, lt, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { businessStandings } from '../business/index.ts'
import { achievements, events, ledgerEntries, pointRules, userAchievements } from './schema.ts'

/** createRepository reads and tidies the game's tables. */
export function createRepository(db: Database) {
  return {
    /** achievementsOf lists every achievement, easiest first, with when this business unlocked it. */
    achievementsOf(businessId: string) {
      return db
        .select({
          id: achievements.id,
          title: achievements.title,
          description: achievements.description,
          requiredPoints: achievements.requiredPoints,
          badgeIcon: achievements.badgeIcon,
          createdAt: achievements.createdAt,
          unlockedAt: userAchievements.unlockedAt,
          totalPoints: businessStandings.totalPoints,
        })
        .from(achievements)
        .innerJoin(businessStandings, eq(businessStandings.businessId, businessId))
        .leftJoin(
          userAchievements,
          and(eq(userAchievements.achievementId, achievements.id), eq(userAchievements.businessId, businessId)),
        )
        .where(isNull(achievements.deletedAt))
        .orderBy(asc(achievements.requiredPoints), asc(achievements.id))
    },

    /** ledgerOf is the business's ledger, newest first, older than the given sequence. */
    ledgerOf(businessId: string, { before, limit }: { before?: number | undefined; limit: number }) {
      return db
        .select()
        .from(ledgerEntries)
        .where(
          and(
            eq(ledgerEntries.businessId, businessId),
            before === undefined ? undefined : lt(ledgerEntries.sequence, before),
          ),
        )
        .orderBy(desc(ledgerEntries.sequence))
        .limit(limit)
    },

    /** earnableRules are the active rules that are open to owners. */
    earnableRules() {
      return db
        .select({
          type: pointRules.type,
          points: pointRules.points,
          dailyCap: pointRules.dailyCap,
          cooldownSeconds: pointRules.cooldownSeconds,
        })
        .from(pointRules)
        .where(and(isNull(pointRules.deletedAt), pointRules.active, sql`'owner' = ANY (${pointRules.sources})`))
        .orderBy(asc(pointRules.createdAt), asc(pointRules.id))
    },

    /**
     * forgetWords drops what a person wrote into the events of their businesses: metadata, and nothing that counts. It
     * holds the standings, as an award does, so that none that is under way can add words behind it.
     */
    async forgetWords(tx: Transaction, businessIds: string[]): Promise<void> {
      await tx
        .select({ id: businessStandings.businessId })
        .from(businessStandings)
        .where(inArray(businessStandings.businessId, businessIds))
        .orderBy(asc(businessStandings.businessId))
        .for('no key update')
      await tx.update(events).set({ metadata: null }).where(inArray(events.businessId, businessIds))
    },
  }
}

export type Repository = ReturnType<typeof createRepository>
