import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { pageQuery, sendPage } from '../../platform/http/paging.ts'
import { callerOf } from './access-guard.ts'
import { idParams } from './dto.ts'
import { apiKeySchema, createKeyBody, newApiKeySchema } from './key-dto.ts'
import type { KeyService } from './key-service.ts'

/** keyRoutes serves the administration of API keys. */
export function keyRoutes({ service }: { service: KeyService }) {
  const tags = ['Admin']
  return async (app: App): Promise<void> => {
    app.post(
      '/admin/api-keys',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          summary: 'Make an API key',
          description: 'The key is shown in this answer and never again.',
          body: createKeyBody,
          response: { 201: newApiKeySchema },
        },
      },
      async (request, reply) => {
        const created = await service.createKey(callerOf(request).userId, request.body)
        return reply.code(201).header('cache-control', 'no-store').send(created)
      },
    )

    app.get(
      '/admin/api-keys',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          summary: 'API keys, newest first',
          querystring: pageQuery,
          response: { 200: z.array(apiKeySchema) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listKeys(request.query)),
    )

    app.delete(
      '/admin/api-keys/:id',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          summary: 'Revoke an API key',
          description:
            'It stops working at once here and within seconds at other instances. Its business links go with it.',
          params: idParams,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        await service.revokeKey(callerOf(request).userId, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
