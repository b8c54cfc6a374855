import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { idOfCursor, sendPage } from '../../platform/http/paging.ts'
import { idSchema } from '../../platform/text.ts'
import { callerOf } from '../auth/index.ts'
import { factChanges, factDto, factsQuery, newFactBody, toFactDto } from './dto.ts'
import type { MemoryService } from './memory-service.ts'

const config = { access: 'user' } as const
const tags = ['Advisor']
const params = z.object({ id: idSchema })

/** agentRoutes are what the advisor remembers, for the owners whom it remembers it for. */
export function agentRoutes({ memory }: { memory: MemoryService }) {
  return async (app: App): Promise<void> => {
    app.get(
      '/advisor/facts',
      {
        config,
        schema: {
          tags,
          summary: 'What the advisor remembers for a business, newest first',
          querystring: factsQuery,
          response: { 200: z.array(factDto) },
        },
      },
      async (request, reply) => {
        const { business_id: businessId, limit, cursor } = request.query
        const before = idOfCursor(cursor)
        const page = await memory.listFacts(callerOf(request).userId, { businessId, limit, before })
        return sendPage(request, reply, { ...page, items: page.items.map(toFactDto) })
      },
    )

    app.post(
      '/advisor/facts',
      {
        config,
        schema: {
          tags,
          summary: 'Have the advisor remember a fact',
          description:
            'One that says the same as a known fact, whatever its case and punctuation, is not kept twice: the known one ' +
            'is answered with 200. A business has at most 100 facts (409 `too_many_facts`).',
          body: newFactBody,
          response: { 200: factDto, 201: factDto },
        },
      },
      async (request, reply) => {
        const { content, kind, business_id } = request.body
        const added = { businessId: business_id ?? undefined, content, kind }
        const { fact, isNew } = await memory.addFact(callerOf(request).userId, added)
        return reply.code(isNew ? 201 : 200).send(toFactDto(fact))
      },
    )

    app.patch(
      '/advisor/facts/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change a fact',
          description: 'Refused with 409 `fact_known` when another fact of the business says the same.',
          params,
          body: factChanges,
          response: { 200: factDto },
        },
      },
      async (request) => toFactDto(await memory.changeFact(callerOf(request).userId, request.params.id, request.body)),
    )

    app.delete(
      '/advisor/facts/:id',
      { config, schema: { tags, summary: 'Have the advisor forget a fact', params, response: { 204: z.null() } } },
      async (request, reply) => {
        await memory.deleteFact(callerOf(request).userId, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
