import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { pageQuery, sendPage } from '../../platform/http/paging.ts'
import { idSchema } from '../../platform/text.ts'
import { callerOf } from '../auth/index.ts'
import { createPersonalKeyBody, newPersonalKeySchema, personalKeySchema } from './personal-key-dto.ts'
import type { PersonalKeyService } from './personal-key-service.ts'

const access = { access: 'user' } as const
const tags = ['Personal keys']

/** personalKeyRoutes let owners make, see and revoke the keys of their own programs. No key opens them. */
export function personalKeyRoutes({ service }: { service: PersonalKeyService }) {
  return async (app: App): Promise<void> => {
    app.post(
      '/personal-keys',
      {
        config: access,
        schema: {
          tags,
          summary: 'Make a personal key',
          description:
            'It lets a program of yours use the advisor for one business: chat clients, and agents over MCP. The key is ' +
            'shown in this answer and never again. At most 20 at once: 409 `too_many_keys`.',
          body: createPersonalKeyBody,
          response: { 201: newPersonalKeySchema },
        },
      },
      async (request, reply) => {
        const created = await service.createKey(callerOf(request).userId, request.body)
        return reply.code(201).header('cache-control', 'no-store').send(created)
      },
    )

    app.get(
      '/personal-keys',
      {
        config: access,
        schema: {
          tags,
          summary: 'My personal keys, newest first',
          querystring: pageQuery,
          response: { 200: z.array(personalKeySchema) },
        },
      },
      async (request, reply) =>
        sendPage(request, reply, await service.listKeys(callerOf(request).userId, request.query)),
    )

    app.delete(
      '/personal-keys/:id',
      {
        config: access,
        schema: {
          tags,
          summary: 'Revoke a personal key',
          description: 'It stops working at once.',
          params: z.object({ id: idSchema }),
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
