import type { App } from '../../platform/http/app-types.ts'
import { callerOf, updateMeBody } from '../auth/index.ts'
import { meSchema } from './dto.ts'
import type { BusinessService } from './service.ts'

/** meRoutes serves the signed-in person together with their business, which the accounts themselves know nothing of. */
export function meRoutes({ service }: { service: BusinessService }) {
  const tags = ['Auth']
  const config = { access: 'user' as const }
  return async (app: App): Promise<void> => {
    app.get(
      '/auth/me',
      { config, schema: { tags, summary: 'Me and my first business', response: { 200: meSchema } } },
      async (request) => service.me(callerOf(request).userId),
    )

    app.patch(
      '/auth/me',
      {
        config,
        schema: { tags, summary: 'Change my name or language', body: updateMeBody, response: { 200: meSchema } },
      },
      async (request) => service.updateMe(callerOf(request).userId, request.body),
    )
  }
}
