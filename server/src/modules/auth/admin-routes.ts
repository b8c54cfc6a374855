import { z } from 'zod'
import { problem } from '../../platform/errors.ts'
import type { App } from '../../platform/http/app-types.ts'
import { sendPage } from '../../platform/http/paging.ts'
import { callerOf } from './access-guard.ts'
import type { AuthAdminService } from './admin-service.ts'
import { adminUserSchema, idParams, resetLinkSchema, updateUserBody, usersQuery } from './dto.ts'

/** authAdminRoutes serves the administration of accounts. */
export function authAdminRoutes({ service }: { service: AuthAdminService }) {
  const tags = ['Admin']
  return async (app: App): Promise<void> => {
    app.get(
      '/admin/users',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          summary: 'People, newest first',
          querystring: usersQuery,
          response: { 200: z.array(adminUserSchema) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listUsers(request.query)),
    )

    app.patch(
      '/admin/users/:id',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          summary: "Change somebody's role, or disable them",
          params: idParams,
          body: updateUserBody,
          response: { 200: adminUserSchema },
        },
      },
      async (request) => {
        const { role, disabled } = request.body
        return service.updateUser({ actorId: callerOf(request).userId, userId: request.params.id, role, disabled })
      },
    )

    app.post(
      '/admin/users/:id/reset-link',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          summary: 'Make a link for a new password',
          description: 'Good once, for one hour; shown once. An earlier link of the same person holds no longer.',
          params: idParams,
          response: { 201: resetLinkSchema },
        },
      },
      async (request, reply) => {
        const actorId = callerOf(request).userId
        const origin = `${request.protocol}://${request.host}`
        if (!URL.canParse(origin)) throw problem.badRequest('malformed_host', 'The Host header is no host.')
        return reply.code(201).send(await service.createResetLink({ actorId, userId: request.params.id, origin }))
      },
    )
  }
}
