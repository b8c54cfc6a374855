import { and, asc, desc, eq, inArray, isNull, lt, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { businessStandings } from '../business/index.ts'
import {
  achievements,
  definitionVersions,
  events,
  ledgerEntries,
  outbox,
  pointRules,
  userAchievements,
} from './schema.ts'

type Outbox = typeof outbox.$inferSelect
type LedgerEntry = typeof ledgerEntries.$inferSelect

// Of the newest entries of a business, so many are looked through for an event that was just recorded.
const NEWEST = 200

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

    /** entryOf is one ledger entry with its event, the version of the rule that made it, and the entry that it takes back. */
    async entryOf(id: string) {
      const reversedEntry = alias(ledgerEntries, 'reversed_entry')
      const reversedEvent = alias(events, 'reversed_event')
      const [found] = await db
        .select({
          entry: ledgerEntries,
          event: { source: events.source, day: events.day },
          definition: definitionVersions.content,
          reversed: { type: reversedEntry.type, points: reversedEntry.points, day: reversedEvent.day },
        })
        .from(ledgerEntries)
        .innerJoin(events, eq(events.id, ledgerEntries.eventId))
        .leftJoin(
          definitionVersions,
          and(
            eq(definitionVersions.definitionId, ledgerEntries.ruleId),
            eq(definitionVersions.version, ledgerEntries.ruleVersion),
          ),
        )
        .leftJoin(reversedEntry, eq(reversedEntry.id, ledgerEntries.reversesId))
        .leftJoin(reversedEvent, eq(reversedEvent.id, reversedEntry.eventId))
        .where(eq(ledgerEntries.id, id))
      if (!found) return undefined
      const { type, points, day } = found.reversed
      return { ...found, reversed: type !== null && points !== null && day !== null ? { type, points, day } : null }
    },

    /** earnedBefore is what the rule of an entry had given its business on the same day before it. */
    async earnedBefore({ entry, event }: { entry: LedgerEntry; event: { day: string } }): Promise<number> {
      if (entry.ruleId === null) return 0
      const [sum] = await db
        .select({ points: sql<number>`coalesce(sum(${ledgerEntries.points}), 0)::integer` })
        .from(ledgerEntries)
        .innerJoin(events, eq(events.id, ledgerEntries.eventId))
        .where(
          and(
            eq(ledgerEntries.businessId, entry.businessId),
            lt(ledgerEntries.sequence, entry.sequence),
            eq(ledgerEntries.ruleId, entry.ruleId),
            isNull(ledgerEntries.reversesId),
            eq(events.day, event.day),
          ),
        )
      return sum?.points ?? 0
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
     * newsOf reads what others may hear of an event, in order; nothing for one that awarded nothing, and for one that is not
     * among the business's newest. Example row: `{kind: 'points', payload: {event_id: …, points: 10, …}}`.
     */
    async newsOf(businessId: string, eventId: string): Promise<{ kind: Outbox['kind']; payload: unknown }[]> {
      const recent = db
        .select({ sequence: ledgerEntries.sequence, eventId: ledgerEntries.eventId })
        .from(ledgerEntries)
        .where(eq(ledgerEntries.businessId, businessId))
        .orderBy(desc(ledgerEntries.sequence))
        .limit(NEWEST)
        .as('recent')
      return db
        .select({ kind: outbox.kind, payload: outbox.payload })
        .from(outbox)
        .innerJoin(recent, eq(recent.sequence, outbox.sequence))
        .where(and(eq(outbox.businessId, businessId), eq(recent.eventId, eventId)))
        .orderBy(asc(outbox.position))
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
