import { problem } from '../../platform/errors.ts'
import { type Page, pageOf } from '../../platform/http/paging.ts'
import type { OwnBusinesses } from './dependencies.ts'
import type { Fact, FactKind, FactStore } from './facts.ts'

/** MemoryService is what owners see and change of what the advisor remembers. A fact of somebody else's is 404. */
export type MemoryService = ReturnType<typeof createMemoryService>

/** createMemoryService wires the facts to the one that decides whose a business is. */
export function createMemoryService({ facts, business }: { facts: FactStore; business: OwnBusinesses }) {
  async function ownFact(userId: string, id: string): Promise<Fact> {
    const fact = await facts.find(id)
    if (!fact) throw problem.notFound()
    await business.businessFor(userId, fact.businessId)
    return fact
  }

  return {
    /** listFacts pages through what is remembered for a business (the caller's first without one), newest first. */
    async listFacts(
      userId: string,
      query: { businessId: string | undefined; limit: number; before: string | undefined },
    ): Promise<Page<Fact>> {
      const { id: businessId } = await business.businessFor(userId, query.businessId)
      const rows = await facts.page({ businessId, limit: query.limit + 1, before: query.before })
      return pageOf(rows, query.limit, (last) => ({ id: last.id }))
    },

    /** addFact keeps a fact that the owner writes by hand; one that is known already is returned as it is. */
    async addFact(
      userId: string,
      fact: { businessId: string | undefined; content: string; kind: FactKind },
    ): Promise<{ fact: Fact; isNew: boolean }> {
      const { id: businessId } = await business.businessFor(userId, fact.businessId)
      return facts.remember({ userId, businessId }, fact.content, { kind: fact.kind, source: 'owner' })
    },

    /** changeFact gives a fact other words or another kind; 409 `fact_known` when another one says the same. */
    async changeFact(
      userId: string,
      id: string,
      changes: { content?: string | undefined; kind?: FactKind | undefined },
    ): Promise<Fact> {
      const fact = await ownFact(userId, id)
      if (changes.content === undefined && changes.kind === undefined) return fact
      const changed = await facts.change(fact, changes)
      if (!changed) throw problem.notFound()
      return changed
    },

    /** deleteFact has the advisor forget a fact. */
    async deleteFact(userId: string, id: string): Promise<void> {
      const fact = await ownFact(userId, id)
      if (!(await facts.remove(fact.id))) throw problem.notFound()
    },
  }
}
