import { and, desc, eq, sql } from 'drizzle-orm'
import { newId } from '../../platform/ids.ts'
import { problem } from '../../platform/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import { oneLine } from '../../platform/text.ts'
import { businessFacts } from './schema.ts'

/** FACTS_PER_BUSINESS is how many facts are kept of one business. */
export const FACTS_PER_BUSINESS = 100

/** factText is one fact as it is kept: a cleaned line of 1 to 500 characters. */
export const factText = oneLine(1, 500)

/** Fact is something that the advisor was told to remember about a business. */
export type Fact = { id: string; content: string; createdAt: Date }

/** Owner names the user and the business of a run. Who may act for the business has been decided before. */
export type Owner = { userId: string; businessId: string }

/** FactStore is the advisor's long-term memory of businesses. */
export type FactStore = ReturnType<typeof createFactStore>

/** createFactStore makes the FactStore over `business_facts`. */
export function createFactStore({ db, clock }: { db: Database; clock: Clock }) {
  return {
    /**
     * remember keeps a fact; one told before (compared without case) is not kept twice but returned as it is. Throws
     * 409 `too_many_facts` when the business has 100 already.
     */
    async remember(owner: Owner, text: string): Promise<{ fact: Fact; isNew: boolean }> {
      const content = factText.parse(text)
      return db.transaction(async (tx) => {
        // One at a time for a business, or two could both be the hundredth.
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`facts ${owner.businessId}`}, 0))`)
        const ofBusiness = eq(businessFacts.businessId, owner.businessId)
        const same = and(ofBusiness, sql`md5(lower(${businessFacts.content})) = md5(lower(${content}))`)
        const [known] = await tx.select().from(businessFacts).where(same).limit(1)
        if (known) return { fact: known, isNew: false }
        if ((await tx.$count(businessFacts, ofBusiness)) >= FACTS_PER_BUSINESS) {
          throw problem.conflict('too_many_facts', `At most ${FACTS_PER_BUSINESS} facts are kept of a business.`)
        }
        const now = clock.now()
        const fact = { id: newId(), content, createdAt: now }
        await tx.insert(businessFacts).values({ ...fact, ...owner, updatedAt: now })
        return { fact, isNew: true }
      })
    },

    /** list answers every fact of the business, newest first. */
    async list(businessId: string): Promise<Fact[]> {
      return db
        .select({ id: businessFacts.id, content: businessFacts.content, createdAt: businessFacts.createdAt })
        .from(businessFacts)
        .where(eq(businessFacts.businessId, businessId))
        .orderBy(desc(businessFacts.id))
        .limit(FACTS_PER_BUSINESS)
    },
  }
}
