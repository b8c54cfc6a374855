import { and, desc, eq, lt, sql } from 'drizzle-orm'
import { newId } from '../../platform/ids.ts'
import { problem } from '../../platform/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { oneLine } from '../../platform/text.ts'
import { lockUser } from '../auth/index.ts'
import { factKey } from './fact-key.ts'
import { businessFacts } from './schema.ts'

/** FACTS_PER_BUSINESS is how many facts are kept of one business. */
export const FACTS_PER_BUSINESS = 100

/** factText is one fact as it is kept: a cleaned line of 1 to 500 characters. */
export const factText = oneLine(1, 500)

/** Fact is something that the advisor remembers for a business; see `businessFacts` for what the fields mean. */
export type Fact = Omit<typeof businessFacts.$inferSelect, 'userId' | 'contentKey'>

/** FactKind is what a fact is about. */
export type FactKind = Fact['kind']

/** FactOrigin is what is known of a fact beside its words; told by the model and about the business when not said. */
export type FactOrigin = Partial<Pick<Fact, 'kind' | 'source'>>

/** Owner names the user and the business of a run. Who may act for the business has been decided before. */
export type Owner = { userId: string; businessId: string }

/** FactStore is the advisor's long-term memory of businesses. */
export type FactStore = ReturnType<typeof createFactStore>

/** AdvisorMemory is what the advisor itself does with the FactStore. */
export type AdvisorMemory = Pick<FactStore, 'remember' | 'list' | 'forget'>

const columns = {
  id: businessFacts.id,
  businessId: businessFacts.businessId,
  content: businessFacts.content,
  kind: businessFacts.kind,
  source: businessFacts.source,
  createdAt: businessFacts.createdAt,
  updatedAt: businessFacts.updatedAt,
}

/** createFactStore makes the FactStore over `business_facts`. */
export function createFactStore({ db, clock }: { db: Database; clock: Clock }) {
  const newest = db
    .select(columns)
    .from(businessFacts)
    .where(eq(businessFacts.businessId, sql.placeholder('businessId')))
    .orderBy(desc(businessFacts.id))
    .limit(FACTS_PER_BUSINESS)
    .prepare('newest_facts')

  async function findSame(tx: Transaction, businessId: string, contentKey: string): Promise<Fact | undefined> {
    const [same] = await tx
      .select(columns)
      .from(businessFacts)
      .where(and(eq(businessFacts.businessId, businessId), eq(businessFacts.contentKey, contentKey)))
    return same
  }

  return {
    /**
     * remember keeps a fact; one that says the same as a known one is not kept twice, the known one is returned as it
     * is. Throws 409 `too_many_facts` when the business has 100 already, 401 when the account is gone.
     */
    async remember(owner: Owner, text: string, origin: FactOrigin = {}): Promise<{ fact: Fact; isNew: boolean }> {
      const content = factText.parse(text)
      const { kind = 'business', source = 'advisor' } = origin
      return db.transaction(async (tx) => {
        if (!(await lockUser(tx, owner.userId))) throw problem.unauthorized()
        await lockFacts(tx, owner.businessId)
        const contentKey = factKey(content)
        const known = await findSame(tx, owner.businessId, contentKey)
        if (known) return { fact: known, isNew: false }
        if ((await tx.$count(businessFacts, eq(businessFacts.businessId, owner.businessId))) >= FACTS_PER_BUSINESS) {
          throw problem.conflict('too_many_facts', `At most ${FACTS_PER_BUSINESS} facts are kept of a business.`)
        }
        const now = clock.now()
        const { businessId, userId } = owner
        const fact = { id: newId(), businessId, content, kind, source, createdAt: now, updatedAt: now }
        await tx.insert(businessFacts).values({ ...fact, userId, contentKey })
        return { fact, isNew: true }
      })
    },

    /** forget deletes the fact of a business that says the same as the text and returns it, undefined without one. */
    async forget(businessId: string, text: string): Promise<Fact | undefined> {
      const [gone] = await db
        .delete(businessFacts)
        .where(and(eq(businessFacts.businessId, businessId), eq(businessFacts.contentKey, factKey(text))))
        .returning(columns)
      return gone
    },

    /** list answers every fact of the business, newest first. */
    list: (businessId: string): Promise<Fact[]> => newest.execute({ businessId }),

    /** page answers at most `limit` facts of the business, newest first, those before an id when one is given. */
    page,

    /** find answers one fact, whosever it is. */
    async find(id: string): Promise<Fact | undefined> {
      const [fact] = await db.select(columns).from(businessFacts).where(eq(businessFacts.id, id))
      return fact
    },

    /**
     * change gives a fact other words or another kind and returns it, undefined when it is gone; whoever changes the
     * words is its source from then on. Throws 409 `fact_known` when another fact of the business says the same.
     */
    async change(
      fact: Pick<Fact, 'id' | 'businessId'>,
      changes: { content?: string | undefined; kind?: FactKind | undefined },
    ): Promise<Fact | undefined> {
      const content = changes.content === undefined ? undefined : factText.parse(changes.content)
      const contentKey = content === undefined ? undefined : factKey(content)
      return db.transaction(async (tx) => {
        await lockFacts(tx, fact.businessId)
        const same = contentKey === undefined ? undefined : await findSame(tx, fact.businessId, contentKey)
        if (same && same.id !== fact.id) throw problem.conflict('fact_known', 'Another fact says the same already.')
        const source = content === undefined ? undefined : ('owner' as const)
        const [changed] = await tx
          .update(businessFacts)
          .set({ content, contentKey, source, kind: changes.kind, updatedAt: clock.now() })
          .where(eq(businessFacts.id, fact.id))
          .returning(columns)
        return changed
      })
    },

    /** remove deletes a fact and tells whether it was there. */
    async remove(id: string): Promise<boolean> {
      const gone = await db.delete(businessFacts).where(eq(businessFacts.id, id)).returning({ id: businessFacts.id })
      return gone.length > 0
    },
  }

  async function page(query: { businessId: string; limit: number; before: string | undefined }): Promise<Fact[]> {
    const { businessId, limit, before } = query
    return db
      .select(columns)
      .from(businessFacts)
      .where(
        and(eq(businessFacts.businessId, businessId), before === undefined ? undefined : lt(businessFacts.id, before)),
      )
      .orderBy(desc(businessFacts.id))
      .limit(limit)
  }
}

// One writer at a time for a business, or two could both be the hundredth.
async function lockFacts(tx: Transaction, businessId: string): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`facts ${businessId}`}, 0))`)
}
