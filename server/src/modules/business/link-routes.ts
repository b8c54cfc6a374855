import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { keyOf } from '../auth/index.ts'
import { linkBody, linkParams, linkSchema } from './link-dto.ts'
import type { LinkService } from './link-service.ts'

const tags = ['Integrations']
const config = { access: 'key', keyScope: 'links:write' } as const

/** linkRoutes let integrators name businesses by ids of their own. */
export function linkRoutes({ service }: { service: LinkService }) {
  return async (app: App): Promise<void> => {
    app.put(
      '/business-links/:external_id',
      {
        config,
        schema: {
          tags,
          summary: 'Let an id of your own stand for a business',
          description:
            'Once: the same again changes nothing, another business is 409. Links belong to the API key that made them.',
          params: linkParams,
          body: linkBody,
          response: { 200: linkSchema },
        },
      },
      (request) =>
        service.link({
          apiKeyId: keyOf(request).keyId,
          externalId: request.params.external_id,
          businessId: request.body.business_id,
        }),
    )

    app.get(
      '/business-links/:external_id',
      {
        config,
        schema: {
          tags,
          summary: 'The business that an id of your own stands for',
          params: linkParams,
          response: { 200: linkSchema },
        },
      },
      (request) => service.findLink({ apiKeyId: keyOf(request).keyId, externalId: request.params.external_id }),
    )

    app.delete(
      '/business-links/:external_id',
      {
        config,
        schema: { tags, summary: 'Remove a link', params: linkParams, response: { 204: z.null() } },
      },
      async (request, reply) => {
        await service.unlink({ apiKeyId: keyOf(request).keyId, externalId: request.params.external_id })
        return reply.code(204).send(null)
      },
    )
  }
}
