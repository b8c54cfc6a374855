import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { pageQuery, sendPage } from '../../platform/http/paging.ts'
import { callerOf } from '../auth/index.ts'
import { businessQuery, createProfileBody, levelSchema, profileSchema, updateProfileBody } from './dto.ts'
import type { BusinessService } from './service.ts'

/** businessRoutes serves the caller's own businesses and the levels. */
export function businessRoutes({ service }: { service: BusinessService }) {
  const tags = ['Business']
  const config = { access: 'user' as const }
  return async (app: App): Promise<void> => {
    app.post(
      '/business/profile',
      {
        config,
        schema: {
          tags,
          summary: 'Describe a business',
          description: 'A person may have up to 20 businesses.',
          body: createProfileBody,
          response: { 201: profileSchema },
        },
      },
      async (request, reply) =>
        reply.code(201).send(await service.createProfile(callerOf(request).userId, request.body)),
    )

    app.get(
      '/business/profile',
      {
        config,
        schema: { tags, summary: 'My business', querystring: businessQuery, response: { 200: profileSchema } },
      },
      async (request) => service.profileFor(callerOf(request).userId, request.query.business_id),
    )

    app.patch(
      '/business/profile',
      {
        config,
        schema: {
          tags,
          summary: 'Change my business',
          description: 'Any subset of the fields. Null takes an optional one away; an address is replaced as a whole.',
          querystring: businessQuery,
          body: updateProfileBody,
          response: { 200: profileSchema },
        },
      },
      async (request) => service.updateProfile(callerOf(request).userId, request.query.business_id, request.body),
    )

    app.get(
      '/business/profiles',
      {
        config,
        schema: {
          tags,
          summary: 'All of my businesses, newest first',
          querystring: pageQuery,
          response: { 200: z.array(profileSchema) },
        },
      },
      async (request, reply) =>
        sendPage(request, reply, await service.listProfiles(callerOf(request).userId, request.query)),
    )

    app.get(
      '/business/levels',
      {
        config,
        schema: {
          tags,
          summary: 'The levels, by the points they ask for',
          querystring: pageQuery,
          response: { 200: z.array(levelSchema) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listLevels(request.query)),
    )
  }
}
