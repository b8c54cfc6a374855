import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { sendPage } from '../../platform/http/paging.ts'
import { callerOf } from '../auth/index.ts'
import type { BusinessAdminService } from './admin-service.ts'
import { adminBusinessesQuery, adminProfileSchema, adminUpdateBody, idParams } from './dto.ts'

/** businessAdminRoutes serves the administration of businesses. */
export function businessAdminRoutes({ service }: { service: BusinessAdminService }) {
  const tags = ['Admin']
  const config = { access: 'admin' as const }
  return async (app: App): Promise<void> => {
    app.get(
      '/admin/businesses',
      {
        config,
        schema: {
          tags,
          summary: 'Businesses with their owners, newest first',
          querystring: adminBusinessesQuery,
          response: { 200: z.array(adminProfileSchema) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listBusinesses(request.query)),
    )

    app.patch(
      '/admin/businesses/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change how a business stands on the board',
          params: idParams,
          body: adminUpdateBody,
          response: { 200: adminProfileSchema },
        },
      },
      async (request) =>
        service.updateBusiness({
          actorId: callerOf(request).userId,
          businessId: request.params.id,
          visibility: request.body.board_visibility,
        }),
    )
  }
}
